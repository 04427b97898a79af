// Back-propagation through a tile. A phase does all that can be done between two meetings of the block; each element of the
// gradient has one lane to add it up, so that the order of every sum is fixed.
#pragma once
#include "forward.h"

namespace mmg {
namespace gpu {

struct Gradient {
  float* p;
  bool fresh;  // the first tile's sets, the others' add
  MMG_FN void add(int e, float v) const { p[e] = fresh ? v : p[e] + v; }
};

// Of one matrix (k, n) at `first`, left (k, rows) times d (rows, n).
template <class P, class Warp, class A, class D>
MMG_FN void outer(const Warp& warp, int k, int n, int rows, const A& left, const D& d, const Gradient& g, int first) {
  product<1>(
      warp, k, n, [&](int r, int c, auto& sums) { P::add(warp, left, d, rows, r, c, sums[0]); },
      [&](int r, int c, const float* v) { g.add(first + r * n + c, v[0]); });
}

// Of one bias at `first`: a warp takes 32 columns, from the last warp on, for the first ones have most of the strips.
template <class Warp, class D>
MMG_FN void column_sums(const Warp& warp, int rows, int n, const D& d, const Gradient& g, int first) {
  warp.lanes([&](int lane, int) {
    for (int c = (warp.count - 1 - warp.index) * kWarp + lane; c < n; c += warp.count * kWarp) {
      float sum = 0.0f;
      for (int r = 0; r < rows; ++r) sum += d(r, c);
      g.add(first + c, sum);
    }
  });
}

// dh (+)= inverse (du - u mean(u du)) with u = h inverse: what reaches layer i's h through its normalisation. What the
// next phases multiply with: dh, and of the block before, its activations and what it was given.
template <class P, class Block>
MMG_FN void normalise_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, int i) {
  using Warp = typename Block::Warp;
  const int width = net.shape.width;
  const bool last = i == net.shape.depth;
  const float *h = t.h[i], *inverse = t.inverse_of(i);
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.rows(); r += warp.count) {
      const int line = r * t.ld;
      float products[Warp::kSlots] = {}, u[kLaneColumns][Warp::kSlots], du[kLaneColumns][Warp::kSlots];
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) {
          u[j][slot] = h[line + c] * inverse[r], du[j][slot] = t.du[line + c];
          products[slot] += u[j][slot] * du[j][slot];
        });
      });
      const float mean = warp.sum(products) / (float)width;
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) {
          const float through = (du[j][slot] - u[j][slot] * mean) * inverse[r],
                      d = last ? through : through + t.dh[line + c];
          t.dh[line + c] = d, t.d[line + c] = P::cell(d);
          if (i == 0) return;
          const float g = P::value(t.gate[i - 1][line + c]), v = P::value(t.value[i - 1][line + c]);
          t.act[line + c] = P::cell(gated(g, P::sigmoid_of(g), v));
          t.u[line + c] = P::cell(t.h[i - 1][line + c] * t.inverse_of(i - 1)[r]);
        });
      });
    }
  });
}

// t.out and t.dout hold d(loss)/d(output) on entry, t.u the last layer's rows.
template <class P, class Block>
MMG_FN void output_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t,
                            const Gradient& g) {
  using Warp = typename Block::Warp;
  const int rows = t.rows(), w = net.shape.width, n = net.shape.noised();
  const Other<P> dout{t.dout, t.ld_out};
  block.warps([&](const Warp& warp) {
    outer<P>(warp, w, n, rows, Wide<P, true>{t.u, t.ld}, OtherRight<P>{t.dout, t.ld_out}, g, net.at.out);
    column_sums(warp, rows, n, [&](int r, int c) { return t.out[r * t.ld_out + c]; }, g, net.at.b_out);
    product<1>(
        warp, rows, w, [&](int r, int c, auto& sums) { P::add(warp, dout, net.output(true), n, r, c, sums[0]); },
        [&](int r, int c, const float* v) { t.du[r * t.ld + c] = v[0]; });
  });
}

// Block i: t.dh is what reaches its output, t.d the same as cells.
template <class P, class Block>
MMG_FN void block_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, int i,
                           const Gradient& g) {
  using Warp = typename Block::Warp;
  const int rows = t.rows(), ld = t.ld, w = net.shape.width;
  const Wide<P> d{t.d, ld};
  const auto *gate = t.gate[i], *value = t.value[i];
  const auto of = [&](const typename P::Cell* p) { return [=](int r, int c) { return P::value(p[r * ld + c]); }; };
  block.warps([&](const Warp& warp) {
    product<1>(
        warp, rows, w, [&](int r, int c, auto& sums) { P::add(warp, d, net.weight(i, 2, true), w, r, c, sums[0]); },
        [&](int r, int c, const float* v) {
          float dg = P::value(gate[r * ld + c]), dv = P::value(value[r * ld + c]);
          gated_backward(v[0], P::sigmoid_of(dg), dg, dv);
          t.dgate[r * ld + c] = P::cell(dg), t.dvalue[r * ld + c] = P::cell(dv);
        });
    outer<P>(warp, w, w, rows, Wide<P, true>{t.act, ld}, WideRight<P>{t.d, ld}, g, net.matrix(i, 2));
    column_sums(warp, rows, w, of(t.d), g, net.bias(i, 2));
  });
  block.warps([&](const Warp& warp) {
    const auto cells = [&](int j) { return j == 0 ? t.dgate : t.dvalue; };
    product<1>(
        warp, rows, w,
        [&](int r, int c, auto& sums) {
          MMG_NO_UNROLL
          for (int j = 0; j < 2; ++j) P::add(warp, Wide<P>{cells(j), ld}, net.weight(i, j, true), w, r, c, sums[0]);
        },
        [&](int r, int c, const float* v) { t.du[r * ld + c] = v[0]; });
    MMG_NO_UNROLL
    for (int j = 0; j < 2; ++j) {
      outer<P>(warp, w, w, rows, Wide<P, true>{t.u, ld}, WideRight<P>{cells(j), ld}, g, net.matrix(i, j));
      column_sums(warp, rows, w, of(cells(j)), g, net.bias(i, j));
    }
  });
}

// The first layer's: what both passes see collects both rows' gradients, added up in t.dgate.
template <class P, class Block>
MMG_FN void input_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const Gradient& g) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int n = t.n, ld = t.ld, w = s.width;
  const auto given = [&](int r, int c) { return t.dh[r * ld + c]; };
  const auto without = [&](int r, int c) { return t.dh[(n + r) * ld + c]; };
  const auto both = [&](int r, int c) { return given(r, c) + without(r, c); };
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < n; r += warp.count)
      warp.lanes([&](int lane, int) {
        for (int c = lane; c < w; c += kWarp) t.dgate[r * ld + c] = P::cell(both(r, c));
      });
  });
  block.warps([&](const Warp& warp) {
    outer<P>(warp, s.shared(), w, n, Other<P, true>{t.shared, t.ld_shared}, WideRight<P>{t.dgate, ld}, g,
             net.at.shared);
    outer<P>(warp, s.cond(), w, n, Other<P, true>{t.cond, t.ld_cond}, WideRight<P>{t.d, ld}, g, net.at.cond);
    column_sums(warp, n, w, both, g, net.at.b_in);
    column_sums(warp, n, w, given, g, net.at.mask);
    column_sums(warp, n, w, without, g, net.at.null);
  });
}

template <class P, class Block>
MMG_FN void backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const Gradient& g) {
  output_backward<P>(block, net, t, g);
  for (int i = net.shape.depth; i >= 0; --i) {
    normalise_backward<P>(block, net, t, i);
    if (i > 0) block_backward<P>(block, net, t, i - 1, g);
  }
  input_backward<P>(block, net, t, g);
}

}  // namespace gpu
}  // namespace mmg

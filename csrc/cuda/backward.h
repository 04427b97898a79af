// Back-propagation through a tile. A phase does all that can be done between two meetings of the thread block; each
// element of the gradient has one lane to add it up, so that the order of every sum is fixed.
#pragma once
#include "forward.h"

namespace mmg {
namespace gpu {

struct Gradient {
  float* p;
  bool fresh;  // true for a thread block's first tile, which overwrites; later tiles add
  MMG_FN void add(int e, float v) const { p[e] = fresh ? v : p[e] + v; }
};

// Adds the gradient of the weight matrix (k, n) that begins at parameter `first`: left (k, rows) times d (rows, n).
template <class P, class Warp, class A, class D>
MMG_FN void outer(const Warp& warp, int k, int n, int rows, const A& left, const D& d, const Gradient& g, int first) {
  const auto fill = [&](const Warp& here, int r, int c, auto& sums) { P::add(here, left, d, rows, r, c, sums[0]); };
  product<1>(warp, k, n, fill, [&](int r, int c, const float* v) { g.add(first + r * n + c, v[0]); });
}

// Adds the gradient of the n biases that begin at parameter `first`: the sums over rows of d(r, c). A warp takes 32
// columns, counted from the last warp on, for the first warps have most of the strips.
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

// Restores what the next phases multiply with: the activations of gated block i and its normalised input, at element
// `at` of row r.
template <class P>
MMG_FN void restore(const Tile<typename P::Element>& t, int i, int r, int at) {
  const float g = P::value(t.gate[i][at]), v = P::value(t.value[i][at]);
  t.act[at] = P::element(gated(g, P::sigmoid_of(g), v));
  t.u[at] = P::element(t.h[i][at] * t.inverse_of(i)[r]);
}

// dh (+)= inverse (du - u mean(u du)) with u = h inverse, for one row: what reaches layer i's h through its
// normalisation.
template <class P, class Warp>
MMG_FN void normalise_row_backward(const Warp& warp, const Shape& s, const Tile<typename P::Element>& t, int i, int r) {
  const bool last = i == s.depth;
  const float *h = t.h[i], *inverse = t.inverse_of(i);
  const int line = r * t.ld;
  float products[Warp::kSlots] = {}, u[kLaneColumns][Warp::kSlots], du[kLaneColumns][Warp::kSlots];
  each_column(warp, s.width, [&](int c, int slot, int j) {
    u[j][slot] = h[line + c] * inverse[r];
    du[j][slot] = t.du[line + c];
    products[slot] += u[j][slot] * du[j][slot];
  });
  const float mean = warp.sum(products) / (float)s.width;
  each_column(warp, s.width, [&](int c, int slot, int j) {
    const float through = (du[j][slot] - u[j][slot] * mean) * inverse[r];
    const float d = last ? through : through + t.dh[line + c];
    t.dh[line + c] = d;
    t.d[line + c] = P::element(d);
    if (i > 0) restore<P>(t, i - 1, r, line + c);
  });
}

template <class P, class ThreadBlock>
MMG_FN void normalise_backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                               int i) {
  each_row(block, t.rows(), [&](const auto& warp, int r) { normalise_row_backward<P>(warp, net.shape, t, i, r); });
}

// On entry t.out and t.dout hold d(loss)/d(output), and t.u the last layer's normalised rows.
template <class P, class ThreadBlock>
MMG_FN void output_backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                            const Gradient& g) {
  using Warp = typename ThreadBlock::Warp;
  const int rows = t.rows(), w = net.shape.width, n = net.shape.noised();
  const Other<P> dout{t.dout, t.ld_out};
  const auto d_output = [&](int r, int c) { return t.out[r * t.ld_out + c]; };
  const auto fill = [&](const Warp& warp, int r, int c, auto& sums) {
    P::add(warp, dout, net.output(true), n, r, c, sums[0]);
  };
  const auto put = [&](int r, int c, const float* v) { t.du[r * t.ld + c] = v[0]; };
  block.warps([&](const Warp& warp) {
    outer<P>(warp, w, n, rows, Wide<P, true>{t.u, t.ld}, OtherRight<P>{t.dout, t.ld_out}, g, net.at.out);
    column_sums(warp, rows, n, d_output, g, net.at.b_out);
    product<1>(warp, rows, w, fill, put);
  });
}

// A view of stored elements as float32 values, f(r, c).
template <class P>
struct Values {
  const typename P::Element* p;
  int ld;
  MMG_FN float operator()(int r, int c) const { return P::value(p[r * ld + c]); }
};

// Gated block i from its output to gate and value: t.d holds d(loss)/d(output), t.dgate and t.dvalue take the result.
template <class P, class ThreadBlock>
MMG_FN void project_down_backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                                  int i, const Gradient& g) {
  using Warp = typename ThreadBlock::Warp;
  const int rows = t.rows(), ld = t.ld, w = net.shape.width;
  const Wide<P> d{t.d, ld};
  const auto *gate = t.gate[i], *value = t.value[i];
  const auto fill = [&](const Warp& warp, int r, int c, auto& sums) {
    P::add(warp, d, net.weight(i, 2, true), w, r, c, sums[0]);
  };
  const auto put = [&](int r, int c, const float* v) {
    float dg = P::value(gate[r * ld + c]), dv = P::value(value[r * ld + c]);
    gated_backward(v[0], P::sigmoid_of(dg), dg, dv);
    t.dgate[r * ld + c] = P::element(dg);
    t.dvalue[r * ld + c] = P::element(dv);
  };
  block.warps([&](const Warp& warp) {
    product<1>(warp, rows, w, fill, put);
    outer<P>(warp, w, w, rows, Wide<P, true>{t.act, ld}, WideRight<P>{t.d, ld}, g, net.matrix(i, 2));
    column_sums(warp, rows, w, Values<P>{t.d, ld}, g, net.bias(i, 2));
  });
}

// Gated block i from gate and value to its normalised input, whose gradient t.du takes.
template <class P, class ThreadBlock>
MMG_FN void gate_and_value_backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                                    int i, const Gradient& g) {
  using Warp = typename ThreadBlock::Warp;
  const int rows = t.rows(), ld = t.ld, w = net.shape.width;
  const auto d_of = [&](int j) { return j == 0 ? t.dgate : t.dvalue; };
  const auto fill = [&](const Warp& warp, int r, int c, auto& sums) {
    MMG_NO_UNROLL
    for (int j = 0; j < 2; ++j) P::add(warp, Wide<P>{d_of(j), ld}, net.weight(i, j, true), w, r, c, sums[0]);
  };
  const auto put = [&](int r, int c, const float* v) { t.du[r * ld + c] = v[0]; };
  block.warps([&](const Warp& warp) {
    product<1>(warp, rows, w, fill, put);
    MMG_NO_UNROLL
    for (int j = 0; j < 2; ++j) {
      outer<P>(warp, w, w, rows, Wide<P, true>{t.u, ld}, WideRight<P>{d_of(j), ld}, g, net.matrix(i, j));
      column_sums(warp, rows, w, Values<P>{d_of(j), ld}, g, net.bias(i, j));
    }
  });
}

// The first layer. Both passes read the shared inputs, so their weights collect the gradients of both rows, added up in
// t.dgate.
template <class P, class ThreadBlock>
MMG_FN void input_backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                           const Gradient& g) {
  using Warp = typename ThreadBlock::Warp;
  const Shape& s = net.shape;
  const int n = t.n, ld = t.ld, w = s.width;
  const auto given = [&](int r, int c) { return t.dh[r * ld + c]; };
  const auto without = [&](int r, int c) { return t.dh[(n + r) * ld + c]; };
  const auto both = [&](int r, int c) { return given(r, c) + without(r, c); };
  each_row(block, n, [&](const Warp& warp, int r) {
    each_lane(warp, w, [&](int c, int) { t.dgate[r * ld + c] = P::element(both(r, c)); });
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

template <class P, class ThreadBlock>
MMG_FN void backward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t,
                     const Gradient& g) {
  output_backward<P>(block, net, t, g);
  for (int i = net.shape.depth; i >= 0; --i) {
    normalise_backward<P>(block, net, t, i);
    if (i == 0) break;
    project_down_backward<P>(block, net, t, i - 1, g);
    gate_and_value_backward<P>(block, net, t, i - 1, g);
  }
  input_backward<P>(block, net, t, g);
}

}  // namespace gpu
}  // namespace mmg

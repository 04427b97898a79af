// The network on a tile, as phases of a thread block.
#pragma once
#include "tile.h"

namespace mmg {
namespace gpu {

// Activations as factors of products: of the network's width, and of another number of columns.
template <class P, bool kTransposed = false>
using Wide = Left<typename P::Element, kTransposed, P::kTensor>;
template <class P, bool kTransposed = false>
using Other = Left<typename P::Element, kTransposed, false>;
template <class P>
using WideRight = Right<typename P::Element, P::kTensor>;
template <class P>
using OtherRight = Right<typename P::Element, false>;

// Columns of a row that a lane takes at most: few, so that what it reads of them stays in registers.
constexpr int kLaneColumns = 8;

// Calls f(column, slot, number) for every column of a row; `number` counts a lane's own columns.
template <class Warp, class F>
MMG_FN void each_column(const Warp& warp, int width, const F& f) {
  warp.lanes([&](int lane, int slot) {
    MMG_UNROLL
    for (int j = 0; j < kLaneColumns; ++j)
      if (lane + j * kWarp < width) f(lane + j * kWarp, slot, j);
  });
}

// Divides row r by its root mean square (Zhang and Sennrich, arXiv 1910.07467), and keeps 1 / rms.
template <class P, class Warp>
MMG_FN void normalise_row(const Warp& warp, int width, const Tile<typename P::Element>& t, int r, const float* h,
                          float* inverse) {
  float square[Warp::kSlots] = {}, own[kLaneColumns][Warp::kSlots];
  each_column(warp, width, [&](int c, int slot, int j) {
    own[j][slot] = h[r * t.ld + c];
    square[slot] += own[j][slot] * own[j][slot];
  });
  const float scale = 1.0f / root(warp.sum(square) / (float)width + 1e-6f);
  each_column(warp, width, [&](int c, int slot, int j) { t.u[r * t.ld + c] = P::element(own[j][slot] * scale); });
  first_lane(warp, [&] { inverse[r] = scale; });
}

template <class P, class ThreadBlock>
MMG_FN void normalise(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t, const float* h,
                      float* inverse) {
  each_row(block, t.rows(),
           [&](const auto& warp, int r) { normalise_row<P>(warp, net.shape.width, t, r, h, inverse); });
}

// Starts to copy the weights that a tile has room for; returns the network that uses them. They are there when the
// phase after the thread block's next fetched() begins.
template <class ThreadBlock, class Element>
MMG_FN Network fetch_weights(const ThreadBlock& block, Network net, const Tile<Element>& t) {
  const int biases = bias_lines(net.shape) * net.shape.width + net.shape.noised();
  block.fetch(t.packed, net.packed, t.copied / 8);
  block.spread(biases, [&](int e) { t.bias[e] = net.bias_value(e); });
  net.fast = t.packed;
  net.copied = t.copied;
  return net;
}

// Computes h[0] of both passes: the shared part and y's part are summed apart, for only the pass given y adds the
// latter.
template <class P, class ThreadBlock>
MMG_FN void first_layer(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t) {
  const Shape& s = net.shape;
  const int w = s.width;
  const float* bias = t.bias;
  const Other<P> shared{t.shared, t.ld_shared}, shared_rest{t.shared_rest, t.ld_shared};
  const Other<P> cond{t.cond, t.ld_cond}, cond_rest{t.cond_rest, t.ld_cond};
  const auto fill = [&](const auto& warp, int r, int c, auto& sums) {
    P::add_split(warp, shared, shared_rest, net.shared_input(), s.shared(), r, c, sums[0]);
    P::add_split(warp, cond, cond_rest, net.cond_input(), s.cond(), r, c, sums[1]);
  };
  product_phase<2>(block, t.n, w, fill, [&](int r, int c, const float* v) {
    const float base = v[0] + bias[c];
    t.h[0][r * t.ld + c] = base + bias[w + c] + v[1];
    t.h[0][(t.n + r) * t.ld + c] = base + bias[2 * w + c];
  });
}

// Computes silu(gate) value of gated block i; in training keeps gate and value for back-propagation.
template <class P, class ThreadBlock>
MMG_FN void gate_and_value(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t, int i,
                           const float* bias, bool training) {
  const int w = net.shape.width, ld = t.ld;
  const Wide<P> u{t.u, ld};
  auto *gate = t.gate[i], *value = t.value[i];
  const auto fill = [&](const auto& warp, int r, int c, auto& sums) {
    P::add(warp, u, net.weight(i, 0, false), w, r, c, sums[0]);
    P::add(warp, u, net.weight(i, 1, false), w, r, c, sums[1]);
  };
  product_phase<2>(block, t.rows(), w, fill, [&](int r, int c, const float* v) {
    const float g = v[0] + bias[c], x = v[1] + bias[w + c];
    t.act[r * ld + c] = P::element(gated(g, P::sigmoid_of(g), x));
    if (training) {
      gate[r * ld + c] = P::element(g);
      value[r * ld + c] = P::element(x);
    }
  });
}

// Adds gated block i's projection of its activations to the residual stream.
template <class P, class ThreadBlock>
MMG_FN void project_down(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t, int i,
                         const float* bias) {
  const int w = net.shape.width, ld = t.ld;
  const float* h = t.h[i];
  float* next = t.h[i + 1];
  const Wide<P> act{t.act, ld};
  const auto fill = [&](const auto& warp, int r, int c, auto& sums) {
    P::add(warp, act, net.weight(i, 2, false), w, r, c, sums[0]);
  };
  product_phase<1>(block, t.rows(), w, fill,
                   [&](int r, int c, const float* v) { next[r * ld + c] = h[r * ld + c] + v[0] + bias[2 * w + c]; });
}

template <class P, class ThreadBlock>
MMG_FN void output_layer(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t) {
  const Shape& s = net.shape;
  const Wide<P> u{t.u, t.ld};
  const auto fill = [&](const auto& warp, int r, int c, auto& sums) {
    P::add(warp, u, net.output(false), s.width, r, c, sums[0]);
  };
  product_phase<1>(block, t.rows(), s.noised(), fill, [&](int r, int c, const float* v) {
    t.out[r * t.ld_out + c] = v[0] + t.bias[bias_lines(s) * s.width + c];
  });
}

template <class P, class ThreadBlock>
MMG_FN void forward(const ThreadBlock& block, const Network& net, const Tile<typename P::Element>& t, bool training) {
  const Shape& s = net.shape;
  first_layer<P>(block, net, t);
  for (int i = 0; i < s.depth; ++i) {
    const float* bias = t.bias + (3 + 3 * i) * s.width;
    normalise<P>(block, net, t, t.h[i], t.inverse_of(i));
    gate_and_value<P>(block, net, t, i, bias, training);
    project_down<P>(block, net, t, i, bias);
  }
  normalise<P>(block, net, t, t.h[s.depth], t.inverse_of(s.depth));
  output_layer<P>(block, net, t);
}

}  // namespace gpu
}  // namespace mmg

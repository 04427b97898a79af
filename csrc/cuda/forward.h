// The network on a tile, as phases of a block.
#pragma once
#include "tile.h"

namespace mmg {
namespace gpu {

// Activations as factors of products: of the block's width, and of another number of columns.
template <class P, bool kTurned = false>
using Wide = Left<typename P::Cell, kTurned, P::kTensor>;
template <class P, bool kTurned = false>
using Other = Left<typename P::Cell, kTurned, false>;
template <class P>
using WideRight = Right<typename P::Cell, P::kTensor>;
template <class P>
using OtherRight = Right<typename P::Cell, false>;

// A lane's columns of a row, f(column, number): so few that what was read of them stays in registers.
constexpr int kLaneColumns = 8;

template <class F>
MMG_FN void columns(int lane, int width, const F& f) {
  MMG_UNROLL
  for (int j = 0; j < kLaneColumns; ++j)
    if (lane + j * kWarp < width) f(lane + j * kWarp, j);
}

// 1 / rms of each row (Zhang and Sennrich, arXiv 1910.07467), and the rows times it.
template <class P, class Block>
MMG_FN void normalise(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const float* h,
                      float* inverse) {
  using Warp = typename Block::Warp;
  const int width = net.shape.width;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.rows(); r += warp.count) {
      float square[Warp::kSlots] = {}, own[kLaneColumns][Warp::kSlots];
      warp.lanes([&](int lane, int slot) {
        columns(lane, width,
                [&](int c, int j) { own[j][slot] = h[r * t.ld + c], square[slot] += own[j][slot] * own[j][slot]; });
      });
      const float scale = 1.0f / root(warp.sum(square) / (float)width + 1e-6f);
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) { t.u[r * t.ld + c] = P::cell(own[j][slot] * scale); });
        if (lane == 0) inverse[r] = scale;
      });
    }
  });
}

// Copies what weights a tile has room for; the network that uses them. They are there when the phase after the block's
// next fetched() begins.
template <class Block, class Cell>
MMG_FN Network fetch_weights(const Block& block, Network net, const Tile<Cell>& t) {
  block.fetch(t.packed, net.packed, t.copied / 8);
  block.spread(bias_lines(net.shape) * net.shape.width + net.shape.noised(),
               [&](int e) { t.bias[e] = net.bias_value(e); });
  net.fast = t.packed, net.copied = t.copied;
  return net;
}

template <class P, class Block>
MMG_FN void first_layer(const Block& block, const Network& net, const Tile<typename P::Cell>& t) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int w = s.width;
  const float* bias = t.bias;
  const Other<P> shared{t.shared, t.ld_shared}, shared_rest{t.shared_rest, t.ld_shared};
  const Other<P> cond{t.cond, t.ld_cond}, cond_rest{t.cond_rest, t.ld_cond};
  block.warps([&](const Warp& warp) {
    product<2>(
        warp, t.n, w,
        [&](int r, int c, auto& sums) {
          P::add_split(warp, shared, shared_rest, net.shared_input(), s.shared(), r, c, sums[0]);
          P::add_split(warp, cond, cond_rest, net.cond_input(), s.cond(), r, c, sums[1]);
        },
        [&](int r, int c, const float* v) {
          const float base = v[0] + bias[c];
          t.h[0][r * t.ld + c] = base + bias[w + c] + v[1];
          t.h[0][(t.n + r) * t.ld + c] = base + bias[2 * w + c];
        });
  });
}

template <class P, class Block>
MMG_FN void forward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, bool training) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int rows = t.rows(), ld = t.ld;
  const Wide<P> u{t.u, ld}, act{t.act, ld};
  first_layer<P>(block, net, t);
  for (int i = 0; i < s.depth; ++i) {
    const float* h = t.h[i];
    auto *gate = t.gate[i], *value = t.value[i];
    float* next = t.h[i + 1];
    const float* bias = t.bias + (3 + 3 * i) * s.width;
    normalise<P>(block, net, t, h, t.inverse_of(i));
    block.warps([&](const Warp& warp) {
      product<2>(
          warp, rows, s.width,
          [&](int r, int c, auto& sums) {
            P::add(warp, u, net.weight(i, 0, false), s.width, r, c, sums[0]);
            P::add(warp, u, net.weight(i, 1, false), s.width, r, c, sums[1]);
          },
          [&](int r, int c, const float* v) {
            const float g = v[0] + bias[c], x = v[1] + bias[s.width + c];
            t.act[r * ld + c] = P::cell(gated(g, P::sigmoid_of(g), x));
            if (training) gate[r * ld + c] = P::cell(g), value[r * ld + c] = P::cell(x);
          });
    });
    block.warps([&](const Warp& warp) {
      product<1>(
          warp, rows, s.width,
          [&](int r, int c, auto& sums) { P::add(warp, act, net.weight(i, 2, false), s.width, r, c, sums[0]); },
          [&](int r, int c, const float* v) { next[r * ld + c] = h[r * ld + c] + v[0] + bias[2 * s.width + c]; });
    });
  }
  normalise<P>(block, net, t, t.h[s.depth], t.inverse_of(s.depth));
  block.warps([&](const Warp& warp) {
    product<1>(
        warp, rows, s.noised(),
        [&](int r, int c, auto& sums) { P::add(warp, u, net.output(false), s.width, r, c, sums[0]); },
        [&](int r, int c, const float* v) { t.out[r * t.ld_out + c] = v[0] + t.bias[bias_lines(s) * s.width + c]; });
  });
}

}  // namespace gpu
}  // namespace mmg

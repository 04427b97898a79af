// Matrix products of a block: out(r, c, sum over k of a(r, k) b(k, c)) for all r < m, c < n, by one of two arithmetics.
// A warp makes strips of 16 x 32 elements, and both arithmetics spread them over its lanes in the same way.
#pragma once
#include "fragment.h"

namespace mmg {
namespace gpu {

constexpr int kStrip = 4;  // fragments side by side: each load of `a` serves that many products

// A float32 matrix, row by row.
struct Rows {
  const float* p;
  int ld;
  MMG_FN float operator()(int i, int j) const { return p[i * ld + j]; }
};

// A weight matrix (k, n), or its transpose, with its bf16 copy in the order in which lanes load fragments:
// (k / 16, n / 8) tiles of 32 lanes of 2 registers, zeros beyond k and n.
struct Weight {
  const float* w;
  int ld;
  bool transposed;
  int n;
  const uint32_t* packed;
  MMG_FN float operator()(int k, int c) const { return transposed ? w[c * ld + k] : w[k * ld + c]; }
};

// Element (k, c) of a packed matrix of n columns, in halves of registers.
static MMG_HD int packed_position(int k, int c, int n) {
  return (k / 16 * ((n + 7) / 8) + c / 8) * (kWarp * 4) + b_position(k % 16, c % 8);
}

struct Sizes {
  int m, n, k;
};

// float32 throughout.
struct Exact {
  using First = Exact;
  template <class Warp, class A, class B>
  static MMG_FN void step(const Warp& warp, const A& a, const B& b, int row, int column, int k0, Sizes s,
                          FragmentC (&sum)[kStrip][Warp::kSlots]) {
    const int end = s.k - k0 < 16 ? s.k : k0 + 16;
    warp.lanes([&](int lane, int slot) {
      const int r = row + c_cell(lane, 0).row, c = column + c_cell(lane, 0).column;
      for (int k = k0; k < end; ++k) {
        const float upper = r < s.m ? a(r, k) : 0.0f, lower = r + 8 < s.m ? a(r + 8, k) : 0.0f;
        for (int j = 0; j < kStrip; ++j)
          for (int i = 0; i < 2; ++i) {
            const float right = c + 8 * j + i < s.n ? b(k, c + 8 * j + i) : 0.0f;
            sum[j][slot].c[i] += upper * right, sum[j][slot].c[i + 2] += lower * right;
          }
      }
    });
  }
};

// What rounding to bf16 took away: a second bf16 holds most of it.
static MMG_HD float lost(float x) { return x - from_bf16(to_bf16(x)); }

template <class A>
MMG_FN FragmentA load_a(const A& a, int lane, int row, int k0, Sizes s, FragmentA* rest) {
  FragmentA f;
  for (int j = 0; j < 4; ++j) {
    const Cell at = a_cell(lane, 2 * j);
    const int r = row + at.row, k = k0 + at.column;
    const float even = r < s.m && k < s.k ? a(r, k) : 0.0f, odd = r < s.m && k + 1 < s.k ? a(r, k + 1) : 0.0f;
    f.r[j] = pack_bf16(even, odd);
    if (rest) rest->r[j] = pack_bf16(lost(even), lost(odd));
  }
  return f;
}

template <class B>
MMG_FN FragmentB load_b(const B& b, int lane, int k0, int column, Sizes s, FragmentB* rest) {
  FragmentB f;
  for (int j = 0; j < 2; ++j) {
    const Cell at = b_cell(lane, 2 * j);
    const int k = k0 + at.row, c = column + at.column;
    const float even = c < s.n && k < s.k ? b(k, c) : 0.0f, odd = c < s.n && k + 1 < s.k ? b(k + 1, c) : 0.0f;
    f.r[j] = pack_bf16(even, odd);
    if (rest) rest->r[j] = pack_bf16(lost(even), lost(odd));
  }
  return f;
}

MMG_FN FragmentB load_b(const Weight& w, int lane, int k0, int column, Sizes s, FragmentB*) {
  if (column >= s.n) return FragmentB{{0, 0}};
  const uint32_t* p = w.packed + (k0 / 16 * ((w.n + 7) / 8) + column / 8) * (kWarp * 2) + lane * 2;
  return FragmentB{{p[0], p[1]}};
}

// bf16 with float32 sums. Split: each factor as a sum of two bf16, three products in the place of one, some 16 bits of
// each factor: for the first layer, where at high log-SNR inputs differ in late digits.
template <bool kSplit>
struct Tensor {
  using First = Tensor<true>;
  template <class Warp, class A, class B>
  static MMG_FN void step(const Warp& warp, const A& a, const B& b, int row, int column, int k0, Sizes s,
                          FragmentC (&sum)[kStrip][Warp::kSlots]) {
    FragmentA left[Warp::kSlots], left_rest[Warp::kSlots];
    FragmentB right[Warp::kSlots], right_rest[Warp::kSlots];
    warp.lanes([&](int lane, int slot) { left[slot] = load_a(a, lane, row, k0, s, kSplit ? left_rest + slot : nullptr); });
    for (int j = 0; j < kStrip; ++j) {
      warp.lanes([&](int lane, int slot) {
        right[slot] = load_b(b, lane, k0, column + 8 * j, s, kSplit ? right_rest + slot : nullptr);
      });
      mma(warp, left, right, sum[j]);
      if (kSplit) mma(warp, left, right_rest, sum[j]), mma(warp, left_rest, right, sum[j]);
    }
  }
};

template <class P, class Block, class A, class B, class Out>
MMG_FN void product(const Block& block, Sizes s, const A& a, const B& b, const Out& out) {
  using Warp = typename Block::Warp;
  const int down = (s.m + 15) / 16, across = (s.n + 8 * kStrip - 1) / (8 * kStrip);
  block.warps([&](const Warp& warp) {
    for (int tile = warp.index; tile < down * across; tile += warp.count) {
      const int row = tile % down * 16, column = tile / down * 8 * kStrip;
      FragmentC sum[kStrip][Warp::kSlots] = {};
      for (int k0 = 0; k0 < s.k; k0 += 16) P::step(warp, a, b, row, column, k0, s, sum);
      warp.lanes([&](int lane, int slot) {
        for (int j = 0; j < kStrip; ++j)
          for (int i = 0; i < 4; ++i) {
            const Cell at = c_cell(lane, i);
            const int r = row + at.row, c = column + 8 * j + at.column;
            if (r < s.m && c < s.n) out(r, c, sum[j][slot].c[i]);
          }
      });
    }
  });
}

}  // namespace gpu
}  // namespace mmg

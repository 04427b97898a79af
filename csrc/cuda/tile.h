// One tile of rows and its memory. As in cpu/kernels.inl a tile is N data rows given y, then the same N rows without. Rows
// beyond the last one of the data repeat it, and what they say counts nowhere: no product need know how many there are.
#pragma once
#include "../common/features.h"
#include "weights.h"

namespace mmg {
namespace gpu {

// Hands out a block's fast memory first, and of its slab what no longer fits. With both null it only counts.
struct Arena {
  float *shared, *slab;
  size_t limit, in_shared, in_slab;

  MMG_FN Arena(float* shared, float* slab, size_t limit)
      : shared(shared), slab(slab), limit(limit), in_shared(0), in_slab(0) {}
  MMG_FN bool fits(size_t n) const { return in_shared + n <= limit; }
  MMG_FN float* take(size_t n) {
    n = (n + 3) / 4 * 4;
    size_t& used = fits(n) ? in_shared : in_slab;
    float* base = &used == &in_shared ? shared : slab;
    used += n;
    return base ? base + (used - n) : nullptr;
  }
  template <class Cell>
  MMG_FN Cell* take_cells(size_t n) {
    return (Cell*)take((n * sizeof(Cell) + 3) / 4);
  }
};

template <class Cell>
struct Tile {
  int n, ld, ld_shared, ld_cond, ld_out;  // data rows, and elements from one row of each kind to the next
  float *a, *b, *weight, *logsnr;         // per data row
  Radial *radius_z, *radius_y;
  int *bin, *landed;  // of the draws, and of what `sums` holds
  uint32_t* row;
  double *sums, *means, *bins;         // (n, kBinSums), (n, kRowValues), (n_bins, kBinSums)
  Cell *u, *act, *d, *dgate, *dvalue;  // what products are made of: (2 n, width), in fast memory
  bool fast;                           // whether it holds all of those
  float* h[kMaxDepth + 1];             // of each layer; in evaluation all the same
  Cell *gate[kMaxDepth], *value[kMaxDepth];
  float *inverse, *dh, *du, *out, *eps, *z, *y;
  Cell *shared, *shared_rest, *cond, *cond_rest, *dout;
  float* bias;  // copies of all biases, a line each, and in fast memory of the first packed weights
  uint16_t* packed;
  int copied;  // so many

  MMG_FN int rows() const { return 2 * n; }
  MMG_FN int over_n(int i) const { return i >> (n == 16 ? 4 : n == 32 ? 5 : 6); }
  MMG_FN int mod_n(int i) const { return i & (n - 1); }
  MMG_FN float* inverse_of(int i) const { return inverse + i * rows(); }
};

// Lines 8 longer than a multiple of 32: the eight rows of a fragment then fall on different banks, as floats and as halves.
static MMG_HD int line(int n) { return rounded(n, 32) + 8; }

// The order is that of use per byte: what is last goes to the slab first.
template <class P>
MMG_FN Tile<typename P::Cell> cut(const Shape& s, int n, int n_bins, bool training, Arena& arena) {
  using Cell = typename P::Cell;
  Tile<Cell> t;
  t.n = n;
  t.ld = line(s.width), t.ld_shared = line(s.shared()), t.ld_cond = line(s.cond()), t.ld_out = line(s.noised());
  const size_t array = (size_t)t.rows() * t.ld;
  t.a = arena.take(n), t.b = arena.take(n), t.weight = arena.take(n), t.logsnr = arena.take(n);
  t.radius_z = (Radial*)arena.take(2 * n), t.radius_y = (Radial*)arena.take(2 * n);
  t.bin = (int*)arena.take(n), t.landed = (int*)arena.take(n), t.row = (uint32_t*)arena.take(n);
  t.sums = (double*)arena.take(2 * (size_t)n * kBinSums);
  t.means = (double*)arena.take(training ? 0 : 2 * (size_t)n * kRowValues);
  t.inverse = arena.take((size_t)t.rows() * (s.depth + 1));
  t.u = arena.template take_cells<Cell>(array), t.act = arena.template take_cells<Cell>(array);
  t.d = arena.template take_cells<Cell>(training ? array : 0);
  t.dgate = arena.template take_cells<Cell>(training ? array : 0),
  t.dvalue = arena.template take_cells<Cell>(training ? array : 0);
  t.fast = arena.in_slab == 0;
  t.bias = arena.take((size_t)bias_lines(s) * s.width + s.noised());
  t.bins = (double*)arena.take(training ? 0 : 2 * (size_t)n_bins * kBinSums);
  t.dh = arena.take(training ? array : 0), t.du = arena.take(training ? array : 0);
  t.h[0] = arena.take(array);
  for (int i = 0; i < s.depth; ++i) {
    t.gate[i] = arena.template take_cells<Cell>(training ? array : 0),
    t.value[i] = arena.template take_cells<Cell>(training ? array : 0);
    t.h[i + 1] = training ? arena.take(array) : t.h[0];
  }
  t.out = arena.take((size_t)t.rows() * t.ld_out),
  t.dout = arena.template take_cells<Cell>(training ? (size_t)t.rows() * t.ld_out : 0);
  t.eps = arena.take((size_t)n * s.noised()), t.z = arena.take((size_t)n * s.dim_x);
  t.y = arena.take((size_t)n * s.dim_y);
  const size_t shared = (size_t)n * t.ld_shared, cond = (size_t)n * t.ld_cond;
  t.shared = arena.template take_cells<Cell>(shared),
  t.shared_rest = arena.template take_cells<Cell>(P::kTensor ? shared : 0);
  t.cond = arena.template take_cells<Cell>(cond), t.cond_rest = arena.template take_cells<Cell>(P::kTensor ? cond : 0);
  const size_t left = arena.limit - arena.in_shared,
               weights = (training ? PackedWeights(s).total : PackedWeights(s).transposed) / 2;
  const size_t words = P::kTensor ? (left < weights ? left : weights) / 4 * 4 : 0;
  t.packed = (uint16_t*)arena.take(words), t.copied = 2 * (int)words;
  return t;
}

}  // namespace gpu
}  // namespace mmg

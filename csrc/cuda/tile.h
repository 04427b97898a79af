// One tile of rows and its memory. As in cpu/kernels.inl a tile is N data rows given y, then the same N rows without
// it. Where the data end within a tile, its remaining rows repeat the last one and count in no sum: products need no
// row count.
#pragma once
#include "../common/features.h"
#include "weights.h"

namespace mmg {
namespace gpu {

// Hands out a thread block's fast memory first, and its slab for what no longer fits. With both null it only counts.
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
  template <class Element>
  MMG_FN Element* take_elements(size_t n) {
    return (Element*)take((n * sizeof(Element) + 3) / 4);
  }
};

template <class Element>
struct Tile {
  int n;                                  // data rows: 16, 32 or 64
  int ld, ld_shared, ld_cond, ld_out;     // elements from one row of each kind of array to the next
  float *a, *b, *weight, *logsnr;         // (n,)
  Radial *radius_z, *radius_y;            // (n,)
  int *bin, *landed;                      // (n,) bins of the draws, and of the rows that `sums` holds
  uint32_t* row;                          // (n,) data rows
  double *sums, *means, *bins;            // (n, kBinSums), (n, kRowValues), (n_bins, kBinSums)
  Element *u, *act, *d, *dgate, *dvalue;  // (2 n, ld) factors of products, in fast memory
  bool fast;                              // whether fast memory holds all of those
  float* h[kMaxCudaDepth + 1];            // (2 n, ld) of each layer; in evaluation one array serves all layers
  Element *gate[kMaxCudaDepth], *value[kMaxCudaDepth];      // (2 n, ld), in training only
  float *inverse, *dh, *du, *out, *eps, *z, *y;             // inverse: (depth + 1, 2 n)
  Element *shared, *shared_rest, *cond, *cond_rest, *dout;  // inputs, their rounding errors, and d(loss)/d(output)
  float* bias;       // copies of all biases: bias_lines() lines of the network's width, then the output's
  uint16_t* packed;  // a copy in fast memory of the first `copied` halves of the packed weights
  int copied;

  MMG_FN int rows() const { return 2 * n; }
  MMG_FN int over_n(int i) const { return i >> (n == 16 ? 4 : n == 32 ? 5 : 6); }
  MMG_FN int mod_n(int i) const { return i & (n - 1); }
  MMG_FN float* inverse_of(int i) const { return inverse + i * rows(); }
};

// Returns the stored length of a line of n elements: 8 more than a multiple of 32, so that the eight rows of a fragment
// fall on different banks, as floats and as halves.
static MMG_HD int line_length(int n) { return rounded(n, 32) + 8; }

// Cuts a tile's arrays from an arena. The order is that of use per byte, for what comes last goes to the slab first.
template <class P>
struct Cutter {
  using Element = typename P::Element;
  const Shape& s;
  bool training;
  Arena& arena;
  Tile<Element>& t;

  MMG_FN Element* elements(size_t n) { return arena.template take_elements<Element>(n); }
  MMG_FN Element* elements_in_training(size_t n) { return elements(training ? n : 0); }
  MMG_FN size_t array() const { return (size_t)t.rows() * t.ld; }

  MMG_FN void sizes(int n) {
    t.n = n;
    t.ld = line_length(s.width);
    t.ld_shared = line_length(s.shared());
    t.ld_cond = line_length(s.cond());
    t.ld_out = line_length(s.noised());
  }
  MMG_FN void row_values() {
    const int n = t.n;
    t.a = arena.take(n);
    t.b = arena.take(n);
    t.weight = arena.take(n);
    t.logsnr = arena.take(n);
    t.radius_z = (Radial*)arena.take(2 * n);
    t.radius_y = (Radial*)arena.take(2 * n);
    t.bin = (int*)arena.take(n);
    t.landed = (int*)arena.take(n);
    t.row = (uint32_t*)arena.take(n);
    t.sums = (double*)arena.take(2 * (size_t)n * kBinSums);
    t.means = (double*)arena.take(training ? 0 : 2 * (size_t)n * kRowValues);
    t.inverse = arena.take((size_t)t.rows() * (s.depth + 1));
  }
  MMG_FN void factors() {
    t.u = elements(array());
    t.act = elements(array());
    t.d = elements_in_training(array());
    t.dgate = elements_in_training(array());
    t.dvalue = elements_in_training(array());
    t.fast = arena.in_slab == 0;
  }
  MMG_FN void layers(int n_bins) {
    t.bias = arena.take((size_t)bias_lines(s) * s.width + s.noised());
    t.bins = (double*)arena.take(training ? 0 : 2 * (size_t)n_bins * kBinSums);
    t.dh = arena.take(training ? array() : 0);
    t.du = arena.take(training ? array() : 0);
    t.h[0] = arena.take(array());
    for (int i = 0; i < s.depth; ++i) {
      t.gate[i] = elements_in_training(array());
      t.value[i] = elements_in_training(array());
      t.h[i + 1] = training ? arena.take(array()) : t.h[0];
    }
    t.out = arena.take((size_t)t.rows() * t.ld_out);
    t.dout = elements_in_training((size_t)t.rows() * t.ld_out);
  }
  MMG_FN void inputs() {
    const size_t n = t.n, shared = n * t.ld_shared, cond = n * t.ld_cond;
    t.eps = arena.take(n * s.noised());
    t.z = arena.take(n * s.dim_x);
    t.y = arena.take(n * s.dim_y);
    t.shared = elements(shared);
    t.shared_rest = elements(P::kTensor ? shared : 0);
    t.cond = elements(cond);
    t.cond_rest = elements(P::kTensor ? cond : 0);
  }
  MMG_FN void weights() {
    const size_t left = arena.limit - arena.in_shared;
    const size_t wanted = (training ? PackedOffsets(s).total : PackedOffsets(s).transposed) / 2;
    const size_t words = P::kTensor ? (left < wanted ? left : wanted) / 4 * 4 : 0;
    t.packed = (uint16_t*)arena.take(words);
    t.copied = 2 * (int)words;
  }
};

template <class P>
MMG_FN Tile<typename P::Element> cut(const Shape& s, int n, int n_bins, bool training, Arena& arena) {
  Tile<typename P::Element> t;
  Cutter<P> cutter{s, training, arena, t};
  cutter.sizes(n);
  cutter.row_values();
  cutter.factors();
  cutter.layers(n_bins);
  cutter.inputs();
  cutter.weights();
  return t;
}

}  // namespace gpu
}  // namespace mmg

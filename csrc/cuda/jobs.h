// The arguments of a launch: B independent problems of one shape, packed one after another in arrays; what to do with
// them; and memory to work in. Plain structs, passed to kernels by value. The caller owns all memory.
#pragma once
#include <stddef.h>

#include "../common/proposal.h"
#include "../common/shape.h"
#include "../common/sums.h"
#include "executor.h"

namespace mmg {
namespace gpu {

constexpr int kMaxCudaDepth = 4;   // gated blocks
constexpr int kMaxColumns = 1024;  // of x and y together
constexpr int kLanes = 256;        // threads of a thread block

static MMG_HD bool fits(const Shape& s) {
  return (s.width == 64 || s.width == 128 || s.width == 256) && s.depth >= 1 && s.depth <= kMaxCudaDepth &&
         s.dim_x + s.dim_y <= kMaxColumns;
}

static MMG_HD int rounded(int n, int to) { return (n + to - 1) / to * to; }

// Offsets in the canonical vector (mmg_registry/core/network.py). The six parameters of a gated block are stored
// `per_gated_block` floats after those of the one before.
struct Parameters {
  int shared, b_in, cond, mask, null, gated_blocks, per_gated_block, out, b_out, total;
  explicit MMG_FN Parameters(const Shape& s) {
    const int w = s.width;
    shared = 0;
    b_in = s.shared() * w;
    cond = b_in + w;
    mask = cond + s.cond() * w;
    null = mask + w;
    gated_blocks = null + w;
    per_gated_block = 3 * (w * w + w);
    out = gated_blocks + s.depth * per_gated_block;
    b_out = out + w * s.noised();
    total = b_out + s.noised();
  }
};

struct Problem {
  const float *x, *y;     // (n_rows, dim_x), (n_rows, dim_y)
  const float *rho, *s2;  // (dim_x,), zeros and ones beyond the correlations
  Proposal proposal;
  uint64_t seed;
  uint32_t n_rows;
};

struct Batch {
  Shape shape;
  int problems;
  uint32_t n_rows;
  int n_bins;
  const float *x, *y;        // (B, n_rows, dim)
  const float *rho, *s2;     // (B, dim_x)
  const float *edges, *cdf;  // (B, n_bins + 1)
  const float* logistic;     // (B, 4): loc, scale, p_lo, p_hi
  const uint64_t* seeds;     // (B,)

  MMG_FN Problem problem(int b) const {
    const size_t rows = (size_t)b * n_rows, bins = (size_t)b * (n_bins + 1);
    const float* q = logistic + 4 * b;
    return Problem{x + rows * shape.dim_x,
                   y + rows * shape.dim_y,
                   rho + (size_t)b * shape.dim_x,
                   s2 + (size_t)b * shape.dim_x,
                   Proposal{n_bins, edges + bins, cdf + bins, q[0], q[1], q[2], q[3]},
                   seeds[b],
                   n_rows};
  }
};

struct Training {
  uint32_t first_step, n_steps, batch;
  float beta1, beta2, eps, weight_decay;
  const float* rates;            // (n_steps, 4): learning rate, both corrections, the average's decay
  float *weights, *m, *v, *ema;  // (B, n_parameters), updated in place
  double* losses;                // (B, n_steps, 2): batch means without and with y
  float* grad;                   // (B, n_parameters) or null: then one step is taken apart, and nothing is updated
};

struct Evaluation {
  uint32_t repeats;
  const float* weights;  // (B, n_parameters)
  double* bins;          // (B, n_bins, kBinSums)
  double* rows;          // (B, n_rows, kRowValues)
};

struct Grid {
  int groups, blocks;    // groups of blocks; a group works on one problem after another
  int rows;              // data rows of a tile: 16, 32 or 64
  size_t shared_floats;  // fast memory of a block
};

struct Scratch {
  float* slabs;  // slab_floats a block: what its fast memory does not hold
  size_t slab_floats;
  float* grads;       // n_parameters a block, in training
  double* sums;       // a block: 2 losses in training, (n_bins, kBinSums) in evaluation
  uint16_t* packed;   // PackedOffsets a group, zeros to begin with
  uint32_t* arrived;  // one counter a group, zeros to begin with
};

}  // namespace gpu
}  // namespace mmg

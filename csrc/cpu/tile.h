// The boundary between the portable driver and the kernels compiled once per instruction set: plain structs and
// a table of function pointers. No C++ library header may be reached from here.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../common/adam.h"
#include "../common/functions.h"
#include "../common/proposal.h"
#include "../common/sums.h"
#include "critic_layout.h"

namespace mmg {

constexpr int kTileRows = 32;  // data rows a tile; each passes the network twice (with and without y)

// The arguments that stay the same through a call.
struct Problem {
  Layout layout;
  const float* x;  // (n_rows, dim_x)
  const float* y;  // (n_rows, dim_y)
  uint32_t n_rows;
  const float* rho;  // (dim_x,) canonical correlations, zeros beyond dim_y
  const float* s2;   // (dim_x,) 1 - rho^2, computed in double
  Proposal proposal;
  uint64_t seed;
};

struct Weights {
  const float* packed;
  const float* transposed;  // null outside training
};

struct AdamStep {
  float *weights, *m, *v, *ema;
  const float* const* grads;  // n_grads buffers, summed in this order
  int n_grads;
  AdamRates rates;
};

struct Losses {
  double marginal, given;  // sums of |error|^2 / 2
};

// The arguments that stay the same through a call on a critic.
struct CriticProblem {
  CriticLayout layout;
  const float *x, *y;           // (n_rows, dim_x), (n_rows, dim_y)
  const float *cross, *square;  // (correlated,) of the Gaussian part
  const float *shrink, *grow;   // (correlated,) scales of the innovation
  float offset;                 // of the Gaussian part
  float temperature;
};

// Rows that are scored within groups: all pairs of each. Row r is data row picked[r], or r itself where it is null.
struct Groups {
  int count, size;
  const int64_t* picked;
  MMG_HD int rows() const { return count * size; }
};

struct Kernels {
  const char* name;
  int nr;
  size_t (*workspace_floats)(const Layout& layout, bool training);
  // Rows [first, first + n) of step `step`'s batch: adds their gradient to `grad` (overwrites it if `fresh`).
  void (*train_tile)(const Problem& p, Weights w, uint32_t step, uint32_t batch, uint32_t first, int n, float* grad,
                     bool fresh, float* workspace, Losses* losses);
  // Data rows [first, first + n), repeat `repeat` of `repeats`: adds to bins (n_bins, kBinSums) and rows (n,
  // kRowValues).
  void (*gap_tile)(const Problem& p, Weights w, uint32_t first, int n, uint32_t repeat, uint32_t repeats,
                   float* workspace, double* bins, double* rows);
  void (*adam)(const AdamStep& s, size_t begin, size_t end);
  size_t (*critic_floats)(const CriticLayout& layout, int rows, bool training);
  int (*critic_pair_tiles)(const Groups& g);
  // Runs the networks of both sides; the workspace then holds the outputs that the functions of pairs read.
  void (*critic_sides)(const CriticProblem& p, Weights w, const Groups& g, bool training, float* workspace);
  // scores: (groups, size, size), of tiles [begin, end) of pairs.
  void (*critic_scores)(const CriticProblem& p, Weights w, const Groups& g, bool training, int begin, int end,
                        float* workspace, float* scores);
  // Given the gradient with respect to scores, adds to `grad` and, in the workspace, to the gradient of the sides'
  // outputs.
  void (*critic_pairs_backward)(const CriticProblem& p, Weights w, const Groups& g, const float* d_scores, int begin,
                                int end, float* workspace, float* grad);
  void (*critic_sides_backward)(const CriticProblem& p, Weights w, const Groups& g, float* workspace, float* grad);
  void (*transpose)(const Matrix& m, int nr, const float* packed, float* transposed, int panel);
  // For tests: a function of n values, a multiple of 16, aligned to 64 bytes; see `evaluate` in functions.h.
  void (*evaluate)(Function function, const float* x, const float* y, size_t n, float* a, float* b);
};

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace mmg

// The two entry points of the core on the CPU. Pointers are canonical (layout.h) float32; Python owns them all.
#pragma once
#include "execution.h"
#include "tile.h"

namespace mmg {

struct Data {
  const float *x, *y;  // (n, dim_x), (n, dim_y)
  size_t n;
  const float *rho, *s2;  // (dim_x,)
};

struct TrainPlan {
  uint32_t first_step, n_steps, batch;
  const float* rates;  // (n_steps, 4): learning rate, both corrections, the average's decay
  float beta1, beta2, eps, weight_decay;
};

struct TrainState {
  float *weights, *m, *v, *ema;  // updated in place
};

// losses: (n_steps, 2), the batch means without and with y. Returns the number of steps done: fewer if interrupted,
// when the step that was under way leaves no trace.
uint32_t train_denoiser(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed,
                        const TrainPlan& plan, const TrainState& state, double* losses, const Execution& execution);

// loss and gradient of one batch: what a training step sees. grad is canonical.
Losses denoiser_grad(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t step,
                     uint32_t batch, const float* weights, float* grad, const Execution& execution);

// bins: (n_bins, kBinSums) sums; rows: (n, kRowValues) means over repeats. Returns false if interrupted.
bool mmse_gap(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t repeats,
              const float* weights, double* bins, double* rows, const Execution& execution);

}  // namespace mmg

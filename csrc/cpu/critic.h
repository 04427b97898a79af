// The entry points of the critic on the CPU. Each runs on one thread, for networks this small leave nothing to share.
// Pointers are canonical (critic_layout.h) float32; Python owns them all.
#pragma once
#include "execution.h"
#include "objectives.h"
#include "tile.h"

namespace mmg {

// Rows and the Gaussian part; `CriticProblem` has their shapes.
struct CriticData {
  const float *x, *y, *cross, *square, *shrink, *grow;
  float offset, temperature;
};

struct CriticPlan {
  Objective objective;
  double smoothing;       // of the partition, in Donsker-Varadhan
  const int64_t* picked;  // (n_steps, batch) rows
  const float* rates;     // (n_steps,) learning rates
  uint32_t n_steps;
  int batch, groups, size;  // the first groups * size rows of a batch are scored
  float beta1, beta2, eps, weight_decay;
  float longest;  // the largest norm of a gradient; a longer one is scaled down to it
};

struct CriticState {
  float *weights, *m, *v;  // updated in place
  int64_t* steps;          // that the optimiser has made; it makes none where the gradient is not finite
  double* log_average;     // see objectives.h
};

// Returns the number of batches done: fewer if interrupted, when the one under way leaves no trace.
uint32_t train_critic(const CriticShape& shape, const CriticData& data, const CriticPlan& plan,
                      const CriticState& state, const Execution& execution);

// Writes the gradient of one batch, that of the first step of `plan`. Returns false, with an incomplete gradient, if
// interrupted.
bool critic_grad(const CriticShape& shape, const CriticData& data, const CriticPlan& plan, const float* weights,
                 double* log_average, float* grad, const Execution& execution);

// scores: (groups, size, size), of the first groups * size rows in their order. Returns false if interrupted.
bool critic_table(const CriticShape& shape, const CriticData& data, int groups, int size, const float* weights,
                  float* scores, const Execution& execution);

}  // namespace mmg

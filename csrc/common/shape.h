// The network's sizes, and where its parameters lie in the canonical vector (what Python sees; row-major matrices).
#pragma once
#include <stddef.h>

#include "platform.h"

namespace mmg {

constexpr int kRadial = 2;       // |v|^2 and its logarithm, standardised
constexpr int kEmbedding = 16;   // features of the log-SNR
constexpr int kWaves = 4;        // frequencies of the waves: 2, 4, 8, 16
constexpr int kWaveColumns = 4;  // with more noisy columns than that there are none

struct Shape {
  int dim_x, dim_y, width, depth;
  int context;  // the last columns of x that are given, not noised
  MMG_HD int noised() const { return dim_x - context; }
  MMG_HD int waves() const { return noised() > kWaveColumns ? 0 : 2 * kWaves * noised(); }
  MMG_HD int shared() const { return 2 * dim_x + kRadial + kEmbedding + waves(); }
  MMG_HD int cond() const { return dim_x + 3 * dim_y + kRadial + noised() + waves(); }
};

}  // namespace mmg

// The proposal density over log-SNR: piecewise constant over bins, or a truncated logistic; both with exact weights.
#pragma once
#include "fastmath.h"

namespace mmg {

// edges: n_bins + 1 log-SNR values; cdf: the proposal's cumulative mass at them (0 to 1).
// A logistic proposal (scale > 0) draws p uniform in [p_lo, p_hi] and loc + scale * logit(p); its bins only sort.
struct Proposal {
  int n_bins;
  const float* edges;
  const float* cdf;
  float loc, scale, p_lo, p_hi;
};

struct Draw {
  float logsnr, weight;  // weight = 1 / density
  int bin;
};

static MMG_HD int find_bin(const float* sorted, int n_bins, float value) {
  int low = 0, high = n_bins - 1;
  while (low < high) {
    const int mid = (low + high + 1) / 2;
    if (sorted[mid] <= value) low = mid;
    else high = mid - 1;
  }
  return low;
}

// Maps u in (0, 1) to a log-SNR with its importance weight.
static MMG_HD Draw draw_logsnr(const Proposal& q, float u) {
  if (q.scale > 0.0f) {
    const float width = q.p_hi - q.p_lo, p = q.p_lo + width * u;
    const float logsnr = q.loc + q.scale * log_(p / (1.0f - p));
    return Draw{logsnr, q.scale * width / (p * (1.0f - p)), find_bin(q.edges, q.n_bins, logsnr)};
  }
  const int bin = find_bin(q.cdf, q.n_bins, u);
  const float mass = q.cdf[bin + 1] - q.cdf[bin], width = q.edges[bin + 1] - q.edges[bin];
  return Draw{q.edges[bin] + width * (u - q.cdf[bin]) / mass, width / mass, bin};
}

}  // namespace mmg

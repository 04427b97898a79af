// The sums of an evaluation: the errors of both denoisers, squared and weighted.
#pragma once
#include "channel.h"

namespace mmg {

// Sums over (row, repeat) pairs in one log-SNR bin, weighted by half the importance weight: nats.
enum BinSum {
  kCount,
  kDirect,
  kDirect2,
  kOrthogonal,
  kOrthogonal2,
  kCross,
  kCross2,
  kMse,
  kMseGiven,
  kExcess,
  kExcessGiven,
  kBinSums
};
// Per-row means over repeats: direct and orthogonal gap, and both excess losses over the Wiener denoisers.
enum RowValue { kRowDirect, kRowOrthogonal, kRowExcess, kRowExcessGiven, kRowValues };

// Errors of one coordinate of a row, or of a vector of them.
template <class F>
struct Errors {
  F marginal, given;       // eps - eps_hat, without and with y
  F wiener, wiener_given;  // the same of the linear denoisers alone
  F scale, scale_given;    // of the network's correction
};

// `residual` is x - rho y; `f_marginal` and `f_given` are the network's outputs.
template <class F>
static MMG_HD Errors<F> denoiser_errors(float a, float b, F x, F residual, F eps, F s2, F f_marginal, F f_given) {
  Errors<F> e;
  e.wiener = wiener_error(a, b, x, eps);
  e.wiener_given = wiener_error_given(a, b, residual, s2, eps);
  e.scale = F{} + a;
  e.scale_given = correction_scale(a, b, s2);
  e.given = e.wiener_given - e.scale_given * f_given;
  e.marginal = e.wiener - e.scale * f_marginal;
  return e;
}

// Squared norms of one row's errors: all that the sums need.
struct Gap {
  double marginal, given, between, wiener, wiener_given;
};

static MMG_HD void bin_values(double half_weight, const Gap& gap, double* values) {
  const double direct = half_weight * (gap.marginal - gap.given), orthogonal = half_weight * gap.between;
  const double cross = direct - orthogonal;
  values[kCount] = 1;
  values[kDirect] = direct;
  values[kDirect2] = direct * direct;
  values[kOrthogonal] = orthogonal;
  values[kOrthogonal2] = orthogonal * orthogonal;
  values[kCross] = cross;
  values[kCross2] = cross * cross;
  values[kMse] = half_weight * gap.marginal;
  values[kMseGiven] = half_weight * gap.given;
  values[kExcess] = half_weight * (gap.marginal - gap.wiener);
  values[kExcessGiven] = half_weight * (gap.given - gap.wiener_given);
}

static MMG_HD void add_row_values(double half_weight, const Gap& gap, double* row) {
  row[kRowDirect] += half_weight * (gap.marginal - gap.given);
  row[kRowOrthogonal] += half_weight * gap.between;
  row[kRowExcess] += half_weight * (gap.marginal - gap.wiener);
  row[kRowExcessGiven] += half_weight * (gap.given - gap.wiener_given);
}

}  // namespace mmg

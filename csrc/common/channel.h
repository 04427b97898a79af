// The noisy channel z = a x + b eps with log-SNR alpha, a^2 = sigmoid(alpha), b^2 = sigmoid(-alpha), and the
// linear-Gaussian (Wiener) denoisers that the network corrects. Inputs are in canonical coordinates:
// cov(x) = I and x_i given y has mean rho_i y_i and variance s2_i = 1 - rho_i^2 for a Gaussian pair.
#pragma once
#include "fastmath.h"

namespace mmg {

// The channel's coefficients a and b at one log-SNR.
struct Level {
  float a, b;
};

static MMG_HD Level level(float logsnr) { return Level{root(sigmoid(logsnr)), root(sigmoid(-logsnr))}; }

// eps - eps_hat of the Wiener denoiser of x alone, eps_hat = b z; written so that no digits cancel at high SNR.
template <class F>
static MMG_HD F wiener_error(float a, float b, F x, F eps) {
  return (eps * a - x * b) * a;
}

// The same for the Wiener denoiser given y, with r = x - rho y: eps_hat = b (a r + b eps) / (a^2 s2 + b^2).
template <class F>
static MMG_HD F wiener_error_given(float a, float b, F r, F s2, F eps) {
  return (s2 * eps * a - r * b) * a / (s2 * (a * a) + b * b);
}

// Standard deviation of that error for a Gaussian pair: the natural scale of the network's correction.
template <class F>
static MMG_HD F correction_scale(float a, float b, F s2) {
  return root(s2 * (a * a) / (s2 * (a * a) + b * b));
}

// The linear denoiser's innovation z - a rho y over its standard deviation: of unit variance for a Gaussian pair.
template <class F>
static MMG_HD F innovation(float a, float b, F z, F rho_y, F s2) {
  return (z - rho_y * a) / root(s2 * (a * a) + b * b);
}

// Posterior of a clean column of variance s2 given z, or of a residual given the innovation, in units of its standard
// deviation, if it is Gaussian: the posterior mean is `gain` times z, and the posterior variance is `blur`.
struct Posterior {
  float gain, blur;
};

static MMG_HD Posterior posterior(float a, float b, float s2) {
  const float total = s2 * (a * a) + b * b;
  return Posterior{a * root(s2 / total), b * b / total};
}

}  // namespace mmg

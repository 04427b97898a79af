// The network's inputs other than z and y: radial features, bumps over the log-SNR, damped waves.
#pragma once
#include "channel.h"
#include "shape.h"

namespace mmg {

// |v|^2 / dim and its logarithm, less 1 and 0, over their standard deviation for a normal v, sqrt(2 / dim): they show
// the network a scale that all coordinates share. The first saturates at +-4, so that no heavy tail drowns the rest.
struct Radial {
  float bounded, logarithm;
};

static MMG_HD Radial radial(float square, int dim) {
  const float q = square / (float)dim, unit = root(0.5f * (float)dim), u = (q - 1.0f) * unit;
  return Radial{u / root(1.0f + u * u * 0.0625f), log_(q + 1e-3f) * unit};
}

// Features of the log-SNR: number 0 is the log-SNR itself, the others are smooth bumps 2.5 apart, from -11 to 24.
// bump_offset(k) is minus the centre of bump k; bump() takes the distance from a centre.
static MMG_HD float embedded_logsnr(float logsnr) { return logsnr * 0.125f; }
static MMG_HD float bump_offset(int k) { return (float)k * -2.5f + 13.5f; }

template <class F>
static MMG_HD F bump(F distance) {
  const F d = distance * 0.4f;
  return exp_(d * d * -0.5f);
}

// Sines and cosines of the posterior means of few columns, each damped by what their posterior spread leaves of it
// (as integrated positional encodings, Barron et al., arXiv 2103.13415): a frequency appears once noise resolves it.
struct Wave {
  float turn, exponent;  // the phase in turns, 0 to 1, and the logarithm of the damping
};

static MMG_HD Wave wave(Posterior known, float value, int k) {
  const float frequency = (float)(2 << k), turns = value * known.gain * frequency * 0.159154943f;
  return Wave{turns - floor_(turns), known.blur * frequency * frequency * -0.5f};
}

}  // namespace mmg

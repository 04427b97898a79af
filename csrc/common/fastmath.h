// exp, log, sin and cos in float32, written once for a scalar and for a GCC vector of any length: F is float or a
// vector of floats. The line "name: at most .. ULP" above a function bounds its error in units in the last place of the
// exact result; tests/registry/core/test_fastmath.py reads these lines and measures every variant that the machine runs
// against float64.
#pragma once
#include "platform.h"

namespace mmg {

static MMG_HD int32_t as_bits(float x) {
  union {
    float f;
    int32_t i;
  } u;
  u.f = x;
  return u.i;
}
static MMG_HD float as_float(int32_t x) {
  union {
    int32_t i;
    float f;
  } u;
  u.i = x;
  return u.f;
}
static MMG_HD float choose(bool c, float a, float b) { return c ? a : b; }
#if defined(__CUDA_ARCH__)
static MMG_HD float root(float x) { return sqrtf(x); }
static MMG_HD float floor_(float x) { return floorf(x); }
#else
static MMG_HD float root(float x) { return __builtin_sqrtf(x); }
static MMG_HD float floor_(float x) { return __builtin_floorf(x); }
#endif

// e^x, x clamped to [-87, 87]: 2^n e^r with |r| <= ln(2) / 2, where r is computed in two steps to keep its digits.
// exp_: at most 1 ULP for x in [-87, 87].
template <class F>
static MMG_HD F exp_(F x) {
  x = choose(x > 87.0f, F{} + 87.0f, choose(x < -87.0f, F{} - 87.0f, x));
  const F magic = F{} + 12582912.0f;  // adding 1.5 * 2^23 rounds to the nearest integer
  const F shifted = x * 1.44269504f + magic, n = shifted - magic;
  const F r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  F p = r * 1.9875691e-4f + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665795e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 5.0000001e-1f;
  return (p * r * r + r + 1.0f) * as_float((as_bits(shifted) << 23) + 0x3f800000);
}

// ln x for positive normal x: from the exponent, and a polynomial in the mantissa over [sqrt(1/2), sqrt(2)).
// log_: at most 0.85 ULP for x in [1.1754944e-38, 3.4028235e38].
template <class F>
static MMG_HD F log_(F x) {
  const auto bits = as_bits(x);
  const auto biased = (bits - 0x3f3504f3) >> 23;  // 0x3f3504f3 is sqrt(1/2)
  const F m = as_float(bits - (biased << 23)) - 1.0f, n = as_float(biased + 0x4b400000) - 12582912.0f, s = m * m;
  F p = m * 7.0376836e-2f - 1.1514610e-1f;
  p = p * m + 1.1676998e-1f;
  p = p * m - 1.2420141e-1f;
  p = p * m + 1.4249323e-1f;
  p = p * m - 1.6668057e-1f;
  p = p * m + 2.0000714e-1f;
  p = p * m - 2.4999994e-1f;
  p = p * m + 3.3333331e-1f;
  return n * 0.693359375f + ((p * m * s - n * 2.12194440e-4f) - s * 0.5f + m);
}

// sin and cos of 2 pi t, t in turns: the nearest quarter of a turn, and a short series for the rest.
// sincos_turn: at most 2 ULP for t in [0, 0.99999994].
template <class F>
static MMG_HD void sincos_turn(F t, F& sine, F& cosine) {
  const F magic = F{} + 12582912.0f, shifted = t * 4.0f + magic;
  const F x = (t - (shifted - magic) * 0.25f) * 6.28318531f, s = x * x;
  const F sn = x + x * s * (((s * -1.9515296e-4f) + 8.3321609e-3f) * s - 1.6666655e-1f);
  const F cs = s * s * ((s * 2.4433157e-5f - 1.3887316e-3f) * s + 4.1666646e-2f) - s * 0.5f + 1.0f;
  const auto quarter = as_bits(shifted);
  const F a = choose((quarter & 1) != 0, cs, sn), b = choose((quarter & 1) != 0, sn, cs);
  sine = choose((quarter & 2) != 0, -a, a);
  cosine = choose(((quarter + 1) & 2) != 0, -b, b);
}

// 1 / (1 + e^-x); below -87 it stays at e^-87.
// sigmoid: at most 2.1 ULP for x in [-87, 87].
template <class F>
static MMG_HD F sigmoid(F x) {
  return 1.0f / (exp_(-x) + 1.0f);
}

// Two independent standard normals from two uniforms, u in (0, 1) and t in [0, 1): Box and Muller, 1958.
// box_muller: at most 3.7 ULP for u in [5.9604645e-08, 0.99999994].
template <class F>
static MMG_HD void box_muller(F u, F t, F& n0, F& n1) {
  const F r = root(log_(u) * -2.0f);
  F s, c;
  sincos_turn(t, s, c);
  n0 = r * c;
  n1 = r * s;
}

}  // namespace mmg

// The gate silu(g) v of a block, and its derivatives.
#pragma once
#include "fastmath.h"

namespace mmg {

template <class F>
static MMG_HD F gated(F g, F s, F v) {  // s = sigmoid(g)
  return g * s * v;
}

template <class F>
static MMG_HD F gated(F g, F v) {
  return gated(g, sigmoid(g), v);
}

// To the last bits of float32 alone, which is plenty beside bf16: some six instructions of a GPU in the place of thirty.
static MMG_HD float quick_sigmoid(float x) {
#if defined(__CUDA_ARCH__)
  return __fdividef(1.0f, 1.0f + __expf(-x));
#else
  return sigmoid(x);
#endif
}

// Given d(loss)/d(silu(g) v) and s = sigmoid(g), replaces g and v by the gradients with respect to them.
template <class F>
static MMG_HD void gated_backward(F d, F s, F& g, F& v) {
  const F silu = g * s, dv = d * silu;
  g = d * v * (s + silu * (1.0f - s));
  v = dv;
}

template <class F>
static MMG_HD void gated_backward(F d, F& g, F& v) {
  gated_backward(d, sigmoid(g), g, v);
}

}  // namespace mmg

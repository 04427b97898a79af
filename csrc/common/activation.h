// The gate silu(g) v of a gated block, and its derivatives.
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

// The sigmoid by a GPU's approximate exponential and division: wrong in the last bits of float32 only, far below a
// rounding to bf16, in some six instructions in place of thirty. On the host it is sigmoid().
static MMG_HD float quick_sigmoid(float x) {
#if defined(__CUDA_ARCH__)
  return __fdividef(1.0f, 1.0f + __expf(-x));
#else
  return sigmoid(x);
#endif
}

// Given d = d(loss)/d(silu(g) v) and s = sigmoid(g), replaces g and v by the gradients with respect to them.
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

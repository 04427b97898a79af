// The gate silu(g) v of a block, and its derivatives.
#pragma once
#include "fastmath.h"

namespace mmg {

template <class F>
static MMG_HD F gated(F g, F v) {
  return g * sigmoid(g) * v;
}

// Given d(loss)/d(silu(g) v), replaces g and v by the gradients with respect to them.
template <class F>
static MMG_HD void gated_backward(F d, F& g, F& v) {
  const F s = sigmoid(g), silu = g * s, dv = d * silu;
  g = d * v * (s + silu * (1.0f - s));
  v = dv;
}

}  // namespace mmg

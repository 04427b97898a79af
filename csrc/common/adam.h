// One parameter's step: Adam (Kingma and Ba, arXiv 1412.6980) with decoupled weight decay, and the moving average.
#pragma once
#include "fastmath.h"

namespace mmg {

struct AdamRates {
  float lr, beta1, beta2, eps, weight_decay, ema_decay;
  float correction1, correction2;  // 1 / (1 - beta^t)
};

template <class F>
static MMG_HD void adam_update(const AdamRates& s, F g, F& w, F& m, F& v, F& ema) {
  m = m * s.beta1 + g * (1.0f - s.beta1);
  v = v * s.beta2 + g * g * (1.0f - s.beta2);
  w = w - (m * s.correction1 / (root(v * s.correction2) + s.eps) + w * s.weight_decay) * s.lr;
  ema = ema * s.ema_decay + w * (1.0f - s.ema_decay);
}

}  // namespace mmg

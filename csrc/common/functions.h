// The functions of fastmath.h by number, for the test that measures their errors.
#pragma once
#include "fastmath.h"

namespace mmg {

enum class Function { kExp, kLog, kSincosTurn, kSigmoid, kBoxMuller };

// Computes a function of x, or of x and y where it takes two arguments, into a, and into b where it has two results.
template <class F>
static MMG_HD void evaluate(Function function, F x, F y, F& a, F& b) {
  switch (function) {
    case Function::kExp: a = exp_(x); return;
    case Function::kLog: a = log_(x); return;
    case Function::kSincosTurn: sincos_turn(x, a, b); return;
    case Function::kSigmoid: a = sigmoid(x); return;
    case Function::kBoxMuller: box_muller(x, y, a, b); return;
  }
}

}  // namespace mmg

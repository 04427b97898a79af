// `_core.fastmath`: the functions of csrc/common/fastmath.h on arrays, scalar and by every instruction set; for tests.
#include "fastmath.h"

#include <stdexcept>

#include "../common/functions.h"
#include "../cpu/isa.h"
#include "python.h"

namespace mmg {

static Function function_of(const std::string& name) {
  if (name == "exp_") return Function::kExp;
  if (name == "log_") return Function::kLog;
  if (name == "sincos_turn") return Function::kSincosTurn;
  if (name == "sigmoid") return Function::kSigmoid;
  if (name == "box_muller") return Function::kBoxMuller;
  throw py::value_error("fastmath.h has no function '" + name + "'.");
}

static void evaluate_scalars(Function function, const float* x, const float* y, size_t n, float* a, float* b) {
  for (size_t i = 0; i < n; ++i) evaluate(function, x[i], y[i], a[i], b[i]);
}

// Arrays of n float32 by address, aligned to 64 bytes, n a multiple of 16; `variant` is "scalar" or an instruction set.
static void py_evaluate(const std::string& name, const std::string& variant, uintptr_t x, uintptr_t y, size_t n,
                        uintptr_t a, uintptr_t b) {
  if (n % 16 != 0) throw py::value_error("The number of values must be a multiple of 16.");
  const auto run = variant == "scalar" ? evaluate_scalars : kernels(variant).evaluate;
  run(function_of(name), at<float>(x), at<float>(y), n, at<float>(a), at<float>(b));
}

void bind_fastmath(py::module_ m) { m.def("evaluate", &py_evaluate); }

}  // namespace mmg

#pragma once
#include <pybind11/pybind11.h>

namespace mmg {

void bind_fastmath(pybind11::module_ m);

}  // namespace mmg

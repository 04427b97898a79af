#pragma once
#include <pybind11/pybind11.h>

namespace mmg {
namespace gpu {

void bind_emulated(pybind11::module_ m);

}  // namespace gpu
}  // namespace mmg

// `_cuda`: the kernels of csrc/cuda on a GPU. It takes raw addresses, sizes and a stream, and owns nothing.
#include <pybind11/stl.h>

#include "../cuda/launch.h"
#include "call.h"

namespace mmg {
namespace gpu {

static size_t scratch_bytes(const py::dict& arguments, int device) {
  Fields f(arguments);
  return plan_launch(read_call(f), device).scratch.total;
}

static void run(const py::dict& arguments, uintptr_t scratch, size_t bytes, int device, uintptr_t stream) {
  Fields f(arguments);
  const Call call = read_call(f);
  const Plan plan = plan_launch(call, device);
  if (plan.scratch.total > bytes) throw py::value_error("'scratch' is too small for this call.");
  f.addresses.emplace_back("scratch", (const void*)scratch);
  check_addresses(f.addresses, device);
  launch(call, plan, (void*)scratch, device, (void*)stream);
}

static py::dict build_info() {
  py::dict info;
  info["architectures"] = MMG_CUDA_ARCHITECTURES;
  info["toolkit"] = MMG_CUDA_TOOLKIT;
  return info;
}

PYBIND11_MODULE(_cuda, m) {
  m.def("scratch_bytes", &scratch_bytes);
  m.def("run", &run);
  m.def("unusable", &unusable);
  m.def("device_count", &device_count);
  m.def("device_name", &device_name);
  m.def("build_info", &build_info);
}

}  // namespace gpu
}  // namespace mmg

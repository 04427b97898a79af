#include "launch.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>

#include "kernels.h"

namespace mmg {
namespace gpu {
namespace {

const void* kernel_of(const Call& c) { return c.trains ? train_kernel_of(c.tensor) : gap_kernel_of(c.tensor); }

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error) + ".");
}

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device), "The GPU could not be asked for its limits");
  return value;
}

// The device of the calling thread, and back: this module's runtime is linked in and shares none of PyTorch's state.
class OnDevice {
 public:
  explicit OnDevice(int device) {
    check(cudaGetDevice(&before_), "No GPU can be used");
    check(cudaSetDevice(device), "The GPU cannot be used");
  }
  ~OnDevice() { cudaSetDevice(before_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  int before_ = 0;
};

}  // namespace

// As many blocks as are resident at once, shared out evenly among the problems, and to no problem more than it has
// tiles.
Plan plan_launch(const Call& c, int device) {
  OnDevice here(device);
  const void* kernel = kernel_of(c);
  cudaFuncAttributes facts;
  check(cudaFuncGetAttributes(&facts, kernel), "The kernel could not be loaded");
  const size_t most =
      (attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device) - facts.sharedSizeBytes) / sizeof(float);
  const size_t limit = most / 4 * 4;
  const int units = attribute(cudaDevAttrMultiProcessorCount, device);
  // The most that any launch may take, so that no other thread's plan takes from this one's.
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)(limit * sizeof(float))),
        "The kernel was refused its shared memory");
  const auto resident = [&](int rows) {
    const size_t bytes = room(c, rows, limit).shared_floats * sizeof(float);
    int per_unit = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_unit, kernel, kLanes, bytes),
          "The kernel does not fit the GPU");
    return per_unit * units;
  };
  Plan plan{};
  plan.grid.rows = choose_rows(c, limit, resident);
  const Room taken = room(c, plan.grid.rows, limit);
  const int blocks = resident(plan.grid.rows);
  if (blocks < 1 || !taken.fast) throw std::runtime_error("No block of the kernel fits the GPU; use --device cpu.");
  plan.grid.shared_floats = taken.shared_floats;
  plan.grid.groups = std::min(c.batch.problems, blocks);
  plan.grid.blocks = std::max(1, std::min(tiles(c, plan.grid.rows), blocks / plan.grid.groups));
  Scratch scratch{};
  plan.scratch = cut_scratch(c, plan.grid, nullptr, scratch);
  return plan;
}

void launch(const Call& c, const Plan& plan, void* memory, int device, void* stream) {
  OnDevice here(device);
  const auto queue = (cudaStream_t)stream;
  Call call = c;
  Grid grid = plan.grid;
  Scratch scratch{};
  const Needs needs = cut_scratch(c, grid, (char*)memory, scratch);
  check(cudaMemsetAsync(memory, 0, needs.zeroed, queue), "The kernel's memory could not be cleared");
  void* job = c.trains ? (void*)&call.training : (void*)&call.evaluation;
  void* arguments[] = {&call.batch, job, &grid, &scratch};
  check(cudaLaunchCooperativeKernel(kernel_of(c), dim3(grid.groups * grid.blocks), dim3(kLanes), arguments,
                                    grid.shared_floats * sizeof(float), queue),
        "The kernel could not be launched");
}

void check_addresses(const std::vector<std::pair<std::string, const void*>>& addresses, int device) {
  for (const auto& [name, address] : addresses) {
    cudaPointerAttributes facts{};
    const cudaError_t error = cudaPointerGetAttributes(&facts, address);
    cudaGetLastError();  // what was asked here must not be blamed on a later call
    const bool ours =
        facts.type == cudaMemoryTypeManaged || (facts.type == cudaMemoryTypeDevice && facts.device == device);
    if (error != cudaSuccess || !ours)
      throw std::invalid_argument("'" + name + "' is not memory of GPU " + std::to_string(device) + ".");
  }
}

int device_count() {
  int n = 0;
  const bool works = cudaGetDeviceCount(&n) == cudaSuccess;
  cudaGetLastError();
  return works ? n : 0;
}

std::string device_name(int device) {
  cudaDeviceProp facts;
  check(cudaGetDeviceProperties(&facts, device), "The GPU could not be asked for its name");
  return facts.name;
}

std::string unusable(int device) {
  int n = 0;
  cudaError_t error = cudaGetDeviceCount(&n);
  cudaGetLastError();
  if (error != cudaSuccess) return std::string("CUDA finds no usable GPU here: ") + cudaGetErrorString(error);
  if (device >= n) return "there is no GPU " + std::to_string(device) + " here, only " + std::to_string(n);
  try {
    OnDevice here(device);
    cudaFuncAttributes facts;
    error = cudaFuncGetAttributes(&facts, gap_kernel_of(false));
    cudaGetLastError();
    if (error != cudaSuccess)
      return std::string("the kernels do not load on GPU ") + std::to_string(device) + ": " + cudaGetErrorString(error);
    if (!attribute(cudaDevAttrCooperativeLaunch, device))
      return "GPU " + std::to_string(device) + " launches no cooperative kernels";
  } catch (const std::runtime_error& failed) {
    return failed.what();
  }
  return "";
}

}  // namespace gpu
}  // namespace mmg

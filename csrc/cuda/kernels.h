// The kernels by address, for the launcher; each in a file of its own, so that they compile side by side.
#pragma once
#include "jobs.h"

namespace mmg {
namespace gpu {

const void* train_kernel_of(bool tensor);
const void* gap_kernel_of(bool tensor);

#if defined(__CUDACC__)
static __device__ DeviceGroup make_group(const Grid& grid, const Scratch& scratch) {
  extern __shared__ float4 fast[];  // aligned for doubles
  const int index = blockIdx.x / grid.blocks, rank = blockIdx.x % grid.blocks;
  float* slab = scratch.slabs + (size_t)blockIdx.x * scratch.slab_floats;
  const Place at{rank, grid.blocks, (float*)fast, slab, (int)blockIdx.x};
  return DeviceGroup{index, grid.groups, grid.blocks, at, scratch.arrived + index, 0};
}
#endif

}  // namespace gpu
}  // namespace mmg

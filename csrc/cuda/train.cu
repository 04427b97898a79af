#include "kernels.h"
#include "training.h"

namespace mmg {
namespace gpu {

// One resident block may have all registers: shared memory leaves little room for a second one.
template <class P>
__global__ void __launch_bounds__(kLanes, 1) train_kernel(Batch batch, Training job, Grid grid, Scratch scratch) {
  DeviceGroup group = make_group(grid, scratch);
  train_program<P>(group, batch, job, grid, scratch);
}

const void* train_kernel_of(bool tensor) {
  return tensor ? (const void*)train_kernel<Tensor> : (const void*)train_kernel<Exact>;
}

}  // namespace gpu
}  // namespace mmg

#include "evaluation.h"
#include "kernels.h"

namespace mmg {
namespace gpu {

// One resident block may have all registers: shared memory leaves little room for a second one.
template <class P>
__global__ void __launch_bounds__(kLanes, 1) gap_kernel(Batch batch, Evaluation job, Grid grid, Scratch scratch) {
  DeviceGroup group = make_group(grid, scratch);
  gap_program<P>(group, batch, job, grid, scratch);
}

const void* gap_kernel_of(bool tensor) {
  return tensor ? (const void*)gap_kernel<Tensor> : (const void*)gap_kernel<Exact>;
}

}  // namespace gpu
}  // namespace mmg

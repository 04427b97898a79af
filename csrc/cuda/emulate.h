// The CUDA kernels played on the host, lane by lane: for tests on machines without a GPU.
#pragma once
#include "memory.h"

namespace mmg {
namespace gpu {

// Memory is the host's. `backwards` plays blocks, warps and lanes in the opposite order.
void emulate(const Call& call, const Grid& grid, int lanes, bool backwards);

}  // namespace gpu
}  // namespace mmg

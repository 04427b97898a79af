// The two kernels on a GPU. Nothing here allocates or waits: memory is the caller's, work is queued on its stream.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "memory.h"

namespace mmg {
namespace gpu {

struct Plan {
  Grid grid;
  Needs scratch;
};

// All throw std::runtime_error with what CUDA says.
Plan plan_launch(const Call& call, int device);
void launch(const Call& call, const Plan& plan, void* scratch, int device, void* stream);

// Throws std::invalid_argument for an address that is not memory of `device`, naming it.
void check_addresses(const std::vector<std::pair<std::string, const void*>>& addresses, int device);

// Null where kernels can run on `device`, else why not.
std::string unusable(int device);
int device_count();  // 0 where there is no driver
std::string device_name(int device);

}  // namespace gpu
}  // namespace mmg

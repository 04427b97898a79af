#include "emulate.h"

#include <limits>
#include <vector>

#include "evaluation.h"
#include "training.h"

namespace mmg {
namespace gpu {

template <class P>
static void play(const Call& c, const Grid& grid, const Scratch& scratch, HostGroup group) {
  for (group.index = 0; group.index < grid.groups; ++group.index)
    if (c.trains) train_program<P>(group, c.batch, c.training, grid, scratch);
    else gap_program<P>(group, c.batch, c.evaluation, grid, scratch);
}

void emulate(const Call& c, const Grid& grid, int lanes, bool backwards) {
  Scratch scratch{};
  const Needs needs = cut_scratch(c, grid, nullptr, scratch);
  const float poison = std::numeric_limits<float>::quiet_NaN();  // what is read before it is written shows
  std::vector<float> memory(needs.total / sizeof(float), poison), shared(grid.shared_floats, poison);
  std::fill(memory.begin(), memory.begin() + needs.zeroed / sizeof(float), 0.0f);
  cut_scratch(c, grid, (char*)memory.data(), scratch);
  HostGroup group{0, grid.groups, grid.blocks, shared.data(), scratch.slabs, scratch.slab_floats, lanes, backwards};
  if (c.tensor) play<Tensor>(c, grid, scratch, group);
  else play<Exact>(c, grid, scratch, group);
}

}  // namespace gpu
}  // namespace mmg

// How large a launch's scratch memory is, and where its parts lie in it. Host only.
#pragma once
#include "tile.h"

namespace mmg {
namespace gpu {

// A call: train (or take a gradient) or evaluate, by which arithmetic.
struct Call {
  Batch batch;
  Training training;
  Evaluation evaluation;
  bool trains, tensor;
};

struct Needs {
  size_t zeroed, total;  // bytes; the first `zeroed` must be zeros when a kernel starts
};

// The parts, one after another; `base` null only measures.
inline Needs cut_scratch(const Call& c, const Grid& g, char* base, Scratch& scratch) {
  const Shape& s = c.batch.shape;
  const size_t blocks = (size_t)g.groups * g.blocks;
  Arena arena(nullptr, nullptr, g.shared_floats);
  cut(s, c.trains, c.tensor, arena);
  scratch.slab_floats = (arena.in_slab + 63) / 64 * 64;
  size_t used = 0;
  auto take = [&](size_t bytes) {
    char* p = base ? base + used : nullptr;
    used += (bytes + 255) / 256 * 256;
    return p;
  };
  Needs needs;
  scratch.arrived = (uint32_t*)take(g.groups * sizeof(uint32_t));
  scratch.packed = (uint32_t*)take(c.tensor ? g.groups * (size_t)PackedWeights(s).total * 2 : 0);
  needs.zeroed = used;
  scratch.slabs = (float*)take(blocks * scratch.slab_floats * sizeof(float));
  scratch.grads = (float*)take(c.trains ? blocks * Parameters(s).total * sizeof(float) : 0);
  scratch.sums = (double*)take(blocks * (c.trains ? 2 : (size_t)c.batch.n_bins * kBinSums) * sizeof(double));
  needs.total = used;
  return needs;
}

// Floats of fast memory that a tile takes of `limit`.
inline size_t tile_floats(const Call& c, size_t limit) {
  Arena arena(nullptr, nullptr, limit);
  cut(c.batch.shape, c.trains, c.tensor, arena);
  return arena.in_shared;
}

// How many blocks can share one problem's work.
inline int tiles(const Call& c) {
  const uint64_t rows = c.trains ? c.training.batch : c.batch.n_rows, size = tile_rows(c.batch.shape, c.trains);
  const uint64_t n = (rows + size - 1) / size;
  return n < 65536 ? (int)n : 65536;
}

}  // namespace gpu
}  // namespace mmg

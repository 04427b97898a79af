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

struct Room {
  size_t shared_floats, slab_floats;  // of a tile
  bool fast;                          // the factors of products lie in fast memory, as they must on a GPU
};

template <class P>
inline Room room_of(const Call& c, int rows, size_t limit) {
  Arena arena(nullptr, nullptr, limit);
  const bool fast = cut<P>(c.batch.shape, rows, c.batch.n_bins, c.trains, arena).fast;
  return Room{arena.in_shared, arena.in_slab, fast || !P::kTensor};
}

inline Room room(const Call& c, int rows, size_t limit) {
  return c.tensor ? room_of<Tensor>(c, rows, limit) : room_of<Exact>(c, rows, limit);
}

// The parts, one after another; `base` null only measures.
inline Needs cut_scratch(const Call& c, const Grid& g, char* base, Scratch& scratch) {
  const Shape& s = c.batch.shape;
  const size_t blocks = (size_t)g.groups * g.blocks;
  scratch.slab_floats = (room(c, g.rows, g.shared_floats).slab_floats + 63) / 64 * 64;
  size_t used = 0;
  auto take = [&](size_t bytes) {
    char* p = base ? base + used : nullptr;
    used += (bytes + 255) / 256 * 256;
    return p;
  };
  Needs needs;
  scratch.arrived = (uint32_t*)take(g.groups * sizeof(uint32_t));
  scratch.packed = (uint16_t*)take(c.tensor ? g.groups * (size_t)PackedOffsets(s).total * 2 : 0);
  needs.zeroed = used;
  scratch.slabs = (float*)take(blocks * scratch.slab_floats * sizeof(float));
  scratch.grads = (float*)take(c.trains ? blocks * Parameters(s).total * sizeof(float) : 0);
  scratch.sums = (double*)take(blocks * (c.trains ? 2 : (size_t)c.batch.n_bins * kBinSums) * sizeof(double));
  needs.total = used;
  return needs;
}

// Returns how many thread blocks can share one problem's work: its tiles of `size` rows.
inline int tiles(const Call& c, int size) {
  const uint64_t rows = c.trains ? c.training.batch : c.batch.n_rows, n = (rows + size - 1) / size;
  return n < 65536 ? (int)n : 65536;
}

// Returns the rows of a tile; resident(rows) is how many thread blocks the card holds at once. A batch that a problem's
// thread blocks can hold at once is spread over all of them, for then none waits for another's second tile and none
// adds to a gradient that it has written before. Other batches take tiles of 32 rows, or of 16 in training of wide
// networks, which keeps more of a row in fast memory.
template <class Resident>
int choose_rows(const Call& c, size_t limit, const Resident& resident) {
  const int usual = c.trains && c.batch.shape.width > 64 ? 16 : 32;
  for (int rows = 16; rows <= 64; rows *= 2)
    if (room(c, rows, limit).fast && tiles(c, rows) <= resident(rows) / c.batch.problems) return rows;
  return room(c, usual, limit).fast ? usual : 16;
}

}  // namespace gpu
}  // namespace mmg

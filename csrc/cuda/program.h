// What both kernels begin with; executor.h says what plays them.
#pragma once
#include "forward.h"
#include "rows.h"

namespace mmg {
namespace gpu {

template <class Cell>
MMG_FN Errors<float> errors_at(const Problem& p, const Shape& s, const Tile<Cell>& t, int r, int i) {
  const float x = p.x[(size_t)t.row[r] * s.dim_x + i];
  return denoiser_errors(t.a[r], t.b[r], x, x - predicted(p, s, t, r, i), t.eps[r * s.noised() + i], p.s2[i],
                         t.out[(t.n + r) * t.ld_out + i], t.out[r * t.ld_out + i]);
}

template <class P, class Block>
MMG_FN Tile<typename P::Cell> cut_for(const Block& block, const Batch& batch, const Grid& grid, bool training) {
  Arena arena(block.at.shared, block.at.slab, grid.shared_floats);
  return cut<P>(batch.shape, grid.rows, batch.n_bins, training, arena);
}

// The bf16 copies of all weights, made by the whole group.
template <class Block>
MMG_FN void pack_weights(const Block& block, const Network& net, uint16_t* packed) {
  block.share(net.at.total, [&](int e) { pack_parameter(net, packed, e, net.w[e]); });
}

}  // namespace gpu
}  // namespace mmg

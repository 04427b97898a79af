// The parts that both kernels share; executor.h says what plays them.
#pragma once
#include "forward.h"
#include "rows.h"

namespace mmg {
namespace gpu {

template <class Element>
MMG_FN Errors<float> errors_at(const Problem& p, const Shape& s, const Tile<Element>& t, int r, int i) {
  const float x = p.x[(size_t)t.row[r] * s.dim_x + i];
  return denoiser_errors(t.a[r], t.b[r], x, x - predicted(p, s, t, r, i), t.eps[r * s.noised() + i], p.s2[i],
                         t.out[(t.n + r) * t.ld_out + i], t.out[r * t.ld_out + i]);
}

template <class P, class ThreadBlock>
MMG_FN Tile<typename P::Element> cut_for(const ThreadBlock& block, const Batch& batch, const Grid& grid,
                                         bool training) {
  Arena arena(block.at.shared, block.at.slab, grid.shared_floats);
  return cut<P>(batch.shape, grid.rows, batch.n_bins, training, arena);
}

// Writes the bf16 copies of all weights, a part by each thread block of the group.
template <class ThreadBlock>
MMG_FN void pack_weights(const ThreadBlock& block, const Network& net, uint16_t* packed) {
  block.share(net.at.total, [&](int e) { pack_parameter(net, packed, e, net.w[e]); });
}

// Calls f(b, problem, network, packed weights or null) for every problem of a group, with its weights packed.
template <class P, class Group, class F>
MMG_FN void each_problem(Group& group, const Batch& batch, const float* weights, const Scratch& scratch, const F& f) {
  const Shape& s = batch.shape;
  const size_t total = Parameters(s).total;
  uint16_t* packed = P::kTensor ? scratch.packed + (size_t)group.index * PackedOffsets(s).total : nullptr;
  for (int b = group.index; b < batch.problems; b += group.count) {
    const Problem p = batch.problem(b);
    const Network net(s, weights + b * total, packed);
    if (P::kTensor) group.blocks([&](const auto& block) { pack_weights(block, net, packed); });
    f(b, p, net, packed);
  }
}

// Draws the rows of a tile and computes its inputs and the network's output.
template <class P, class ThreadBlock, class Draws, class Keys>
MMG_FN void run_tile(const ThreadBlock& block, const Problem& p, const Network& net, const Tile<typename P::Element>& t,
                     const Draws& draw_of, const Keys& key_of, bool training) {
  draw_rows(block, p, net.shape, t, draw_of, key_of);
  fill_variables(block, p, net.shape, t);
  block.fetched();
  fill_features<P>(block, p, net.shape, t);
  forward<P>(block, net, t, training);
}

}  // namespace gpu
}  // namespace mmg

// The kernel that evaluates, as a program of a group of blocks. A block takes tiles [tiles rank / size, ..) through all
// repeats and sums into bins of its own, row by row; the blocks' bins are added in the order of ranks.
#pragma once
#include "program.h"

namespace mmg {
namespace gpu {

// What the first n rows say of their bins, and their means, handed out with the last repeat.
template <class Block, class Cell>
MMG_FN void row_gaps(const Block& block, const Problem& p, const Shape& s, const Tile<Cell>& t, int n,
                     const Evaluation& job, uint32_t repeat, double* rows) {
  using Warp = typename Block::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < n; r += warp.count) {
      float m[Warp::kSlots] = {}, g[Warp::kSlots] = {}, d[Warp::kSlots] = {}, wm[Warp::kSlots] = {},
            wg[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int i = lane; i < s.noised(); i += kWarp) {
          const Errors<float> e = errors_at(p, s, t, r, i);
          const float between = e.marginal - e.given;
          m[slot] += e.marginal * e.marginal, g[slot] += e.given * e.given, d[slot] += between * between;
          wm[slot] += e.wiener * e.wiener, wg[slot] += e.wiener_given * e.wiener_given;
        }
      });
      const Gap gap{warp.sum(m), warp.sum(g), warp.sum(d), warp.sum(wm), warp.sum(wg)};
      warp.lanes([&](int lane, int) {
        if (lane != 0) return;
        double* mean = t.means + r * kRowValues;
        for (int i = 0; repeat == 0 && i < kRowValues; ++i) mean[i] = 0;
        add_row_values(0.5 * t.weight[r] / job.repeats, gap, mean);
        bin_values(0.5 * t.weight[r], gap, t.sums + r * kBinSums);
        t.landed[r] = t.bin[r];
        for (int i = 0; repeat + 1 == job.repeats && i < kRowValues; ++i)
          rows[(size_t)t.row[r] * kRowValues + i] = mean[i];
      });
    }
  });
}

template <class P, class Block>
MMG_FN void gap_tiles(const Block& block, const Problem& p, const Network& stored, const Tile<typename P::Cell>& t,
                      const Evaluation& job, double* rows, double* bins) {
  const Shape& s = stored.shape;
  const uint32_t size = t.n, tiles = (uint32_t)(((uint64_t)p.n_rows + size - 1) / size), last = p.n_rows - 1;
  const uint32_t begin = (uint64_t)tiles * block.at.rank / block.at.size,
                 end = (uint64_t)tiles * (block.at.rank + 1) / block.at.size;
  const int n_sums = p.proposal.n_bins * kBinSums;
  const Network net = fetch_weights(block, stored, t);
  block.spread(n_sums, [&](int i) { t.bins[i] = 0; });
  for (uint32_t tile = begin; tile < end; ++tile)
    for (uint32_t repeat = 0; repeat < job.repeats; ++repeat) {
      const uint32_t first = tile * size;
      const int n = (int)(p.n_rows - first < size ? p.n_rows - first : size);
      const auto row = [&](int r) { return r < n ? first + r : last; };
      draw_rows(
          block, p, s, t, [&](int r) { return gap_draw(p.seed, p.proposal, row(r), repeat, job.repeats); },
          [&](int r) { return NoiseKey{row(r), repeat, kGapNoise, 1.0f}; });
      fill_variables(block, p, s, t);
      block.fetched();
      fill_features<P>(block, p, s, t);
      forward<P>(block, net, t, false);
      row_gaps(block, p, s, t, n, job, repeat, rows);
      block.spread(n_sums, [&](int i) {  // in the order of rows; the next draws do not touch what this reads
        const int bin = i / kBinSums, k = i - bin * kBinSums;
        double sum = t.bins[i];
        for (int r = 0; r < n; ++r)
          if (t.landed[r] == bin) sum += t.sums[r * kBinSums + k];
        t.bins[i] = sum;
      });
    }
  block.each(n_sums, [&](int i) { bins[i] = t.bins[i]; });
}

template <class P, class Group>
MMG_FN void gap_program(Group& group, const Batch& batch, const Evaluation& job, const Grid& grid,
                        const Scratch& scratch) {
  const Shape& s = batch.shape;
  const size_t total = Parameters(s).total, sums = (size_t)batch.n_bins * kBinSums;
  uint16_t* packed = P::kTensor ? scratch.packed + (size_t)group.index * PackedWeights(s).total : nullptr;
  for (int b = group.index; b < batch.problems; b += group.count) {
    const Problem p = batch.problem(b);
    const Network net(s, job.weights + b * total, packed);
    if (P::kTensor) group.blocks([&](const auto& block) { pack_weights(block, net, packed); });
    group.blocks([&](const auto& block) {
      const auto& t = block.common([&] { return cut_for<P>(block, batch, grid, false); });
      gap_tiles<P>(block, p, net, t, job, job.rows + (size_t)b * batch.n_rows * kRowValues,
                   scratch.sums + block.at.number * sums);
    });
    group.blocks([&](const auto& block) {
      const double* first = scratch.sums + (size_t)(block.at.number - block.at.rank) * sums;
      block.share((int)sums, [&](int i) {
        double sum = 0;
        for (int k = 0; k < block.at.size; ++k) sum += first[k * sums + i];
        job.bins[b * sums + i] = sum;
      });
    });
  }
}

}  // namespace gpu
}  // namespace mmg

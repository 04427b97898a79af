// The kernel that evaluates, as a program of a group of thread blocks. A thread block takes tiles [tiles rank / size,
// ..) through all repeats and sums into bins of its own, row by row; the bins of a group's thread blocks are added in
// the order of ranks.
#pragma once
#include "program.h"

namespace mmg {
namespace gpu {

// Returns the squared errors of row r of both denoisers.
template <class Warp, class Element>
MMG_FN Gap gap_of_row(const Warp& warp, const Problem& p, const Shape& s, const Tile<Element>& t, int r) {
  float marginal[Warp::kSlots] = {}, given[Warp::kSlots] = {}, between[Warp::kSlots] = {};
  float wiener[Warp::kSlots] = {}, wiener_given[Warp::kSlots] = {};
  each_lane(warp, s.noised(), [&](int i, int slot) {
    const Errors<float> e = errors_at(p, s, t, r, i);
    const float difference = e.marginal - e.given;
    marginal[slot] += e.marginal * e.marginal;
    given[slot] += e.given * e.given;
    between[slot] += difference * difference;
    wiener[slot] += e.wiener * e.wiener;
    wiener_given[slot] += e.wiener_given * e.wiener_given;
  });
  return Gap{warp.sum(marginal), warp.sum(given), warp.sum(between), warp.sum(wiener), warp.sum(wiener_given)};
}

// Keeps what row r adds to its bin, and adds to its means over repeats, which the last repeat writes to `rows`.
template <class Element>
MMG_FN void keep_gap(const Tile<Element>& t, const Evaluation& job, int r, const Gap& gap, uint32_t repeat,
                     double* rows) {
  double* mean = t.means + r * kRowValues;
  for (int i = 0; repeat == 0 && i < kRowValues; ++i) mean[i] = 0;
  add_row_values(0.5 * t.weight[r] / job.repeats, gap, mean);
  bin_values(0.5 * t.weight[r], gap, t.sums + r * kBinSums);
  t.landed[r] = t.bin[r];
  for (int i = 0; repeat + 1 == job.repeats && i < kRowValues; ++i) rows[(size_t)t.row[r] * kRowValues + i] = mean[i];
}

template <class ThreadBlock, class Element>
MMG_FN void row_gaps(const ThreadBlock& block, const Problem& p, const Shape& s, const Tile<Element>& t, int n,
                     const Evaluation& job, uint32_t repeat, double* rows) {
  each_row(block, n, [&](const auto& warp, int r) {
    const Gap gap = gap_of_row(warp, p, s, t, r);
    first_lane(warp, [&] { keep_gap(t, job, r, gap, repeat, rows); });
  });
}

// Adds what the first n rows keep to their bins, in the order of rows. The next draws do not touch what this reads.
template <class ThreadBlock, class Element>
MMG_FN void add_to_bins(const ThreadBlock& block, const Tile<Element>& t, int n, int n_sums) {
  block.spread(n_sums, [&](int i) {
    const int bin = i / kBinSums, k = i - bin * kBinSums;
    double sum = t.bins[i];
    for (int r = 0; r < n; ++r)
      if (t.landed[r] == bin) sum += t.sums[r * kBinSums + k];
    t.bins[i] = sum;
  });
}

template <class P, class ThreadBlock>
MMG_FN void gap_tile(const ThreadBlock& block, const Problem& p, const Network& net, const Tile<typename P::Element>& t,
                     const Evaluation& job, uint32_t first, uint32_t repeat, double* rows) {
  const uint32_t last = p.n_rows - 1, size = t.n;
  const int n = (int)(p.n_rows - first < size ? p.n_rows - first : size);
  const auto row = [&](int r) { return r < n ? first + r : last; };
  const auto draw_of = [&](int r) { return gap_draw(p.seed, p.proposal, row(r), repeat, job.repeats); };
  const auto key_of = [&](int r) { return NoiseKey{row(r), repeat, kGapNoise, 1.0f}; };
  run_tile<P>(block, p, net, t, draw_of, key_of, false);
  row_gaps(block, p, net.shape, t, n, job, repeat, rows);
  add_to_bins(block, t, n, p.proposal.n_bins * kBinSums);
}

template <class P, class ThreadBlock>
MMG_FN void gap_tiles(const ThreadBlock& block, const Problem& p, const Network& stored,
                      const Tile<typename P::Element>& t, const Evaluation& job, double* rows, double* bins) {
  const uint32_t size = t.n, tiles = (uint32_t)(((uint64_t)p.n_rows + size - 1) / size);
  const Part part = part_of((int)tiles, block.at);
  const int n_sums = p.proposal.n_bins * kBinSums;
  const Network net = fetch_weights(block, stored, t);
  block.spread(n_sums, [&](int i) { t.bins[i] = 0; });
  for (int tile = part.begin; tile < part.end; ++tile)
    for (uint32_t repeat = 0; repeat < job.repeats; ++repeat)
      gap_tile<P>(block, p, net, t, job, tile * size, repeat, rows);
  block.each(n_sums, [&](int i) { bins[i] = t.bins[i]; });
}

// Adds the bins of a group's thread blocks, in the order of ranks.
template <class ThreadBlock>
MMG_FN void sum_bins(const ThreadBlock& block, const double* sums, int n_sums, double* bins) {
  const double* first = sums + (size_t)(block.at.number - block.at.rank) * n_sums;
  block.share(n_sums, [&](int i) {
    double sum = 0;
    for (int k = 0; k < block.at.size; ++k) sum += first[(size_t)k * n_sums + i];
    bins[i] = sum;
  });
}

template <class P, class Group>
MMG_FN void gap_program(Group& group, const Batch& batch, const Evaluation& job, const Grid& grid,
                        const Scratch& scratch) {
  const size_t n_sums = (size_t)batch.n_bins * kBinSums;
  const auto evaluate = [&](int b, const Problem& p, const Network& net, uint16_t*) {
    group.blocks([&](const auto& block) {
      const auto& t = block.common([&] { return cut_for<P>(block, batch, grid, false); });
      double* rows = job.rows + (size_t)b * batch.n_rows * kRowValues;
      gap_tiles<P>(block, p, net, t, job, rows, scratch.sums + block.at.number * n_sums);
    });
    group.blocks([&](const auto& block) { sum_bins(block, scratch.sums, (int)n_sums, job.bins + b * n_sums); });
  };
  each_problem<P>(group, batch, job.weights, scratch, evaluate);
}

}  // namespace gpu
}  // namespace mmg

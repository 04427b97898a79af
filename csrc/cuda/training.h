// The kernel that trains, as a program of a group of blocks. A group holds its problem for all steps of a launch, and its
// blocks meet twice a step: when every block has its part of the gradient, and when every block has moved its part of the
// weights. One launch then serves any number of steps, and with a block a problem, which is what small problems want, the
// two meetings cost nothing and thousands of steps need nobody else. The other design, two kernels a step in a captured
// graph, pays two launches inside the graph for the two meetings and reloads nothing that this one keeps. Which is faster
// on a card has not been measured.
//
// The part of block `rank` are tiles [tiles rank / size, ..). Gradients are summed in the order of ranks: the same device
// and sizes give the same bits.
#pragma once
#include "../common/adam.h"
#include "backward.h"
#include "program.h"

namespace mmg {
namespace gpu {

// Loss of each row, and its gradient with respect to the output, written over the output and as cells; see
// cpu/kernels.inl. Rows from n on have none.
template <class P, class Block>
MMG_FN void loss_backward(const Block& block, const Problem& p, const Shape& s, const Tile<typename P::Cell>& t, int n,
                          uint32_t batch) {
  using Warp = typename Block::Warp;
  const float g = -1.0f / (float)batch;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.n; r += warp.count) {
      const auto put = [&](int row, int i, float d) {
        t.out[row * t.ld_out + i] = d, t.dout[row * t.ld_out + i] = P::cell(d);
      };
      float marginal[Warp::kSlots] = {}, given[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int i = lane; i < rounded(s.noised(), 16); i += kWarp) {
          Errors<float> e{};
          if (i < s.noised() && r < n) e = errors_at(p, s, t, r, i);
          marginal[slot] += e.marginal * e.marginal, given[slot] += e.given * e.given;
          put(r, i, e.given * e.scale_given * g), put(t.n + r, i, e.marginal * e.scale * g);
        }
      });
      const float total = warp.sum(marginal), total_given = warp.sum(given);
      warp.lanes([&](int lane, int) {
        if (lane == 0) t.sums[2 * r] = 0.5 * total, t.sums[2 * r + 1] = 0.5 * total_given;
      });
    }
  });
}

template <class P, class Block>
MMG_FN void train_tiles(const Block& block, const Problem& p, const Network& stored, const Tile<typename P::Cell>& t,
                        const Training& job, uint32_t step, float* grad, double* losses) {
  const Network net = fetch_weights(block, stored, t);
  const Shape& s = net.shape;
  const uint32_t size = t.n, tiles = (job.batch + size - 1) / size, last = job.batch - 1;
  const uint32_t begin = (uint64_t)tiles * block.at.rank / block.at.size,
                 end = (uint64_t)tiles * (block.at.rank + 1) / block.at.size;
  block.spread(2, [&](int i) { losses[i] = 0; });
  if (begin == end) block.each(net.at.total, [&](int e) { grad[e] = 0; });
  for (uint32_t tile = begin; tile < end; ++tile) {
    const uint32_t first = tile * size;
    const int n = (int)(job.batch - first < size ? job.batch - first : size);
    const auto slot = [&](int r) { return r < n ? first + r : last; };
    draw_rows(
        block, p, s, t, [&](int r) { return training_draw(p.seed, p.proposal, slot(r), step, job.batch, p.n_rows); },
        [&](int r) { return NoiseKey{slot(r) & ~1u, step, kTrainNoise, slot(r) % 2 ? -1.0f : 1.0f}; });
    fill_variables(block, p, s, t);
    block.fetched();
    fill_features<P>(block, p, s, t);
    forward<P>(block, net, t, true);
    loss_backward<P>(block, p, s, t, n, job.batch);
    block.spread(2, [&](int i) {
      double sum = losses[i];
      for (int r = 0; r < n; ++r) sum += t.sums[2 * r + i];
      losses[i] = sum;
    });
    backward<P>(block, net, t, Gradient{grad, tile == begin});
  }
}

constexpr int kAtOnce = 16;  // loads on their way while a sum over blocks waits for them

template <class Block>
MMG_FN void apply_gradient(const Block& block, const Network& net, const Training& job, int b, uint32_t step,
                           const Scratch& scratch, uint16_t* packed) {
  const int total = net.at.total, first = block.at.number - block.at.rank;
  const float *grads = scratch.grads + (size_t)first * total, *r = job.rates + 4 * (size_t)step;
  const size_t at = (size_t)b * total;
  const AdamRates rates{r[0], job.beta1, job.beta2, job.eps, job.weight_decay, r[3], r[1], r[2]};
  block.share(total, [&](int e) {
    float g = 0.0f;
    for (int k = 0; k < block.at.size; k += kAtOnce) {
      float part[kAtOnce];
      MMG_UNROLL
      for (int j = 0; j < kAtOnce; ++j) part[j] = k + j < block.at.size ? grads[(size_t)(k + j) * total + e] : 0.0f;
      MMG_UNROLL
      for (int j = 0; j < kAtOnce; ++j) g += part[j];
    }
    if (job.grad) {
      job.grad[at + e] = g;
      return;
    }
    float w = job.weights[at + e], m = job.m[at + e], v = job.v[at + e], ema = job.ema[at + e];
    adam_update(rates, g, w, m, v, ema);
    job.weights[at + e] = w, job.m[at + e] = m, job.v[at + e] = v, job.ema[at + e] = ema;
    if (packed) pack_parameter(net, packed, e, w);
  });
  if (block.at.rank != 0) return;
  double* losses = job.losses + 2 * ((size_t)b * job.n_steps + step);
  block.each(2, [&](int i) {
    double sum = 0;
    for (int k = 0; k < block.at.size; ++k) sum += scratch.sums[2 * (size_t)(first + k) + i];
    losses[i] = sum / job.batch;
  });
}

template <class P, class Group>
MMG_FN void train_program(Group& group, const Batch& batch, const Training& job, const Grid& grid,
                          const Scratch& scratch) {
  const Shape& s = batch.shape;
  const size_t total = Parameters(s).total;
  uint16_t* packed = P::kTensor ? scratch.packed + (size_t)group.index * PackedWeights(s).total : nullptr;
  for (int b = group.index; b < batch.problems; b += group.count) {
    const Problem p = batch.problem(b);
    const Network net(s, job.weights + b * total, packed);
    if (P::kTensor) group.blocks([&](const auto& block) { pack_weights(block, net, packed); });
    for (uint32_t step = 0; step < job.n_steps; ++step) {
      group.blocks([&](const auto& block) {
        const auto& t = block.common([&] { return cut_for<P>(block, batch, grid, true); });
        train_tiles<P>(block, p, net, t, job, job.first_step + step, scratch.grads + block.at.number * total,
                       scratch.sums + 2 * block.at.number);
      });
      group.blocks([&](const auto& block) { apply_gradient(block, net, job, b, step, scratch, packed); });
    }
  }
}

}  // namespace gpu
}  // namespace mmg

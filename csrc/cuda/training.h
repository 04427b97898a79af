// The kernel that trains, as a program of a group of thread blocks. A group keeps its problem for all steps of a
// launch, and its thread blocks meet twice a step: when each has its part of the gradient, and when each has moved its
// part of the weights. One launch then serves any number of steps. With one thread block a problem, which suits small
// problems, the two meetings cost nothing, and thousands of steps need no other launch. The alternative, two kernels a
// step in a captured graph, pays for two launches inside the graph in place of the two meetings and keeps nothing
// between them. Which one is faster on a card has not been measured.
//
// The thread block of rank `rank` takes tiles [tiles rank / size, ..). Gradients are summed in the order of ranks: the
// same device and sizes give the same bits.
#pragma once
#include "../common/adam.h"
#include "backward.h"
#include "program.h"

namespace mmg {
namespace gpu {

// Computes the losses of row r without and with y, and writes their gradients with respect to the output over the
// output and as elements; see cpu/kernels.inl. Rows from n on repeat the last one and have none.
template <class P, class Warp>
MMG_FN void loss_row_backward(const Warp& warp, const Problem& p, const Shape& s, const Tile<typename P::Element>& t,
                              int r, int n, float scale) {
  const auto put = [&](int row, int i, float d) {
    t.out[row * t.ld_out + i] = d;
    t.dout[row * t.ld_out + i] = P::element(d);
  };
  float marginal[Warp::kSlots] = {}, given[Warp::kSlots] = {};
  each_lane(warp, rounded(s.noised(), 16), [&](int i, int slot) {
    Errors<float> e{};
    if (i < s.noised() && r < n) e = errors_at(p, s, t, r, i);
    marginal[slot] += e.marginal * e.marginal;
    given[slot] += e.given * e.given;
    put(r, i, e.given * e.scale_given * scale);
    put(t.n + r, i, e.marginal * e.scale * scale);
  });
  const float total = warp.sum(marginal), total_given = warp.sum(given);
  first_lane(warp, [&] {
    t.sums[2 * r] = 0.5 * total;
    t.sums[2 * r + 1] = 0.5 * total_given;
  });
}

template <class P, class ThreadBlock>
MMG_FN void loss_backward(const ThreadBlock& block, const Problem& p, const Shape& s,
                          const Tile<typename P::Element>& t, int n, uint32_t batch) {
  const float scale = -1.0f / (float)batch;
  each_row(block, t.n, [&](const auto& warp, int r) { loss_row_backward<P>(warp, p, s, t, r, n, scale); });
}

// Adds the losses of the first n rows, in their order.
template <class ThreadBlock, class Element>
MMG_FN void add_losses(const ThreadBlock& block, const Tile<Element>& t, int n, double* losses) {
  block.spread(2, [&](int i) {
    double sum = losses[i];
    for (int r = 0; r < n; ++r) sum += t.sums[2 * r + i];
    losses[i] = sum;
  });
}

template <class P, class ThreadBlock>
MMG_FN void train_tiles(const ThreadBlock& block, const Problem& p, const Network& stored,
                        const Tile<typename P::Element>& t, const Training& job, uint32_t step, float* grad,
                        double* losses) {
  const Network net = fetch_weights(block, stored, t);
  const uint32_t size = t.n, tiles = (job.batch + size - 1) / size, last = job.batch - 1;
  const Part part = part_of((int)tiles, block.at);
  block.spread(2, [&](int i) { losses[i] = 0; });
  if (part.begin == part.end) block.each(net.at.total, [&](int e) { grad[e] = 0; });
  for (int tile = part.begin; tile < part.end; ++tile) {
    const uint32_t first = tile * size;
    const int n = (int)(job.batch - first < size ? job.batch - first : size);
    const auto slot = [&](int r) { return r < n ? first + r : last; };
    const auto draw_of = [&](int r) { return training_draw(p.seed, p.proposal, slot(r), step, job.batch, p.n_rows); };
    const auto key_of = [&](int r) { return NoiseKey{slot(r) & ~1u, step, kTrainNoise, slot(r) % 2 ? -1.0f : 1.0f}; };
    run_tile<P>(block, p, net, t, draw_of, key_of, true);
    loss_backward<P>(block, p, net.shape, t, n, job.batch);
    add_losses(block, t, n, losses);
    backward<P>(block, net, t, Gradient{grad, tile == part.begin});
  }
}

constexpr int kAtOnce = 16;  // loads in flight while a sum over thread blocks waits for them

// Returns the sum over a group's thread blocks, in the order of ranks, of parameter e's gradient.
static MMG_HD float summed_gradient(const float* grads, int n_blocks, int total, int e) {
  float g = 0.0f;
  for (int k = 0; k < n_blocks; k += kAtOnce) {
    float part[kAtOnce];
    MMG_UNROLL
    for (int j = 0; j < kAtOnce; ++j) part[j] = k + j < n_blocks ? grads[(size_t)(k + j) * total + e] : 0.0f;
    MMG_UNROLL
    for (int j = 0; j < kAtOnce; ++j) g += part[j];
  }
  return g;
}

// Moves the parameter at index `at` of all problems' parameters by one step of Adam; returns its new value.
MMG_FN float move_parameter(const Training& job, const AdamRates& rates, size_t at, float g) {
  float w = job.weights[at], m = job.m[at], v = job.v[at], ema = job.ema[at];
  adam_update(rates, g, w, m, v, ema);
  job.weights[at] = w;
  job.m[at] = m;
  job.v[at] = v;
  job.ema[at] = ema;
  return w;
}

// Writes the batch means of both losses.
template <class ThreadBlock>
MMG_FN void write_losses(const ThreadBlock& block, const Training& job, const double* sums, double* losses) {
  block.each(2, [&](int i) {
    double sum = 0;
    for (int k = 0; k < block.at.size; ++k) sum += sums[2 * (size_t)k + i];
    losses[i] = sum / job.batch;
  });
}

// Moves the weights of problem b, or writes out the gradient where that is asked for, and writes the step's losses.
template <class ThreadBlock>
MMG_FN void apply_gradient(const ThreadBlock& block, const Network& net, const Training& job, int b, uint32_t step,
                           const Scratch& scratch, uint16_t* packed) {
  const int total = net.at.total, first = block.at.number - block.at.rank;
  const float *grads = scratch.grads + (size_t)first * total, *r = job.rates + 4 * (size_t)step;
  const size_t at = (size_t)b * total;
  const AdamRates rates{r[0], job.beta1, job.beta2, job.eps, job.weight_decay, r[3], r[1], r[2]};
  block.share(total, [&](int e) {
    const float g = summed_gradient(grads, block.at.size, total, e);
    if (job.grad) {
      job.grad[at + e] = g;
      return;
    }
    const float w = move_parameter(job, rates, at + e, g);
    if (packed) pack_parameter(net, packed, e, w);
  });
  if (block.at.rank != 0) return;
  const double* sums = scratch.sums + 2 * (size_t)first;
  write_losses(block, job, sums, job.losses + 2 * ((size_t)b * job.n_steps + step));
}

template <class P, class Group>
MMG_FN void train_program(Group& group, const Batch& batch, const Training& job, const Grid& grid,
                          const Scratch& scratch) {
  const size_t total = Parameters(batch.shape).total;
  const auto train = [&](int b, const Problem& p, const Network& net, uint16_t* packed) {
    for (uint32_t step = 0; step < job.n_steps; ++step) {
      group.blocks([&](const auto& block) {
        const auto& t = block.common([&] { return cut_for<P>(block, batch, grid, true); });
        float* grad = scratch.grads + block.at.number * total;
        train_tiles<P>(block, p, net, t, job, job.first_step + step, grad, scratch.sums + 2 * block.at.number);
      });
      group.blocks([&](const auto& block) { apply_gradient(block, net, job, b, step, scratch, packed); });
    }
  };
  each_problem<P>(group, batch, job.weights, scratch, train);
}

}  // namespace gpu
}  // namespace mmg

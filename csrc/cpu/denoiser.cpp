#include "denoiser.h"

#include <algorithm>
#include <vector>

#include "isa.h"
#include "packing.h"
#include "pool.h"

namespace mmg {
namespace {

constexpr uint32_t kTilesPerSlot = 2;    // a slot is the unit of work of a training step: 64 rows
constexpr uint32_t kMaxSlots = 16;       // beyond that, slots grow instead: their gradients are summed every step
constexpr uint32_t kRowsPerChunk = 128;  // the unit of work of an evaluation
constexpr size_t kAdamChunk = 8192;

Problem make_problem(const Layout& layout, const Data& d, const Proposal& q, uint64_t seed) {
  return Problem{layout, d.x, d.y, (uint32_t)d.n, d.rho, d.s2, q, seed};
}

// The gradient of one batch, cut into slots whose number and order depend on the batch alone.
class Gradient {
 public:
  Gradient(const Kernels& k, const Problem& p, uint32_t batch, int threads, Watch& watch)
      : kernels_(k), problem_(p), watch_(watch), batch_(batch), tiles_((batch + kTileRows - 1) / kTileRows),
        slots_(std::min(kMaxSlots, (tiles_ + kTilesPerSlot - 1) / kTilesPerSlot)), losses_(slots_),
        grads_(buffers(slots_, p.layout.n_packed)), workspaces_(buffers(threads, k.workspace_floats(p.layout, true))) {
    for (const Buffer& g : grads_) pointers_.push_back(g.get());
  }

  // Worth nothing once the watch has stopped.
  Losses run(Pool& pool, Weights w, uint32_t step) {
    pool.run((int)slots_, [&](int slot, int thread) { run_slot(w, step, (uint32_t)slot, thread); }, [&] { watch_.look(); });
    Losses sum{0, 0};
    for (const Losses& l : losses_) sum.marginal += l.marginal, sum.given += l.given;
    return Losses{sum.marginal / batch_, sum.given / batch_};
  }

  const float* const* grads() const { return pointers_.data(); }
  int n_grads() const { return (int)slots_; }

 private:
  void run_slot(Weights w, uint32_t step, uint32_t slot, int thread) {
    const uint32_t begin = (uint64_t)tiles_ * slot / slots_, end = (uint64_t)tiles_ * (slot + 1) / slots_;
    losses_[slot] = Losses{0, 0};
    for (uint32_t tile = begin; tile < end && !watch_.stopped_for(thread); ++tile) {
      const uint32_t first = tile * kTileRows, n = std::min<uint32_t>(kTileRows, batch_ - first);
      kernels_.train_tile(problem_, w, step, batch_, first, (int)n, grads_[slot].get(), tile == begin,
                          workspaces_[thread].get(), &losses_[slot]);
    }
  }

  const Kernels& kernels_;
  const Problem& problem_;
  Watch& watch_;
  uint32_t batch_, tiles_, slots_;
  std::vector<Losses> losses_;
  std::vector<Buffer> grads_, workspaces_;
  std::vector<const float*> pointers_;
};

AdamRates adam_rates(const TrainPlan& p, uint32_t done) {
  const float* r = p.rates + 4 * (size_t)done;
  return AdamRates{r[0], p.beta1, p.beta2, p.eps, p.weight_decay, r[3], r[1], r[2]};
}

}  // namespace

uint32_t train_denoiser(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, const TrainPlan& plan,
                        const TrainState& state, double* losses, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const Layout layout = make_layout(shape, k.nr);
  const Problem problem = make_problem(layout, data, proposal, seed);
  Pool pool(execution.threads);
  PackedWeights<Layout> weights(k, layout, state.weights);
  const size_t size = layout.n_packed;
  Buffer m(size), v(size), ema(size);
  pack(layout, state.m, m.get()), pack(layout, state.v, v.get()), pack(layout, state.ema, ema.get());
  Watch watch(execution);
  Gradient gradient(k, problem, plan.batch, pool.size(), watch);
  uint32_t done = 0;
  for (; done < plan.n_steps; ++done) {
    const uint32_t step = plan.first_step + done;
    const Losses l = gradient.run(pool, weights.view(), step);
    if (watch.stopped()) break;
    losses[2 * done] = l.marginal, losses[2 * done + 1] = l.given;
    AdamStep s{};
    s.rates = adam_rates(plan, done);
    s.weights = weights.packed(), s.m = m.get(), s.v = v.get(), s.ema = ema.get();
    s.grads = gradient.grads(), s.n_grads = gradient.n_grads();
    pool.run((int)((size + kAdamChunk - 1) / kAdamChunk), [&](int chunk, int) {
      k.adam(s, chunk * kAdamChunk, std::min(size, (chunk + 1) * kAdamChunk));
    });
    pool.run(weights.n_panels(), [&](int panel, int) { weights.transpose(panel); });
  }
  unpack(layout, weights.packed(), state.weights);
  unpack(layout, m.get(), state.m), unpack(layout, v.get(), state.v), unpack(layout, ema.get(), state.ema);
  return done;
}

Losses denoiser_grad(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t step, uint32_t batch,
                     const float* weights, float* grad, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const Layout layout = make_layout(shape, k.nr);
  const Problem problem = make_problem(layout, data, proposal, seed);
  Pool pool(execution.threads);
  PackedWeights<Layout> packed(k, layout, weights);
  Watch watch(execution);
  Gradient gradient(k, problem, batch, pool.size(), watch);
  const Losses losses = gradient.run(pool, packed.view(), step);
  Buffer total(layout.n_packed);
  for (int i = 0; i < gradient.n_grads(); ++i)
    for (size_t j = 0; j < layout.n_packed; ++j) total.get()[j] += gradient.grads()[i][j];
  unpack(layout, total.get(), grad);
  return losses;
}

bool mmse_gap(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t repeats,
              const float* weights, double* bins, double* rows, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const Layout layout = make_layout(shape, k.nr);
  const Problem problem = make_problem(layout, data, proposal, seed);
  Pool pool(execution.threads);
  Buffer packed(layout.n_packed);
  pack(layout, weights, packed.get());
  const std::vector<Buffer> workspaces = buffers(pool.size(), k.workspace_floats(layout, false));
  const int n_sums = proposal.n_bins * kBinSums;
  const uint32_t n = (uint32_t)data.n, chunks = (n + kRowsPerChunk - 1) / kRowsPerChunk;
  // chunks whose sums wait to be added in order; threads idle at a wave's end, so it holds many for each
  const uint32_t wave = std::max(256u, 16u * pool.size());
  std::fill(bins, bins + n_sums, 0.0);
  std::vector<double> partial((size_t)wave * n_sums);
  Watch watch(execution);
  for (uint32_t start = 0; start < chunks; start += wave) {
    const uint32_t count = std::min(wave, chunks - start);
    std::fill(partial.begin(), partial.end(), 0.0);
    pool.run((int)count, [&](int i, int thread) {
      const uint32_t begin = (start + i) * kRowsPerChunk, end = std::min(n, begin + kRowsPerChunk);
      std::fill(rows + (size_t)begin * kRowValues, rows + (size_t)end * kRowValues, 0.0);
      for (uint32_t first = begin; first < end; first += kTileRows)
        for (uint32_t r = 0; r < repeats && !watch.stopped_for(thread); ++r)
          k.gap_tile(problem, Weights{packed.get(), nullptr}, first, (int)std::min<uint32_t>(kTileRows, end - first), r, repeats,
                     workspaces[thread].get(), partial.data() + (size_t)i * n_sums, rows + (size_t)first * kRowValues);
    }, [&] { watch.look(); });
    if (watch.stopped()) return false;
    for (uint32_t i = 0; i < count; ++i)  // in the order of the rows, whatever thread did what
      for (int j = 0; j < n_sums; ++j) bins[j] += partial[(size_t)i * n_sums + j];
  }
  return true;
}

}  // namespace mmg

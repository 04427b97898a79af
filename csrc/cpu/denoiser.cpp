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

// The parts that every entry point needs.
struct Setup {
  Setup(const Shape& shape, const Data& d, const Proposal& q, uint64_t seed, const Execution& execution)
      : k(kernels(execution.isa)), layout(make_layout(shape, k.nr)),
        problem{layout, d.x, d.y, (uint32_t)d.n, d.rho, d.s2, q, seed}, pool(execution.threads) {}

  const Kernels& k;
  const Layout layout;
  const Problem problem;
  Pool pool;
};

// The gradient of one batch, cut into slots whose number and order depend on the batch alone.
class DenoiserGradient {
 public:
  DenoiserGradient(const Kernels& k, const Problem& p, uint32_t batch, int threads, Watch& watch)
      : kernels_(k), problem_(p), watch_(watch), batch_(batch), tiles_((batch + kTileRows - 1) / kTileRows),
        slots_(std::min(kMaxSlots, (tiles_ + kTilesPerSlot - 1) / kTilesPerSlot)), losses_(slots_),
        grads_(buffers(slots_, p.layout.n_packed)), workspaces_(buffers(threads, k.workspace_floats(p.layout, true))) {
    for (const Buffer& g : grads_) pointers_.push_back(g.get());
  }

  // Returns the batch means of both losses. Losses and gradient are incomplete once the watch has stopped.
  Losses run(Pool& pool, Weights w, uint32_t step) {
    pool.run((int)slots_, [&](int slot, int thread) { run_slot(w, step, (uint32_t)slot, thread); },
             [&] { watch_.look(); });
    Losses sum{0, 0};
    for (const Losses& l : losses_) {
      sum.marginal += l.marginal;
      sum.given += l.given;
    }
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
  const float* rates = p.rates + 4 * (size_t)done;
  return AdamRates{rates[0], p.beta1, p.beta2, p.eps, p.weight_decay, rates[3], rates[1], rates[2]};
}

// The optimiser's state, packed as the weights are.
struct Moments {
  Moments(const Layout& l, const TrainState& state) : m(l.n_packed), v(l.n_packed), ema(l.n_packed) {
    pack(l, state.m, m.get());
    pack(l, state.v, v.get());
    pack(l, state.ema, ema.get());
  }
  void write(const Layout& l, const TrainState& state) const {
    unpack(l, m.get(), state.m);
    unpack(l, v.get(), state.v);
    unpack(l, ema.get(), state.ema);
  }
  Buffer m, v, ema;
};

// Moves all weights by one step of Adam, and their transposed copies with them.
void move(Setup& setup, PackedWeights<Layout>& weights, const Moments& moments, const DenoiserGradient& gradient,
          const AdamRates& rates) {
  const size_t size = setup.layout.n_packed;
  const AdamStep step{weights.packed(),
                      moments.m.get(),
                      moments.v.get(),
                      moments.ema.get(),
                      gradient.grads(),
                      gradient.n_grads(),
                      rates};
  setup.pool.run((int)((size + kAdamChunk - 1) / kAdamChunk), [&](int chunk, int) {
    setup.k.adam(step, chunk * kAdamChunk, std::min(size, (chunk + 1) * kAdamChunk));
  });
  setup.pool.run(weights.n_panels(), [&](int panel, int) { weights.transpose(panel); });
}

// The sums of an evaluation. Each chunk of rows sums into bins of its own, which are added in the order of the rows,
// whatever thread computed them.
class GapSums {
 public:
  GapSums(Setup& setup, const float* weights, uint32_t repeats, double* bins, double* rows, Watch& watch)
      : setup_(setup), watch_(watch), repeats_(repeats), bins_(bins), rows_(rows), packed_(setup.layout.n_packed),
        workspaces_(buffers(setup.pool.size(), setup.k.workspace_floats(setup.layout, false))),
        n_sums_(setup.problem.proposal.n_bins * kBinSums), wave_(std::max(256u, 16u * setup.pool.size())),
        partial_((size_t)wave_ * n_sums_) {
    pack(setup.layout, weights, packed_.get());
    std::fill(bins, bins + n_sums_, 0.0);
  }

  // Returns false if the watch stopped it.
  bool run() {
    const uint32_t chunks = (setup_.problem.n_rows + kRowsPerChunk - 1) / kRowsPerChunk;
    for (uint32_t start = 0; start < chunks; start += wave_) {
      const uint32_t count = std::min(wave_, chunks - start);
      std::fill(partial_.begin(), partial_.end(), 0.0);
      const auto task = [&](int i, int thread) { run_chunk(start + i, partial_.data() + (size_t)i * n_sums_, thread); };
      setup_.pool.run((int)count, task, [&] { watch_.look(); });
      if (watch_.stopped()) return false;
      for (uint32_t i = 0; i < count; ++i)
        for (int j = 0; j < n_sums_; ++j) bins_[j] += partial_[(size_t)i * n_sums_ + j];
    }
    return true;
  }

 private:
  void run_chunk(uint32_t chunk, double* sums, int thread) {
    const uint32_t begin = chunk * kRowsPerChunk, end = std::min(setup_.problem.n_rows, begin + kRowsPerChunk);
    std::fill(rows_ + (size_t)begin * kRowValues, rows_ + (size_t)end * kRowValues, 0.0);
    for (uint32_t first = begin; first < end; first += kTileRows) {
      const int n = (int)std::min<uint32_t>(kTileRows, end - first);
      double* rows = rows_ + (size_t)first * kRowValues;
      for (uint32_t r = 0; r < repeats_ && !watch_.stopped_for(thread); ++r)
        setup_.k.gap_tile(setup_.problem, Weights{packed_.get(), nullptr}, first, n, r, repeats_,
                          workspaces_[thread].get(), sums, rows);
    }
  }

  Setup& setup_;
  Watch& watch_;
  const uint32_t repeats_;
  double *bins_, *rows_;
  Buffer packed_;
  const std::vector<Buffer> workspaces_;
  const int n_sums_;
  const uint32_t wave_;  // chunks between two additions: threads idle at a wave's end, so it holds many for each
  std::vector<double> partial_;
};

}  // namespace

uint32_t train_denoiser(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed,
                        const TrainPlan& plan, const TrainState& state, double* losses, const Execution& execution) {
  Setup setup(shape, data, proposal, seed, execution);
  PackedWeights<Layout> weights(setup.k, setup.layout, state.weights);
  const Moments moments(setup.layout, state);
  Watch watch(execution);
  DenoiserGradient gradient(setup.k, setup.problem, plan.batch, setup.pool.size(), watch);
  uint32_t done = 0;
  for (; done < plan.n_steps; ++done) {
    const uint32_t step = plan.first_step + done;
    const Losses l = gradient.run(setup.pool, weights.view(), step);
    if (watch.stopped()) break;
    losses[2 * done] = l.marginal;
    losses[2 * done + 1] = l.given;
    move(setup, weights, moments, gradient, adam_rates(plan, done));
  }
  unpack(setup.layout, weights.packed(), state.weights);
  moments.write(setup.layout, state);
  return done;
}

Losses denoiser_grad(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t step,
                     uint32_t batch, const float* weights, float* grad, const Execution& execution) {
  Setup setup(shape, data, proposal, seed, execution);
  PackedWeights<Layout> packed(setup.k, setup.layout, weights);
  Watch watch(execution);
  DenoiserGradient gradient(setup.k, setup.problem, batch, setup.pool.size(), watch);
  const Losses losses = gradient.run(setup.pool, packed.view(), step);
  const size_t size = setup.layout.n_packed;
  Buffer total(size);
  for (int i = 0; i < gradient.n_grads(); ++i)
    for (size_t j = 0; j < size; ++j) total.get()[j] += gradient.grads()[i][j];
  unpack(setup.layout, total.get(), grad);
  return losses;
}

bool mmse_gap(const Shape& shape, const Data& data, const Proposal& proposal, uint64_t seed, uint32_t repeats,
              const float* weights, double* bins, double* rows, const Execution& execution) {
  Setup setup(shape, data, proposal, seed, execution);
  Watch watch(execution);
  return GapSums(setup, weights, repeats, bins, rows, watch).run();
}

}  // namespace mmg

#include "critic.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa.h"
#include "packing.h"

namespace mmg {
namespace {

constexpr int kRowsAtOnce = 512;    // of the groups that are scored together: their workspace stays in the cache
constexpr int kTilesAtOnce = 4096;  // tiles of pairs between two looks at the watch: tens of milliseconds

CriticProblem make_problem(const CriticLayout& layout, const CriticData& d) {
  return CriticProblem{layout, d.x, d.y, d.cross, d.square, d.shrink, d.grow, d.offset, d.temperature};
}

// Calls f(begin, end) until all tiles of pairs are done; false if the watch stopped it.
template <class F>
bool in_parts(int tiles, Watch& watch, F f) {
  for (int begin = 0; begin < tiles; begin += kTilesAtOnce) {
    watch.look();
    if (watch.stopped()) return false;
    f(begin, std::min(tiles, begin + kTilesAtOnce));
  }
  return true;
}

bool scores_of(const Kernels& k, const CriticProblem& p, Weights w, const Groups& g, bool training, float* workspace,
               float* scores, Watch& watch) {
  k.critic_sides(p, w, g, training, workspace);
  return in_parts(k.critic_pair_tiles(g), watch,
                  [&](int begin, int end) { k.critic_scores(p, w, g, training, begin, end, workspace, scores); });
}

// The gradient of one batch after the other.
class CriticGradient {
 public:
  CriticGradient(const Kernels& k, const CriticProblem& problem, const CriticPlan& plan, Watch& watch)
      : kernels_(k), problem_(problem), plan_(plan), watch_(watch),
        scores_((size_t)plan.groups * plan.size * plan.size),
        workspace_(k.critic_floats(problem.layout, plan.groups * plan.size, true)), grad_(problem.layout.n_packed) {}

  // Returns false, with `log_average` unchanged, if the watch stopped it.
  bool run(Weights w, uint32_t step, double* log_average) {
    const Groups groups{plan_.groups, plan_.size, plan_.picked + (size_t)step * plan_.batch};
    float *grad = grad_.get(), *scores = scores_.data(), *workspace = workspace_.get();
    std::fill(grad, grad + problem_.layout.n_packed, 0.0f);
    if (!scores_of(kernels_, problem_, w, groups, true, workspace, scores, watch_)) return false;
    const double before = *log_average;
    objective_gradient(plan_.objective, groups.count, groups.size, plan_.smoothing, log_average, scores);
    const bool done = in_parts(kernels_.critic_pair_tiles(groups), watch_, [&](int begin, int end) {
      kernels_.critic_pairs_backward(problem_, w, groups, scores, begin, end, workspace, grad);
    });
    if (!done) *log_average = before;
    else kernels_.critic_sides_backward(problem_, w, groups, workspace, grad);
    return done;
  }

  // Scales the gradient down to the norm `longest` where it is longer. Returns false where it is not finite: an
  // exponential overflowed, and the gradient is of no use.
  bool clip() {
    double square = 0;
    for (size_t i = 0; i < problem_.layout.n_packed; ++i) square += (double)grad_.get()[i] * grad_.get()[i];
    const float factor = (float)std::min(1.0, plan_.longest / (std::sqrt(square) + 1e-6));
    for (size_t i = 0; i < problem_.layout.n_packed && factor < 1; ++i) grad_.get()[i] *= factor;
    return std::isfinite(square);
  }

  const float* get() const { return grad_.get(); }

 private:
  const Kernels& kernels_;
  const CriticProblem& problem_;
  const CriticPlan& plan_;
  Watch& watch_;
  std::vector<float> scores_;
  Buffer workspace_, grad_;
};

AdamRates adam_rates(const CriticPlan& p, float rate, int64_t step) {
  AdamRates r{};  // ema_decay 0: nobody reads the moving average
  r.lr = rate;
  r.beta1 = p.beta1;
  r.beta2 = p.beta2;
  r.eps = p.eps;
  r.weight_decay = p.weight_decay;
  correct(r, (double)step);
  return r;
}

}  // namespace

uint32_t train_critic(const CriticShape& shape, const CriticData& data, const CriticPlan& plan,
                      const CriticState& state, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const CriticLayout layout = make_critic_layout(shape, k.nr);
  const CriticProblem problem = make_problem(layout, data);
  PackedWeights<CriticLayout> weights(k, layout, state.weights);
  Buffer m(layout.n_packed), v(layout.n_packed), average(layout.n_packed);
  pack(layout, state.m, m.get());
  pack(layout, state.v, v.get());
  Watch watch(execution);
  CriticGradient gradient(k, problem, plan, watch);
  const float* grad = gradient.get();
  uint32_t done = 0;
  for (; done < plan.n_steps && gradient.run(weights.view(), done, state.log_average); ++done) {
    if (!gradient.clip()) continue;
    const AdamRates rates = adam_rates(plan, plan.rates[done], ++*state.steps);
    k.adam(AdamStep{weights.packed(), m.get(), v.get(), average.get(), &grad, 1, rates}, 0, layout.n_packed);
    weights.transpose_all();
  }
  unpack(layout, weights.packed(), state.weights);
  unpack(layout, m.get(), state.m);
  unpack(layout, v.get(), state.v);
  return done;
}

bool critic_grad(const CriticShape& shape, const CriticData& data, const CriticPlan& plan, const float* weights,
                 double* log_average, float* grad, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const CriticLayout layout = make_critic_layout(shape, k.nr);
  const CriticProblem problem = make_problem(layout, data);
  PackedWeights<CriticLayout> packed(k, layout, weights);
  Watch watch(execution);
  CriticGradient gradient(k, problem, plan, watch);
  const bool done = gradient.run(packed.view(), 0, log_average);
  unpack(layout, gradient.get(), grad);
  return done;
}

bool critic_table(const CriticShape& shape, const CriticData& data, int groups, int size, const float* weights,
                  float* scores, const Execution& execution) {
  const Kernels& k = kernels(execution.isa);
  const CriticLayout layout = make_critic_layout(shape, k.nr);
  PackedWeights<CriticLayout> packed(k, layout, weights);
  const int most = std::min(groups, std::max(1, kRowsAtOnce / size));
  Buffer workspace(k.critic_floats(layout, most * size, false));
  Watch watch(execution);
  CriticProblem problem = make_problem(layout, data);
  for (int first = 0; first < groups; first += most) {
    const size_t row = (size_t)first * size;
    problem.x = data.x + row * shape.dim_x;
    problem.y = data.y + row * shape.dim_y;
    const Groups here{std::min(most, groups - first), size, nullptr};
    if (!scores_of(k, problem, packed.view(), here, false, workspace.get(), scores + row * size, watch)) return false;
  }
  return true;
}

}  // namespace mmg

#include "objectives.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mmg {
namespace {

// Calls f(score, own) for every score; `own` is true on the diagonal, for a pair of the data.
template <class T, class F>
void each_score(int groups, int size, T* scores, F f) {
  for (int g = 0; g < groups; ++g)
    for (int i = 0; i < size; ++i)
      for (int j = 0; j < size; ++j, ++scores) f(*scores, i == j);
}

// Replaces every score by f(score, own).
template <class F>
void replace(int groups, int size, float* scores, F f) {
  each_score(groups, size, scores, [&](float& score, bool own) { score = (float)f(score, own); });
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double log_sum(const float* scores, int n, float largest) {
  double total = 0;
  for (int i = 0; i < n; ++i) total += std::exp((double)scores[i] - largest);
  return largest + std::log(total);
}

double log_add(double a, double b) {
  const double larger = std::max(a, b);
  return larger + std::log1p(std::exp(std::min(a, b) - larger));
}

// Returns the logarithm of the mean of e^f over shuffled pairs, in nats.
double log_partition(int groups, int size, const float* scores) {
  float largest = -INFINITY;
  double total = 0;
  each_score(groups, size, scores, [&](float f, bool own) { largest = own ? largest : std::max(largest, f); });
  each_score(groups, size, scores, [&](float f, bool own) { total += own ? 0.0 : std::exp((double)f - largest); });
  return largest + std::log(total / ((double)groups * size * (size - 1)));
}

double updated(double smoothing, double batch, double* log_average) {
  const bool first = std::isnan(*log_average) || smoothing == 0;
  *log_average = first ? batch : log_add(*log_average + std::log(smoothing), batch + std::log1p(-smoothing));
  return *log_average;
}

void infonce(int groups, int size, float* scores) {
  const double share = 1.0 / ((double)groups * size);
  for (int row = 0; row < groups * size; ++row, scores += size) {
    const double whole = log_sum(scores, size, *std::max_element(scores, scores + size));
    for (int j = 0; j < size; ++j) scores[j] = (float)(share * (std::exp(scores[j] - whole) - (j == row % size)));
  }
}

}  // namespace

void objective_gradient(Objective objective, int groups, int size, double smoothing, double* log_average,
                        float* scores) {
  const double pair = 1.0 / ((double)groups * size), other = pair / (size - 1);
  switch (objective) {
    case Objective::kDonskerVaradhan: {
      const double average = updated(smoothing, log_partition(groups, size, scores), log_average);
      return replace(groups, size, scores,
                     [&](double f, bool own) { return own ? -pair : other * std::exp(f - average); });
    }
    case Objective::kInfoNCE: return infonce(groups, size, scores);
    case Objective::kNWJ:
      return replace(groups, size, scores, [&](double f, bool own) { return own ? -pair : other * std::exp(f); });
    case Objective::kJensenShannon:
      return replace(groups, size, scores,
                     [&](double f, bool own) { return own ? -2 * pair * sigmoid(-f) : 2 * other * sigmoid(f); });
    case Objective::kHellinger:
      return replace(groups, size, scores, [&](double f, bool own) {
        return own ? -0.5 * pair * std::exp(-f / 2) : 0.5 * other * std::exp(f / 2);
      });
  }
}

}  // namespace mmg

// The objectives that critics are trained by, as gradients of a loss with respect to their scores. Portable; in double.
#pragma once

namespace mmg {

enum class Objective { kDonskerVaradhan, kInfoNCE, kNWJ, kJensenShannon, kHellinger };

// Replaces scores (groups, size, size), f(x_i, y_j) of each group, by the derivatives of minus the objective, the mean
// of all rows' shares. Pairs are on the diagonal; every other entry is of a shuffled pair.
//
// Donsker-Varadhan is MINE's: its denominator is a moving average of the partition, with `smoothing` the weight of the
// past. `log_average` is its logarithm, NaN before the first batch; the other objectives leave it alone.
void objective_gradient(Objective objective, int groups, int size, double smoothing, double* log_average,
                        float* scores);

}  // namespace mmg

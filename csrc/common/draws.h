// Draws of data rows and log-SNRs, each keyed by a counter.
#pragma once
#include "philox.h"
#include "proposal.h"

namespace mmg {

struct RowDraw {
  uint32_t row;
  Draw draw;
};

// Returns the draw of slot `slot` of a training step. Slots come in pairs, keyed by the even one: a row drawn with
// replacement and one log-SNR per stratum, first with noise eps and then with -eps. Most of a gradient's noise is odd
// in eps, above all at high SNR, and cancels between the two.
static MMG_HD RowDraw training_draw(uint64_t seed, const Proposal& q, uint32_t slot, uint32_t step, uint32_t batch,
                                    uint32_t n_rows) {
  const uint32_t first = slot & ~1u, width = batch - first < 2 ? 1 : 2;
  const Philox d = philox(seed, first, step, 0, kTrainDraw);
  const float u = ((float)first + (float)width * open_unit(d.v[1])) / (float)batch;
  return RowDraw{below(d.v[0], n_rows), draw_logsnr(q, u)};
}

// Returns the draw of one row in an evaluation: a row takes one log-SNR from each of `repeats` strata, so that its mean
// over repeats estimates an integral over log-SNR.
static MMG_HD RowDraw gap_draw(uint64_t seed, const Proposal& q, uint32_t row, uint32_t repeat, uint32_t repeats) {
  const Philox d = philox(seed, row, repeat, 0, kGapDraw);
  return RowDraw{row, draw_logsnr(q, ((float)repeat + open_unit(d.v[0])) / (float)repeats)};
}

}  // namespace mmg

// Philox4x32-10, a counter-based random generator: J. Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011. A draw is a pure function of (seed, counter), so results do not depend on threads.
#pragma once
#include "platform.h"

namespace mmg {

struct Philox {
  uint32_t v[4];
};

// The purpose of a draw, the last word of its counter: two purposes never share a counter.
enum Stream : uint32_t { kTrainDraw = 0, kTrainNoise = 1, kGapDraw = 2, kGapNoise = 3 };

static MMG_HD Philox philox(uint64_t seed, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return Philox{{c0, c1, c2, c3}};
}

// Maps 32 random bits to the open interval (0, 1): to the centres of 2^23 equal parts, all exact in float32.
static MMG_HD float open_unit(uint32_t bits) { return ((float)(bits >> 9) + 0.5f) * 1.1920928955078125e-07f; }

// Maps 32 random bits to an integer in [0, n).
static MMG_HD uint32_t below(uint32_t bits, uint32_t n) { return (uint32_t)(((uint64_t)bits * n) >> 32); }

}  // namespace mmg

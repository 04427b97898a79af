// The tensor cores' product of small matrices, (16, 16) (16, 8) added to (16, 8), in bf16 with float32 sums, and which
// lane of a warp holds which of their elements (PTX ISA, "Matrix fragments for mma.m16n8k16"). The same maps load the
// registers on a GPU and play the instruction on the host.
#pragma once
#include "../common/fastmath.h"
#include "executor.h"

namespace mmg {
namespace gpu {

struct Cell {
  int row, column;
};

// Where element i of a lane lies: 8 of the left matrix, 4 of the right one, 4 of the sum. Elements 2 j and 2 j + 1 share
// register j, the even one in its low half.
static MMG_HD Cell a_cell(int lane, int i) { return Cell{lane / 4 + 8 * (i / 2 % 2), lane % 4 * 2 + i % 2 + 8 * (i / 4)}; }
static MMG_HD Cell b_cell(int lane, int i) { return Cell{lane % 4 * 2 + i % 2 + 8 * (i / 2), lane / 4}; }
static MMG_HD Cell c_cell(int lane, int i) { return Cell{lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2}; }

// The inverse of b_cell as a position among the 32 x 4 elements, lane by lane.
static MMG_HD int b_position(int k, int n) { return (n * 4 + k % 8 / 2) * 4 + k / 8 * 2 + k % 2; }

struct FragmentA {
  uint32_t r[4];
};
struct FragmentB {
  uint32_t r[2];
};
struct FragmentC {
  float c[4];
};

// Rounded to nearest, ties to even.
static MMG_HD uint32_t to_bf16(float x) {
  const uint32_t bits = (uint32_t)as_bits(x);
  return x != x ? 0x7fc0u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}
static MMG_HD float from_bf16(uint32_t half) { return as_float((int32_t)(half << 16)); }

static MMG_HD uint32_t pack_bf16(float even, float odd) {
#if defined(__CUDA_ARCH__)
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(odd), "f"(even));
  return both;
#else
  return to_bf16(odd) << 16 | to_bf16(even);
#endif
}
static MMG_HD float unpack_bf16(uint32_t both, int which) { return from_bf16(which ? both >> 16 : both & 0xffffu); }

// c += a b. On the host: the registers are laid out as matrices, multiplied, and cut up again.
inline void mma(const HostWarp& warp, const FragmentA (&a)[kWarp], const FragmentB (&b)[kWarp], FragmentC (&c)[kWarp]) {
  float left[16][16], right[16][8];
  warp.lanes([&](int lane, int slot) {
    for (int i = 0; i < 8; ++i) left[a_cell(lane, i).row][a_cell(lane, i).column] = unpack_bf16(a[slot].r[i / 2], i % 2);
    for (int i = 0; i < 4; ++i) right[b_cell(lane, i).row][b_cell(lane, i).column] = unpack_bf16(b[slot].r[i / 2], i % 2);
  });
  warp.lanes([&](int lane, int slot) {
    for (int i = 0; i < 4; ++i)
      for (int k = 0; k < 16; ++k) c[slot].c[i] += left[c_cell(lane, i).row][k] * right[k][c_cell(lane, i).column];
  });
}

#if defined(__CUDACC__)
MMG_FN void mma(const DeviceWarp&, const FragmentA (&a)[1], const FragmentB (&b)[1], FragmentC (&c)[1]) {
#if defined(__CUDA_ARCH__)
  float* s = c[0].c;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
      : "r"(a[0].r[0]), "r"(a[0].r[1]), "r"(a[0].r[2]), "r"(a[0].r[3]), "r"(b[0].r[0]), "r"(b[0].r[1]));
#endif
}
#endif

}  // namespace gpu
}  // namespace mmg

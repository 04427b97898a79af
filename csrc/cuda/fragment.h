// The tensor cores' product of small matrices, (16, 16) (16, 8) added to (16, 8), in bf16 with float32 sums, and which
// lane of a warp holds which of their elements (PTX ISA, "Matrix fragments for mma.m16n8k16"). The same maps load the
// registers on a GPU and play the instruction on the host.
#pragma once
#include "../common/fastmath.h"
#include "executor.h"

namespace mmg {
namespace gpu {

// Of an element in a matrix.
struct Coordinate {
  int row, column;
};

// Return the coordinate of a lane's element i in the left matrix (i < 8), the right one (i < 4) and the sum (i < 4).
// Elements 2 j and 2 j + 1 share register j, the even one in its low half.
static MMG_HD Coordinate a_coordinate(int lane, int i) {
  return Coordinate{lane / 4 + 8 * (i / 2 % 2), lane % 4 * 2 + i % 2 + 8 * (i / 4)};
}
static MMG_HD Coordinate b_coordinate(int lane, int i) {
  return Coordinate{lane % 4 * 2 + i % 2 + 8 * (i / 2), lane / 4};
}
static MMG_HD Coordinate c_coordinate(int lane, int i) {
  return Coordinate{lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2};
}

// Returns where element (k, n) of 16 x 16 elements of the right matrix, which are two fragments side by side, is stored
// among 32 lanes of 8: a lane's registers of both lie together, so that one load brings them.
static MMG_HD int pair_position(int k, int n) { return (n % 8 * 4 + k % 8 / 2) * 8 + n / 8 * 4 + k / 8 * 2 + k % 2; }

// A lane's registers of one left fragment, or of two right ones side by side; aligned, so that one load brings all.
struct alignas(16) Four {
  uint32_t r[4];
};
struct FragmentC {
  float c[4];
};

// Rounded to nearest, ties to even.
static MMG_HD uint32_t to_bf16(float x) {
#if defined(__CUDA_ARCH__)
  uint16_t half;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(half) : "f"(x));
  return half;
#else
  const uint32_t bits = (uint32_t)as_bits(x);
  return x != x ? 0x7fc0u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
#endif
}
static MMG_HD float from_bf16(uint32_t half) { return as_float((int32_t)(half << 16)); }

static MMG_HD float unpack_bf16(uint32_t both, int which) { return from_bf16(which ? both >> 16 : both & 0xffffu); }

// c += a b, where b is the first or the second of a pair of right fragments. On the host the registers are laid out as
// matrices and multiplied, and the result is handed back to the lanes.
template <int kWhich>
inline void mma(const HostWarp& warp, const Four (&a)[kWarp], const Four (&b)[kWarp], FragmentC (&c)[kWarp]) {
  float left[16][16], right[16][8];
  warp.lanes([&](int lane, int slot) {
    for (int i = 0; i < 8; ++i) {
      const Coordinate at = a_coordinate(lane, i);
      left[at.row][at.column] = unpack_bf16(a[slot].r[i / 2], i % 2);
    }
    for (int i = 0; i < 4; ++i) {
      const Coordinate at = b_coordinate(lane, i);
      right[at.row][at.column] = unpack_bf16(b[slot].r[2 * kWhich + i / 2], i % 2);
    }
  });
  warp.lanes([&](int lane, int slot) {
    for (int i = 0; i < 4; ++i) {
      const Coordinate at = c_coordinate(lane, i);
      for (int k = 0; k < 16; ++k) c[slot].c[i] += left[at.row][k] * right[k][at.column];
    }
  });
}

// Loads four 8 x 8 matrices of bf16 from fast memory (PTX ISA, "ldmatrix"): lane 8 j + i holds the address of row i of
// matrix j, aligned to 16 bytes; register j of a lane gets elements (lane / 4, 2 (lane % 4)) and the next one of matrix
// j, or of its transpose.
template <bool kTransposed>
inline void load_matrices(const HostWarp& warp, const uint16_t* const (&at)[kWarp], Four (&out)[kWarp]) {
  warp.lanes([&](int lane, int slot) {
    for (int j = 0; j < 4; ++j) {
      uint32_t halves[2];
      for (int i = 0; i < 2; ++i) {
        const int row = lane / 4, column = lane % 4 * 2 + i;
        halves[i] = kTransposed ? at[8 * j + column][row] : at[8 * j + row][column];
      }
      out[slot].r[j] = halves[1] << 16 | halves[0];
    }
  });
}

#if defined(__CUDACC__)
template <int kWhich>
MMG_FN void mma(const DeviceWarp&, const Four (&a)[1], const Four (&b)[1], FragmentC (&c)[1]) {
#if defined(__CUDA_ARCH__)
  float* s = c[0].c;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
      : "r"(a[0].r[0]), "r"(a[0].r[1]), "r"(a[0].r[2]), "r"(a[0].r[3]), "r"(b[0].r[2 * kWhich]),
        "r"(b[0].r[2 * kWhich + 1]));
#endif
}

template <bool kTransposed>
MMG_FN void load_matrices(const DeviceWarp&, const uint16_t* const (&at)[1], Four (&out)[1]) {
#if defined(__CUDA_ARCH__)
  uint32_t* r = out[0].r;
  const uint32_t from = (uint32_t)__cvta_generic_to_shared(at[0]);
  if (kTransposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from));
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from));
#endif
}
#endif

}  // namespace gpu
}  // namespace mmg

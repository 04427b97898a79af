// Matrix products of a thread block: out(r, c, sum over k of left(r, k) right(k, c)) for all r < m, c < n, by one of
// two arithmetics. A warp computes strips of 32 x 32 elements, or of 16 x 16 where there are too few of those for all
// warps, and both arithmetics spread them over its lanes in the same way. Activations are stored row by row as the
// elements that the arithmetic reads (float32 or bf16); pad them with zeros wherever a product sums over them.
#pragma once
#include "../common/activation.h"
#include "fragment.h"
#include "jobs.h"

#if defined(__CUDACC__)
#define MMG_UNROLL _Pragma("unroll")
#define MMG_NO_UNROLL _Pragma("unroll 1")  // where a loop is there to have its body's code once
#else
#define MMG_UNROLL
#define MMG_NO_UNROLL
#endif

namespace mmg {
namespace gpu {

// The left factor (m, k), stored as it is or transposed. `kFast`: in fast memory, each line aligned to 16 bytes.
template <class Element, bool kTransposed, bool kFast>
struct Left {
  const Element* p;
  int ld;
  MMG_FN Element operator()(int i, int j) const { return kTransposed ? p[j * ld + i] : p[i * ld + j]; }
};

// The right factor (k, n).
template <class Element, bool kFast>
struct Right {
  const Element* p;
  int ld;
  MMG_FN Element operator()(int k, int c) const { return p[k * ld + c]; }
};

// A weight matrix (k, n), or its transpose, with its bf16 copy in the order in which lanes load fragments:
// (k / 16, n / 16) tiles of 32 lanes of 8 halves, zeros beyond k and n to the next 16 and 32. `rest` is the bf16 copy
// of the rounding errors of `packed`, or null.
struct Weight {
  const float* w;
  int ld;
  bool transposed;
  int n;
  const uint16_t *packed, *rest;
  MMG_FN float operator()(int k, int c) const { return c >= n ? 0.0f : transposed ? w[c * ld + k] : w[k * ld + c]; }
};

constexpr int kTileHalves = kWarp * 8;
static MMG_HD int packed_across(int n) { return rounded(n, 32) / 16; }
static MMG_HD int packed_halves(int k, int n) { return rounded(k, 16) * rounded(n, 32); }

// Element (k, c) of a packed matrix of n columns.
static MMG_HD int packed_position(int k, int c, int n) {
  return (k / 16 * packed_across(n) + c / 16) * kTileHalves + pair_position(k % 16, c % 16);
}

// A warp's sums: kDown x kAcross fragments of 16 x 8.
template <int kDown, int kAcross, int kSlots>
using Sums = FragmentC[kDown][kAcross][kSlots];

// Arithmetic in float32 throughout.
struct Exact {
  using Element = float;
  static constexpr bool kTensor = false;
  static MMG_FN Element element(float x) { return x; }
  static MMG_FN Element rest(float) { return 0.0f; }
  static MMG_FN float value(Element x) { return x; }
  static MMG_FN float sigmoid_of(float x) { return sigmoid(x); }

  // sum += left(row.., k) right(k, column..) over k < n_k.
  template <class Warp, class A, class B, int kDown, int kAcross>
  static MMG_FN void add(const Warp& warp, const A& left, const B& right, int n_k, int row, int column,
                         Sums<kDown, kAcross, Warp::kSlots>& sum) {
    warp.lanes([&](int lane, int slot) {
      const int r = row + c_coordinate(lane, 0).row, c = column + c_coordinate(lane, 0).column;
      for (int k = 0; k < n_k; ++k) {
        float across[kAcross][2];
        MMG_UNROLL
        for (int j = 0; j < kAcross; ++j) {
          across[j][0] = right(k, c + 8 * j);
          across[j][1] = right(k, c + 8 * j + 1);
        }
        MMG_UNROLL
        for (int d = 0; d < kDown; ++d) {
          const float upper = left(r + 16 * d, k), lower = left(r + 16 * d + 8, k);
          MMG_UNROLL
          for (int j = 0; j < kAcross; ++j) {
            MMG_UNROLL
            for (int i = 0; i < 2; ++i) {
              sum[d][j][slot].c[i] += upper * across[j][i];
              sum[d][j][slot].c[i + 2] += lower * across[j][i];
            }
          }
        }
      }
    });
  }
  template <class Warp, class A, class B, int kDown, int kAcross>
  static MMG_FN void add_split(const Warp& warp, const A& left, const A&, const B& right, int n_k, int row, int column,
                               Sums<kDown, kAcross, Warp::kSlots>& sum) {
    add(warp, left, right, n_k, row, column, sum);
  }
};

// Arithmetic in bf16 with float32 sums. add_split() writes each factor as a sum of two bf16 and takes three products in
// place of one, which keeps some 16 bits of each factor: the first layer needs them, for at high log-SNR its inputs
// differ in late digits only.
struct Tensor {
  using Element = uint16_t;
  static constexpr bool kTensor = true;
  static MMG_FN Element element(float x) { return (Element)to_bf16(x); }
  static MMG_FN Element rest(float x) { return (Element)to_bf16(x - from_bf16(to_bf16(x))); }
  static MMG_FN float value(Element x) { return from_bf16(x); }
  static MMG_FN float sigmoid_of(float x) { return quick_sigmoid(x); }

  template <class Warp, class A, class B, int kDown, int kAcross>
  static MMG_FN void add(const Warp& warp, const A& left, const B& right, int n_k, int row, int column,
                         Sums<kDown, kAcross, Warp::kSlots>& sum) {
    Pointers<kDown, Warp::kSlots> a_at;
    Pointers<kAcross / 2, Warp::kSlots> b_at;
    start(warp, left, row, a_at);
    start(warp, right, column, b_at);
    for (int k = 0; k < n_k; k += 16) {
      Four a[kDown][Warp::kSlots], b[Warp::kSlots];
      MMG_UNROLL
      for (int d = 0; d < kDown; ++d) load(warp, left, a_at[d], a[d]);
      MMG_UNROLL
      for (int j = 0; j < kAcross / 2; ++j) {
        load(warp, right, b_at[j], b);
        multiply(warp, a, b, j, sum);
      }
    }
  }
  template <class Warp, class A, int kDown, int kAcross>
  static MMG_FN void add_split(const Warp& warp, const A& left, const A& left_rest, const Weight& right, int n_k,
                               int row, int column, Sums<kDown, kAcross, Warp::kSlots>& sum) {
    Pointers<kDown, Warp::kSlots> a_at, a_rest_at;
    Pointers<kAcross / 2, Warp::kSlots> b_at, b_rest_at;
    Weight right_rest = right;
    right_rest.packed = right.rest;
    start(warp, left, row, a_at);
    start(warp, left_rest, row, a_rest_at);
    start(warp, right, column, b_at);
    start(warp, right_rest, column, b_rest_at);
    for (int k = 0; k < n_k; k += 16) {
      Four a[kDown][Warp::kSlots], a_rest[kDown][Warp::kSlots], b[Warp::kSlots], b_rest[Warp::kSlots];
      MMG_UNROLL
      for (int d = 0; d < kDown; ++d) {
        load(warp, left, a_at[d], a[d]);
        load(warp, left_rest, a_rest_at[d], a_rest[d]);
      }
      MMG_UNROLL
      for (int j = 0; j < kAcross / 2; ++j) {
        load(warp, right, b_at[j], b);
        load(warp, right_rest, b_rest_at[j], b_rest);
        multiply(warp, a, b, j, sum);
        multiply(warp, a, b_rest, j, sum);
        multiply(warp, a_rest, b, j, sum);
      }
    }
  }

 private:
  template <class Warp, int kDown, int kAcross>
  static MMG_FN void multiply(const Warp& warp, const Four (&a)[kDown][Warp::kSlots], const Four (&b)[Warp::kSlots],
                              int pair, Sums<kDown, kAcross, Warp::kSlots>& sum) {
    MMG_UNROLL
    for (int d = 0; d < kDown; ++d) {
      mma<0>(warp, a[d], b, sum[d][2 * pair]);
      mma<1>(warp, a[d], b, sum[d][2 * pair + 1]);
    }
  }

  // The addresses that lanes load their next fragments from; each load moves them on by 16 in k.
  template <int kCount, int kSlots>
  using Pointers = const uint16_t* [kCount][kSlots];

  template <class Warp, class Matrix, int kCount>
  static MMG_FN void start(const Warp& warp, const Matrix& m, int first, Pointers<kCount, Warp::kSlots>& at) {
    warp.lanes([&](int lane, int slot) {
      MMG_UNROLL
      for (int i = 0; i < kCount; ++i) at[i][slot] = start_of(m, lane, first + 16 * i);
    });
  }

  // `first` is a row of a left matrix, a column of a right one. Registers hold 8 x 8 elements each: the second one
  // holds later rows of a left matrix, later k of a right one.
  template <bool kTransposed, bool kFast>
  static MMG_FN const uint16_t* start_of(const Left<uint16_t, kTransposed, kFast>& m, int lane, int first) {
    const int low = lane / 8 % 2 * 8, high = lane / 16 * 8;
    if (kFast)
      return kTransposed ? m.p + (lane % 8 + high) * m.ld + first + low : m.p + (first + lane % 8 + low) * m.ld + high;
    return kTransposed ? m.p + lane % 4 * 2 * m.ld + first + lane / 4 : m.p + (first + lane / 4) * m.ld + lane % 4 * 2;
  }
  template <bool kFast>
  static MMG_FN const uint16_t* start_of(const Right<uint16_t, kFast>& m, int lane, int first) {
    return kFast ? m.p + lane % 16 * m.ld + first + lane / 16 * 8 : m.p + lane % 4 * 2 * m.ld + first + lane / 4;
  }
  static MMG_FN const uint16_t* start_of(const Weight& w, int lane, int first) {
    return w.packed + first / 16 * kTileHalves + lane * 8;
  }

  // Packs two neighbours along k, which lie in different lines, into one register.
  static MMG_FN uint32_t both(const uint16_t* p, int ld) { return (uint32_t)p[ld] << 16 | p[0]; }

  template <class Warp, bool kTransposed, bool kFast>
  static MMG_FN void load(const Warp& warp, const Left<uint16_t, kTransposed, kFast>& m,
                          const uint16_t* (&at)[Warp::kSlots], Four (&out)[Warp::kSlots]) {
    if (kFast) load_matrices<kTransposed>(warp, at, out);
    warp.lanes([&](int, int slot) {
      const uint16_t*& p = at[slot];
      MMG_UNROLL
      for (int j = 0; !kFast && j < 4; ++j) {
        const int row = j % 2 * 8, k = j / 2 * 8;
        out[slot].r[j] = kTransposed ? both(p + k * m.ld + row, m.ld) : *(const uint32_t*)(p + row * m.ld + k);
      }
      p += kTransposed ? 16 * m.ld : 16;
    });
  }
  template <class Warp, bool kFast>
  static MMG_FN void load(const Warp& warp, const Right<uint16_t, kFast>& m, const uint16_t* (&at)[Warp::kSlots],
                          Four (&out)[Warp::kSlots]) {
    if (kFast) load_matrices<true>(warp, at, out);
    warp.lanes([&](int, int slot) {
      const uint16_t*& p = at[slot];
      MMG_UNROLL
      for (int j = 0; !kFast && j < 4; ++j) out[slot].r[j] = both(p + j % 2 * 8 * m.ld + j / 2 * 8, m.ld);
      p += 16 * m.ld;
    });
  }
  template <class Warp>
  static MMG_FN void load(const Warp& warp, const Weight& w, const uint16_t* (&at)[Warp::kSlots],
                          Four (&out)[Warp::kSlots]) {
    warp.lanes([&](int, int slot) {
      out[slot] = *(const Four*)at[slot];
      at[slot] += packed_across(w.n) * kTileHalves;
    });
  }
};

// Hands lane by lane the elements of kSums strips at (row, column) to out(r, c, v): v holds the kSums values of one
// element.
template <int kSums, int kDown, int kAcross, class Warp, class Out>
MMG_FN void hand_out(const Warp& warp, int m, int n, int row, int column,
                     const Sums<kDown, kAcross, Warp::kSlots> (&sums)[kSums], const Out& out) {
  warp.lanes([&](int lane, int slot) {
    MMG_UNROLL
    for (int d = 0; d < kDown; ++d) {
      MMG_UNROLL
      for (int j = 0; j < kAcross; ++j) {
        MMG_UNROLL
        for (int i = 0; i < 4; ++i) {
          const Coordinate at = c_coordinate(lane, i);
          const int r = row + 16 * d + at.row, c = column + 8 * j + at.column;
          float v[kSums];
          MMG_UNROLL
          for (int k = 0; k < kSums; ++k) v[k] = sums[k][d][j][slot].c[i];
          if (r < m && c < n) out(r, c, v);
        }
      }
    }
  });
}

// Computes a warp's strips: fill(warp, row, column, sums) adds to the kSums sums of one strip, and out(r, c, v) takes
// the kSums values of each of its elements.
template <int kSums, int kDown, int kAcross, class Warp, class Fill, class Out>
MMG_FN void strips(const Warp& warp, int m, int n, const Fill& fill, const Out& out) {
  const int down = (m + 16 * kDown - 1) / (16 * kDown), across = (n + 8 * kAcross - 1) / (8 * kAcross);
  for (int strip = warp.index; strip < down * across; strip += warp.count) {
    const int row = strip % down * 16 * kDown, column = strip / down * 8 * kAcross;
    Sums<kDown, kAcross, Warp::kSlots> sums[kSums] = {};
    fill(warp, row, column, sums);
    hand_out<kSums, kDown, kAcross>(warp, m, n, row, column, sums, out);
  }
}

// Computes a warp's part of (m, n) elements. Rows beyond m are read too, up to the next multiple of 16, so that strips
// of 32 rows are used only where m is a multiple of 32.
template <int kSums, class Warp, class Fill, class Out>
MMG_FN void product(const Warp& warp, int m, int n, const Fill& fill, const Out& out) {
  if (m % 32 == 0 && m / 32 * ((n + 31) / 32) >= warp.count) strips<kSums, 2, 4>(warp, m, n, fill, out);
  else strips<kSums, 1, 2>(warp, m, n, fill, out);
}

// The same as a phase of its own, by all warps of a thread block.
template <int kSums, class ThreadBlock, class Fill, class Out>
MMG_FN void product_phase(const ThreadBlock& block, int m, int n, const Fill& fill, const Out& out) {
  using Warp = typename ThreadBlock::Warp;
  block.warps([&](const Warp& warp) { product<kSums>(warp, m, n, fill, out); });
}

}  // namespace gpu
}  // namespace mmg

// The network's parameters: their canonical order (what Python sees) and their packed form (what kernels read).
//
//   h0  = [z, r(z) z, radial(z), emb(logsnr), waves(z)] W_shared + b_in
//         + { [y, r(y) y, r(z) y, r(y) z, radial(y), v, waves(v)] W_cond + mask   with y
//           { null                                                                without
//   h  += (silu(u W_gate + b_gate) * (u W_value + b_value)) W_down + b_down    with u = h / rms(h), depth times
//   F   = h / rms(h) W_out + b_out
// radial(u) is |u|^2 and its logarithm, standardised; r(u) its first entry. z holds the noisy columns of x and then
// its `context` columns, which both passes see without noise. v is the innovation of the linear denoiser given y over
// its standard deviation; waves are sines and cosines of z and v, for few noisy columns only.
//
// Packed: a matrix (k, n) is cut into panels of `nr` columns, each stored as k rows of nr floats (padded with
// zeros), so that a kernel streams it; a second, transposed copy serves back-propagation.
#pragma once
#include <stddef.h>

#include "../common/shape.h"

namespace mmg {

constexpr int kMaxCpuDepth = 16;  // gated blocks; the CUDA core has its own limit

struct Matrix {
  int k, n;           // (k, n) row-major in the canonical vector
  size_t canonical;   // offset there
  size_t packed;      // offset in the packed buffer
  size_t transposed;  // offset in the transposed buffer
  bool has_transposed;
};

struct GatedBlock {
  Matrix gate, b_gate, value, b_value, down, b_down;
};

// Where a network's matrices end, and the panel width they are packed for.
struct Extent {
  int nr;
  size_t n_canonical, n_packed, n_transposed;
};

// All offsets for one shape and one panel width; a bias is a matrix with k = 1.
struct Layout : Extent {
  Shape shape;
  Matrix shared, b_in, cond, mask, null, out, b_out;
  GatedBlock gated_blocks[kMaxCpuDepth];
};

inline int round_up(int n, int to) { return (n + to - 1) / to * to; }

// Appends a matrix (k, n) to all three buffers; to the transposed one only if `transposed`.
void append(Extent& extent, Matrix& m, int k, int n, bool transposed);

Layout make_layout(const Shape& shape, int nr);

// Calls f(matrix) for every parameter in canonical order.
template <class F>
void for_each_matrix(const Layout& layout, F f) {
  f(layout.shared);
  f(layout.b_in);
  f(layout.cond);
  f(layout.mask);
  f(layout.null);
  for (int i = 0; i < layout.shape.depth; ++i) {
    const GatedBlock& b = layout.gated_blocks[i];
    f(b.gate);
    f(b.b_gate);
    f(b.value);
    f(b.b_value);
    f(b.down);
    f(b.b_down);
  }
  f(layout.out);
  f(layout.b_out);
}

}  // namespace mmg

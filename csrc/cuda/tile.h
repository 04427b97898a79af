// One tile of rows: its memory, its draws and features, and the network forward and backward. As in cpu/kernels.inl a
// tile is n data rows given y, then the same n rows without; the functions here are phases of a block.
#pragma once
#include "../common/activation.h"
#include "../common/draws.h"
#include "../common/features.h"
#include "jobs.h"
#include "product.h"

namespace mmg {
namespace gpu {

// Hands out a block's fast memory first, and of its slab what no longer fits. With both null it only counts.
struct Arena {
  float *shared, *slab;
  size_t limit, in_shared, in_slab;

  MMG_FN Arena(float* shared, float* slab, size_t limit) : shared(shared), slab(slab), limit(limit), in_shared(0), in_slab(0) {}
  MMG_FN bool fits(size_t n) const { return in_shared + n <= limit; }
  MMG_FN float* take(size_t n) {
    n = (n + 3) / 4 * 4;
    size_t& used = fits(n) ? in_shared : in_slab;
    float* base = &used == &in_shared ? shared : slab;
    used += n;
    return base ? base + (used - n) : nullptr;
  }
};

// Sixteen data rows make two rows of fragments; narrow networks and evaluations, which keep less, take more.
static MMG_HD int tile_rows(const Shape& s, bool training) { return training && s.width > 64 ? 16 : 32; }

struct Tile {
  int rows, ld, ld_shared, ld_cond, ld_out;  // network rows, and floats from one row of each kind to the next
  size_t step;                               // from one block's activations to the next one's; 0 in evaluation
  float *a, *b, *weight, *logsnr;            // per data row
  float *radius_z, *radius_y;                // bounded radial features
  int* bin;
  uint32_t* row;
  double* sums;                              // (rows / 2, kBinSums)
  float *inverse, *act, *h, *dh, *du, *out, *eps, *gate, *value, *shared, *cond;
  const uint32_t* packed;                    // a copy in fast memory of the packed weights, where they fit

  MMG_FN float* h_of(int i) const { return h + i * step; }
  MMG_FN float* gate_of(int i) const { return gate + i * step; }
  MMG_FN float* value_of(int i) const { return value + i * step; }
  MMG_FN float* inverse_of(int i) const { return inverse + (step ? i * rows : 0); }
};

// Lines 8 floats longer than a multiple of 32: the eight rows of a fragment then fall on different banks.
static MMG_HD int line(int n) { return rounded(n, 32) + 8; }

// The order is that of use per byte: what is last goes to the slab first.
MMG_FN Tile cut(const Shape& s, bool training, bool tensor, Arena& arena) {
  Tile t;
  const int n = tile_rows(s, training);
  t.rows = 2 * n;
  t.ld = line(s.width), t.ld_shared = line(s.shared()), t.ld_cond = line(s.cond()), t.ld_out = line(s.noised());
  const size_t array = (size_t)t.rows * t.ld;
  t.step = training ? array : 0;
  const int depth = training ? s.depth : 1;
  t.a = arena.take(n), t.b = arena.take(n), t.weight = arena.take(n), t.logsnr = arena.take(n);
  t.radius_z = arena.take(n), t.radius_y = arena.take(n);
  t.bin = (int*)arena.take(n), t.row = (uint32_t*)arena.take(n);
  t.sums = (double*)arena.take(2 * (size_t)n * kBinSums);
  t.inverse = arena.take((size_t)t.rows * (s.depth + 1));
  t.act = training ? arena.take(array) : nullptr;
  t.h = arena.take(array * (training ? depth + 1 : 1));
  t.dh = training ? arena.take(array) : nullptr, t.du = training ? arena.take(array) : nullptr;
  t.gate = arena.take(array * depth);
  t.out = arena.take((size_t)t.rows * t.ld_out), t.eps = arena.take((size_t)n * s.noised());
  t.value = training ? arena.take(array * depth) : nullptr;
  if (!training) t.act = t.gate;  // the gates are not needed twice
  t.shared = arena.take((size_t)n * t.ld_shared), t.cond = arena.take((size_t)n * t.ld_cond);
  const size_t weights = PackedWeights(s).transposed / 2;
  t.packed = !training && tensor && arena.fits(weights) ? (const uint32_t*)arena.take(weights) : nullptr;
  return t;
}

// Both forms of the weights, by name.
struct Network {
  Shape shape;
  Parameters at;
  PackedWeights packed_at;
  const float* w;
  const uint32_t *packed, *transposed;

  MMG_FN Network(const Shape& s, const float* w, const uint32_t* packed)
      : shape(s), at(s), packed_at(s), w(w), packed(packed), transposed(packed ? packed + packed_at.transposed / 2 : nullptr) {}

  // Matrix j of block i: 0 gate, 1 value, 2 down.
  MMG_FN int matrix(int i, int j) const { return at.blocks + i * at.per_block + j * (packed_at.square + shape.width); }
  MMG_FN int bias(int i, int j) const { return matrix(i, j) + packed_at.square; }
  MMG_FN Weight weight(int i, int j, bool turned) const {
    return Weight{w + matrix(i, j), shape.width, turned, shape.width, (turned ? transposed : packed) + (i * 3 + j) * packed_at.square / 2};
  }
  MMG_FN Weight output(bool turned) const {
    return Weight{w + at.out, shape.noised(), turned, turned ? shape.width : shape.noised(), (turned ? transposed : packed) + packed_at.out / 2};
  }
};

// Writes parameter e, of value x, where the tensor cores find it, if they do.
MMG_FN void pack_parameter(const Network& net, uint32_t* packed, int e, float x) {
  const int width = net.shape.width, square = net.packed_at.square, inner = e - net.at.blocks;
  int matrix, offset, k, c, columns = width;
  if (e >= net.at.out && e < net.at.b_out) {
    columns = net.shape.noised();
    matrix = 3 * net.shape.depth, offset = e - net.at.out;
  } else if (inner >= 0 && e < net.at.out) {
    const int rest = inner % net.at.per_block, j = rest / (square + width);
    matrix = inner / net.at.per_block * 3 + j, offset = rest - j * (square + width);
    if (offset >= square) return;
  } else {
    return;
  }
  k = offset / columns, c = offset % columns;
  uint16_t* halves = (uint16_t*)packed + (size_t)matrix * square;
  halves[packed_position(k, c, columns)] = (uint16_t)to_bf16(x);
  halves[net.packed_at.transposed + packed_position(c, k, width)] = (uint16_t)to_bf16(x);
}

// ---------------------------------------------------------------------------------------------------------
// Data, noise and features

// What a row's noise is keyed by; the sign is that of the second row of a pair.
struct NoiseKey {
  uint32_t c0, c1;
  Stream stream;
  float sign;
};

template <class Block, class Draws, class Keys>
MMG_FN void draw_rows(const Block& block, const Problem& p, const Shape& s, const Tile& t, int n, const Draws& draw_of, const Keys& key_of) {
  block.each(n, [&](int r) {
    const RowDraw d = draw_of(r);
    const Level c = level(d.draw.logsnr);
    t.row[r] = d.row, t.bin[r] = d.draw.bin, t.logsnr[r] = d.draw.logsnr, t.weight[r] = d.draw.weight;
    t.a[r] = c.a, t.b[r] = c.b;
  });
  const int noised = s.noised(), calls = (noised + 3) / 4;  // one Philox call makes four normals
  block.each(n * calls, [&](int i) {
    const int r = i / calls, first = i % calls * 4;
    const NoiseKey key = key_of(r);
    const Philox bits = philox(p.seed, key.c0, key.c1, first / 4, key.stream);
    float normals[4];
    box_muller(open_unit(bits.v[0]), open_unit(bits.v[2]), normals[0], normals[1]);
    box_muller(open_unit(bits.v[1]), open_unit(bits.v[3]), normals[2], normals[3]);
    for (int j = 0; j < 4 && first + j < noised; ++j) t.eps[r * noised + first + j] = key.sign * normals[j];
  });
}

// rho y of noisy column i, the linear prediction of it.
MMG_FN float predicted(const Problem& p, const Shape& s, const Tile& t, int r, int i) {
  return i < s.dim_y ? p.rho[i] * p.y[(size_t)t.row[r] * s.dim_y + i] : 0.0f;
}

// z and y themselves, and the radii of both: a warp a row.
template <class Block>
MMG_FN void fill_variables(const Block& block, const Problem& p, const Shape& s, const Tile& t, int n) {
  using Warp = typename Block::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < n; r += warp.count) {
      const float *x = p.x + (size_t)t.row[r] * s.dim_x, *y = p.y + (size_t)t.row[r] * s.dim_y, *eps = t.eps + r * s.noised();
      float *shared = t.shared + r * t.ld_shared, *cond = t.cond + r * t.ld_cond;
      float zz[Warp::kSlots] = {}, yy[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int i = lane; i < s.dim_x; i += kWarp) {
          const float z = shared[i] = i < s.noised() ? t.a[r] * x[i] + t.b[r] * eps[i] : x[i];
          zz[slot] += z * z;
        }
        for (int i = lane; i < s.dim_y; i += kWarp) yy[slot] += y[i] * y[i], cond[i] = y[i];
      });
      const Radial z = radial(warp.sum(zz), s.dim_x), of_y = radial(warp.sum(yy), s.dim_y);
      warp.lanes([&](int lane, int) {
        if (lane != 0) return;
        t.radius_z[r] = shared[2 * s.dim_x] = z.bounded, shared[2 * s.dim_x + 1] = z.logarithm;
        const int at = 3 * s.dim_y + s.dim_x;
        t.radius_y[r] = cond[at] = of_y.bounded, cond[at + 1] = of_y.logarithm;
      });
    }
  });
}

// Wave j of a kind: sines, then cosines, of `value` of each noisy column, as sharply as `s2` lets the column be known.
template <class Value, class Variance>
MMG_FN float wave_feature(const Tile& t, int r, int j, int waves, const Value& value, const Variance& s2) {
  const int half = waves / 2, i = j % half / kWaves;
  const Wave w = wave(posterior(t.a[r], t.b[r], s2(i)), value(i), j % kWaves);
  float sine, cosine;
  sincos_turn(w.turn, sine, cosine);
  return (j < half ? sine : cosine) * exp_(w.exponent);
}

// Feature k of those that both passes see; z and its radii are there already.
MMG_FN float shared_feature(const Shape& s, const Tile& t, int r, int k) {
  const float* z = t.shared + r * t.ld_shared;
  if ((k -= s.dim_x) < s.dim_x) return t.radius_z[r] * z[k];
  if ((k -= s.dim_x + kRadial) < kEmbedding) return k == 0 ? embedded_logsnr(t.logsnr[r]) : bump(t.logsnr[r] + bump_offset(k));
  return wave_feature(t, r, k - kEmbedding, s.waves(), [&](int i) { return z[i]; }, [](int) { return 1.0f; });
}

// Feature k of those that only the pass given y sees; y and its radii are there already.
MMG_FN float given_feature(const Problem& p, const Shape& s, const Tile& t, int r, int k) {
  const float *z = t.shared + r * t.ld_shared, *y = t.cond + r * t.ld_cond;
  const auto surprise = [&](int i) { return innovation(t.a[r], t.b[r], z[i], predicted(p, s, t, r, i), p.s2[i]); };
  if ((k -= s.dim_y) < s.dim_y) return t.radius_y[r] * y[k];
  if ((k -= s.dim_y) < s.dim_y) return t.radius_z[r] * y[k];
  if ((k -= s.dim_y) < s.dim_x) return t.radius_y[r] * z[k];
  if ((k -= s.dim_x + kRadial) < s.noised()) return surprise(k);
  return wave_feature(t, r, k - s.noised(), s.waves(), surprise, [&](int i) { return p.s2[i]; });
}

template <class Block>
MMG_FN void fill_features(const Block& block, const Problem& p, const Shape& s, const Tile& t, int n) {
  fill_variables(block, p, s, t, n);
  const int shared = s.shared(), all = shared + s.cond();
  block.each(n * all, [&](int i) {
    const int r = i / all, k = i % all, g = k - shared;
    const bool z = k >= s.dim_x && !(k >= 2 * s.dim_x && k < 2 * s.dim_x + kRadial);
    const int radii = 3 * s.dim_y + s.dim_x;
    if (k < shared) {
      if (z) t.shared[r * t.ld_shared + k] = shared_feature(s, t, r, k);
    } else if (g >= s.dim_y && !(g >= radii && g < radii + kRadial)) {
      t.cond[r * t.ld_cond + g] = given_feature(p, s, t, r, g);
    }
  });
}

// ---------------------------------------------------------------------------------------------------------
// The network

// 1 / rms of each row (Zhang and Sennrich, arXiv 1910.07467): readers of h multiply by it.
template <class Block>
MMG_FN void normalise(const Block& block, int rows, int width, int ld, const float* h, float* inverse) {
  using Warp = typename Block::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < rows; r += warp.count) {
      float square[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int c = lane; c < width; c += kWarp) square[slot] += h[r * ld + c] * h[r * ld + c];
      });
      const float scale = 1.0f / root(warp.sum(square) / (float)width + 1e-6f);
      warp.lanes([&](int lane, int) {
        if (lane == 0) inverse[r] = scale;
      });
    }
  });
}

// dh (+)= inverse (du - u mean(u du)) with u = h inverse: what reaches h through its normalisation.
template <class Block>
MMG_FN void normalise_backward(const Block& block, int rows, int width, int ld, const float* h, const float* inverse, const float* du,
                               bool fresh, float* dh) {
  using Warp = typename Block::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < rows; r += warp.count) {
      float product[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int c = lane; c < width; c += kWarp) product[slot] += h[r * ld + c] * inverse[r] * du[r * ld + c];
      });
      const float mean = warp.sum(product) / (float)width;
      warp.lanes([&](int lane, int) {
        for (int c = lane; c < width; c += kWarp) {
          const float d = (du[r * ld + c] - h[r * ld + c] * inverse[r] * mean) * inverse[r];
          dh[r * ld + c] = fresh ? d : d + dh[r * ld + c];
        }
      });
    }
  });
}

template <class P, class Block>
MMG_FN void first_layer(const Block& block, const Network& net, const Tile& t, int n) {
  using First = typename P::First;
  const Shape& s = net.shape;
  const float* w = net.w;
  product<First>(block, Sizes{n, s.width, s.shared()}, Rows{t.shared, t.ld_shared}, Rows{w + net.at.shared, s.width},
                 [&](int r, int c, float v) {
                   const float base = v + w[net.at.b_in + c];
                   t.h[r * t.ld + c] = base + w[net.at.mask + c];
                   t.h[(n + r) * t.ld + c] = base + w[net.at.null + c];
                 });
  product<First>(block, Sizes{n, s.width, s.cond()}, Rows{t.cond, t.ld_cond}, Rows{w + net.at.cond, s.width},
                 [&](int r, int c, float v) { t.h[r * t.ld + c] += v; });
}

template <class P, class Block>
MMG_FN void forward(const Block& block, const Network& net, const Tile& t, int n, bool training) {
  const Shape& s = net.shape;
  const int rows = 2 * n, ld = t.ld;
  const Sizes square{rows, s.width, s.width};
  first_layer<P>(block, net, t, n);
  for (int i = 0; i <= s.depth; ++i) {
    const float *h = t.h_of(i), *inverse = t.inverse_of(i);
    const auto u = [&](int r, int k) { return h[r * ld + k] * inverse[r]; };
    normalise(block, rows, s.width, ld, h, t.inverse_of(i));
    if (i == s.depth) {
      product<P>(block, Sizes{rows, s.noised(), s.width}, u, net.output(false),
                 [&](int r, int c, float v) { t.out[r * t.ld_out + c] = v + net.w[net.at.b_out + c]; });
      return;
    }
    float *gate = t.gate_of(i), *value = t.value_of(i), *next = t.h_of(i + 1);
    product<P>(block, square, u, net.weight(i, 0, false), [&](int r, int c, float v) { gate[r * ld + c] = v + net.w[net.bias(i, 0) + c]; });
    product<P>(block, square, u, net.weight(i, 1, false), [&](int r, int c, float v) {
      v += net.w[net.bias(i, 1) + c];
      if (training) value[r * ld + c] = v;
      t.act[r * ld + c] = gated(gate[r * ld + c], v);
    });
    product<P>(block, square, Rows{t.act, ld}, net.weight(i, 2, false),
               [&](int r, int c, float v) { next[r * ld + c] = h[r * ld + c] + v + net.w[net.bias(i, 2) + c]; });
  }
}

// Gradients of one matrix (k, n), a (rows, k) times d (rows, n), and of its bias. Each element has one lane to add it up,
// so that the order of every sum is fixed.
template <class P, class Block, class A, class D>
MMG_FN void outer(const Block& block, int k, int n, int rows, const A& a, const D& d, bool fresh, float* g) {
  product<P>(block, Sizes{k, n, rows}, [&](int i, int r) { return a(r, i); }, d,
             [&](int i, int c, float v) { g[i * n + c] = fresh ? v : g[i * n + c] + v; });
}

template <class Block, class D>
MMG_FN void column_sums(const Block& block, int rows, int n, const D& d, bool fresh, float* g) {
  block.each(n, [&](int c) {
    float sum = fresh ? 0.0f : g[c];
    for (int r = 0; r < rows; ++r) sum += d(r, c);
    g[c] = sum;
  });
}

// t.out holds d(loss)/d(output) on entry.
template <class P, class Block>
MMG_FN void backward(const Block& block, const Network& net, const Tile& t, int n, bool fresh, float* grad) {
  const Shape& s = net.shape;
  const int rows = 2 * n, ld = t.ld, w = s.width;
  const Sizes square{rows, w, w};
  const Rows dout{t.out, t.ld_out}, dh{t.dh, ld};
  const auto into_du = [&](int r, int c, float v) { t.du[r * ld + c] = v; };
  for (int i = s.depth; i >= 0; --i) {
    const float *h = t.h_of(i), *inverse = t.inverse_of(i);
    const auto u = [&](int r, int k) { return h[r * ld + k] * inverse[r]; };
    if (i == s.depth) {
      outer<P>(block, w, s.noised(), rows, u, dout, fresh, grad + net.at.out);
      column_sums(block, rows, s.noised(), dout, fresh, grad + net.at.b_out);
      product<P>(block, Sizes{rows, w, s.noised()}, dout, net.output(true), into_du);
    } else {
      float *gate = t.gate_of(i), *value = t.value_of(i);
      block.each(rows * w, [&](int e) { t.act[e / w * ld + e % w] = gated(gate[e / w * ld + e % w], value[e / w * ld + e % w]); });
      outer<P>(block, w, w, rows, Rows{t.act, ld}, dh, fresh, grad + net.matrix(i, 2));
      column_sums(block, rows, w, dh, fresh, grad + net.bias(i, 2));
      product<P>(block, square, dh, net.weight(i, 2, true),
                 [&](int r, int c, float v) { gated_backward(v, gate[r * ld + c], value[r * ld + c]); });
      for (int j = 0; j < 2; ++j) {
        const Rows d{j == 0 ? gate : value, ld};
        outer<P>(block, w, w, rows, u, d, fresh, grad + net.matrix(i, j));
        column_sums(block, rows, w, d, fresh, grad + net.bias(i, j));
        product<P>(block, square, d, net.weight(i, j, true), [&](int r, int c, float v) { t.du[r * ld + c] = j == 0 ? v : t.du[r * ld + c] + v; });
      }
    }
    normalise_backward(block, rows, w, ld, h, inverse, t.du, i == s.depth, t.dh);
  }
  const auto both = [&](int r, int c) { return t.dh[r * ld + c] + t.dh[(n + r) * ld + c]; };
  outer<P>(block, s.shared(), w, n, Rows{t.shared, t.ld_shared}, both, fresh, grad + net.at.shared);
  column_sums(block, n, w, both, fresh, grad + net.at.b_in);
  outer<P>(block, s.cond(), w, n, Rows{t.cond, t.ld_cond}, dh, fresh, grad + net.at.cond);
  column_sums(block, n, w, dh, fresh, grad + net.at.mask);
  column_sums(block, n, w, Rows{t.dh + n * ld, ld}, fresh, grad + net.at.null);
}

}  // namespace gpu
}  // namespace mmg

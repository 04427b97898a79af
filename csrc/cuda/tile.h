// One tile of rows: its memory, its draws and features, and the network forward and backward. As in cpu/kernels.inl a
// tile is N data rows given y, then the same N rows without; the functions here are phases of a block. Rows beyond the
// last one of the data repeat it, and what they say counts nowhere: no product need know how many there are.
#pragma once
#include "../common/draws.h"
#include "../common/features.h"
#include "jobs.h"
#include "product.h"

namespace mmg {
namespace gpu {

// bf16 copies of what the tensor cores multiply with, in halves of registers: gate, value and down of every block, the
// output matrix, and the first layer's two matrices with what rounding took from both; then the transposes of the blocks'
// and the output's, for back-propagation.
struct PackedWeights {
  int square, out, shared, cond, rest, transposed, total;
  explicit MMG_FN PackedWeights(const Shape& s) {
    square = s.width * s.width, out = 3 * s.depth * square, shared = out + packed_halves(s.width, s.noised());
    cond = shared + packed_halves(s.shared(), s.width), rest = cond + packed_halves(s.cond(), s.width);
    transposed = rest + (rest - shared), total = transposed + out + packed_halves(s.noised(), s.width);
  }
};

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
  template <class Cell>
  MMG_FN Cell* take_cells(size_t n) { return (Cell*)take((n * sizeof(Cell) + 3) / 4); }
};

template <class Cell>
struct Tile {
  int n, ld, ld_shared, ld_cond, ld_out;  // data rows, and elements from one row of each kind to the next
  float *a, *b, *weight, *logsnr;         // per data row
  Radial *radius_z, *radius_y;
  int *bin, *landed;                      // of the draws, and of what `sums` holds
  uint32_t* row;
  double *sums, *means, *bins;            // (n, kBinSums), (n, kRowValues), (n_bins, kBinSums)
  Cell *u, *act, *d, *dgate, *dvalue;     // what products are made of: (2 n, width), in fast memory
  bool fast;                              // whether it holds all of those
  float* h[kMaxDepth + 1];                // of each layer; in evaluation all the same
  Cell *gate[kMaxDepth], *value[kMaxDepth];
  float *inverse, *dh, *du, *out, *eps, *z, *y;
  Cell *shared, *shared_rest, *cond, *cond_rest, *dout;
  float* bias;                            // copies of all biases, a line each, and in fast memory of the first packed weights
  uint16_t* packed;
  int copied;                             // so many

  MMG_FN int rows() const { return 2 * n; }
  MMG_FN int over_n(int i) const { return i >> (n == 16 ? 4 : n == 32 ? 5 : 6); }
  MMG_FN int mod_n(int i) const { return i & (n - 1); }
  MMG_FN float* inverse_of(int i) const { return inverse + i * rows(); }
};

// Lines 8 longer than a multiple of 32: the eight rows of a fragment then fall on different banks, as floats and as halves.
static MMG_HD int line(int n) { return rounded(n, 32) + 8; }

// Biases of a layer's width: the first layer's three, and gate, value and down of each block.
static MMG_HD int bias_lines(const Shape& s) { return 3 + 3 * s.depth; }

// The order is that of use per byte: what is last goes to the slab first.
template <class P>
MMG_FN Tile<typename P::Cell> cut(const Shape& s, int n, int n_bins, bool training, Arena& arena) {
  using Cell = typename P::Cell;
  Tile<Cell> t;
  t.n = n;
  t.ld = line(s.width), t.ld_shared = line(s.shared()), t.ld_cond = line(s.cond()), t.ld_out = line(s.noised());
  const size_t array = (size_t)t.rows() * t.ld;
  t.a = arena.take(n), t.b = arena.take(n), t.weight = arena.take(n), t.logsnr = arena.take(n);
  t.radius_z = (Radial*)arena.take(2 * n), t.radius_y = (Radial*)arena.take(2 * n);
  t.bin = (int*)arena.take(n), t.landed = (int*)arena.take(n), t.row = (uint32_t*)arena.take(n);
  t.sums = (double*)arena.take(2 * (size_t)n * kBinSums);
  t.means = (double*)arena.take(training ? 0 : 2 * (size_t)n * kRowValues);
  t.inverse = arena.take((size_t)t.rows() * (s.depth + 1));
  t.u = arena.template take_cells<Cell>(array), t.act = arena.template take_cells<Cell>(array);
  t.d = arena.template take_cells<Cell>(training ? array : 0);
  t.dgate = arena.template take_cells<Cell>(training ? array : 0), t.dvalue = arena.template take_cells<Cell>(training ? array : 0);
  t.fast = arena.in_slab == 0;
  t.bias = arena.take((size_t)bias_lines(s) * s.width + s.noised());
  t.bins = (double*)arena.take(training ? 0 : 2 * (size_t)n_bins * kBinSums);
  t.dh = arena.take(training ? array : 0), t.du = arena.take(training ? array : 0);
  t.h[0] = arena.take(array);
  for (int i = 0; i < s.depth; ++i) {
    t.gate[i] = arena.template take_cells<Cell>(training ? array : 0), t.value[i] = arena.template take_cells<Cell>(training ? array : 0);
    t.h[i + 1] = training ? arena.take(array) : t.h[0];
  }
  t.out = arena.take((size_t)t.rows() * t.ld_out), t.dout = arena.template take_cells<Cell>(training ? (size_t)t.rows() * t.ld_out : 0);
  t.eps = arena.take((size_t)n * s.noised()), t.z = arena.take((size_t)n * s.dim_x);
  t.y = arena.take((size_t)n * s.dim_y);
  const size_t shared = (size_t)n * t.ld_shared, cond = (size_t)n * t.ld_cond;
  t.shared = arena.template take_cells<Cell>(shared), t.shared_rest = arena.template take_cells<Cell>(P::kTensor ? shared : 0);
  t.cond = arena.template take_cells<Cell>(cond), t.cond_rest = arena.template take_cells<Cell>(P::kTensor ? cond : 0);
  const size_t left = arena.limit - arena.in_shared, weights = (training ? PackedWeights(s).total : PackedWeights(s).transposed) / 2;
  const size_t words = P::kTensor ? (left < weights ? left : weights) / 4 * 4 : 0;
  t.packed = (uint16_t*)arena.take(words), t.copied = 2 * (int)words;
  return t;
}

// Both forms of the weights, by name.
struct Network {
  Shape shape;
  Parameters at;
  PackedWeights packed_at;
  const float* w;
  const uint16_t *packed, *fast;  // all, and a copy of the first `copied` halves
  int copied;

  MMG_FN Network(const Shape& s, const float* w, const uint16_t* packed)
      : shape(s), at(s), packed_at(s), w(w), packed(packed), fast(nullptr), copied(0) {}

  // Matrix j of block i: 0 gate, 1 value, 2 down.
  MMG_FN int matrix(int i, int j) const { return at.blocks + i * at.per_block + j * (packed_at.square + shape.width); }
  MMG_FN int bias(int i, int j) const { return matrix(i, j) + packed_at.square; }
  // Element e of a tile's copy of the biases.
  MMG_FN float bias_value(int e) const {
    const int line = e / shape.width, c = e % shape.width;
    if (line >= bias_lines(shape)) return w[at.b_out + e - bias_lines(shape) * shape.width];
    if (line >= 3) return w[bias((line - 3) / 3, (line - 3) % 3) + c];
    return w[(line == 0 ? at.b_in : line == 1 ? at.mask : at.null) + c];
  }
  MMG_FN Weight weight(int i, int j, bool turned) const {
    const int square = packed_at.square, first = (turned ? packed_at.transposed : 0) + (i * 3 + j) * square;
    return Weight{w + matrix(i, j), shape.width, turned, shape.width, packed_from(first, square), nullptr};
  }
  MMG_FN Weight output(bool turned) const {
    const int n = shape.noised(), first = (turned ? packed_at.transposed : 0) + packed_at.out;
    return Weight{w + at.out, n, turned, turned ? shape.width : n, packed_from(first, turned ? packed_halves(n, shape.width) : packed_halves(shape.width, n)), nullptr};
  }
  MMG_FN Weight shared_input() const { return input(at.shared, packed_at.shared, packed_at.cond - packed_at.shared); }
  MMG_FN Weight cond_input() const { return input(at.cond, packed_at.cond, packed_at.rest - packed_at.cond); }

 private:
  MMG_FN const uint16_t* packed_from(int first, int halves) const { return (first + halves <= copied ? fast : packed) + first; }
  MMG_FN Weight input(int parameters, int first, int halves) const {
    const int rest = first + packed_at.rest - packed_at.shared;
    return Weight{w + parameters, shape.width, false, shape.width, packed_from(first, halves), packed_from(rest, halves)};
  }
};

// Writes parameter e, of value x, where the tensor cores find it, if they do.
MMG_FN void pack_parameter(const Network& net, uint16_t* packed, int e, float x) {
  const PackedWeights& to = net.packed_at;
  const int width = net.shape.width, square = to.square, inner = e - net.at.blocks;
  if (e < net.at.b_in || (e >= net.at.cond && e < net.at.mask)) {
    const int first = e < net.at.b_in ? to.shared : to.cond, offset = e < net.at.b_in ? e : e - net.at.cond;
    const int place = first + packed_position(offset / width, offset % width, width);
    packed[place] = Tensor::cell(x), packed[place + to.rest - to.shared] = Tensor::rest(x);
    return;
  }
  int matrix = 3 * net.shape.depth, offset = e - net.at.out, columns = net.shape.noised();
  if (inner >= 0 && e < net.at.out) {
    const int rest = inner % net.at.per_block, j = rest / (square + width);
    matrix = inner / net.at.per_block * 3 + j, offset = rest - j * (square + width), columns = width;
    if (offset >= square) return;
  } else if (offset < 0 || e >= net.at.b_out) {
    return;
  }
  const int k = offset / columns, c = offset % columns;
  packed[matrix * square + packed_position(k, c, columns)] = Tensor::cell(x);
  packed[to.transposed + matrix * square + packed_position(c, k, width)] = Tensor::cell(x);
}

// ---------------------------------------------------------------------------------------------------------
// Data, noise and features

// What a row's noise is keyed by; the sign is that of the second row of a pair.
struct NoiseKey {
  uint32_t c0, c1;
  Stream stream;
  float sign;
};

template <class Block, class Cell, class Draws, class Keys>
MMG_FN void draw_rows(const Block& block, const Problem& p, const Shape& s, const Tile<Cell>& t, const Draws& draw_of, const Keys& key_of) {
  block.spread(t.n, [&](int r) {
    const RowDraw d = draw_of(r);
    const Level c = level(d.draw.logsnr);
    t.row[r] = d.row, t.bin[r] = d.draw.bin, t.logsnr[r] = d.draw.logsnr, t.weight[r] = d.draw.weight;
    t.a[r] = c.a, t.b[r] = c.b;
  });
  const int noised = s.noised(), calls = (noised + 3) / 4;  // one Philox call makes four normals
  block.each(t.n * calls, [&](int i) {
    const int r = t.mod_n(i), first = t.over_n(i) * 4;
    const NoiseKey key = key_of(r);
    const Philox bits = philox(p.seed, key.c0, key.c1, first / 4, key.stream);
    float normals[4];
    box_muller(open_unit(bits.v[0]), open_unit(bits.v[2]), normals[0], normals[1]);
    box_muller(open_unit(bits.v[1]), open_unit(bits.v[3]), normals[2], normals[3]);
    MMG_UNROLL for (int j = 0; j < 4; ++j)
      if (first + j < noised) t.eps[r * noised + first + j] = key.sign * normals[j];
  });
}

// rho y of noisy column i, the linear prediction of it.
template <class Cell>
MMG_FN float predicted(const Problem& p, const Shape& s, const Tile<Cell>& t, int r, int i) {
  return i < s.dim_y ? p.rho[i] * t.y[r * s.dim_y + i] : 0.0f;
}

// z and y of the rows, and the radii of both: a warp a row.
template <class Block, class Cell>
MMG_FN void fill_variables(const Block& block, const Problem& p, const Shape& s, const Tile<Cell>& t) {
  using Warp = typename Block::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.n; r += warp.count) {
      const float *x = p.x + (size_t)t.row[r] * s.dim_x, *y = p.y + (size_t)t.row[r] * s.dim_y, *eps = t.eps + r * s.noised();
      float zz[Warp::kSlots] = {}, yy[Warp::kSlots] = {};
      warp.lanes([&](int lane, int slot) {
        for (int i = lane; i < s.dim_x; i += kWarp) {
          const float z = i < s.noised() ? t.a[r] * x[i] + t.b[r] * eps[i] : x[i];
          t.z[r * s.dim_x + i] = z, zz[slot] += z * z;
        }
        for (int i = lane; i < s.dim_y; i += kWarp) t.y[r * s.dim_y + i] = y[i], yy[slot] += y[i] * y[i];
      });
      const Radial z = radial(warp.sum(zz), s.dim_x), of_y = radial(warp.sum(yy), s.dim_y);
      warp.lanes([&](int lane, int) {
        if (lane == 0) t.radius_z[r] = z, t.radius_y[r] = of_y;
      });
    }
  });
}

// Wave j of a kind: sines, then cosines, of `value` of each noisy column, as sharply as `s2` lets the column be known.
template <class Cell, class Value, class Variance>
MMG_FN float wave_feature(const Tile<Cell>& t, int r, int j, int waves, const Value& value, const Variance& s2) {
  const int half = waves / 2, i = j % half / kWaves;
  const Wave w = wave(posterior(t.a[r], t.b[r], s2(i)), value(i), j % kWaves);
  float sine, cosine;
  sincos_turn(w.turn, sine, cosine);
  return (j < half ? sine : cosine) * exp_(w.exponent);
}

// Feature k of those that both passes see; zero beyond them.
template <class Cell>
MMG_FN float shared_feature(const Shape& s, const Tile<Cell>& t, int r, int k) {
  const float* z = t.z + r * s.dim_x;
  const Radial of_z = t.radius_z[r];
  if (k < s.dim_x) return z[k];
  if ((k -= s.dim_x) < s.dim_x) return of_z.bounded * z[k];
  if ((k -= s.dim_x) < kRadial) return k == 0 ? of_z.bounded : of_z.logarithm;
  if ((k -= kRadial) < kEmbedding) return k == 0 ? embedded_logsnr(t.logsnr[r]) : bump(t.logsnr[r] + bump_offset(k));
  if ((k -= kEmbedding) >= s.waves()) return 0.0f;
  return wave_feature(t, r, k, s.waves(), [&](int i) { return z[i]; }, [](int) { return 1.0f; });
}

// Feature k of those that only the pass given y sees; zero beyond them.
template <class Cell>
MMG_FN float given_feature(const Problem& p, const Shape& s, const Tile<Cell>& t, int r, int k) {
  const float *z = t.z + r * s.dim_x, *y = t.y + r * s.dim_y;
  const auto surprise = [&](int i) { return innovation(t.a[r], t.b[r], z[i], predicted(p, s, t, r, i), p.s2[i]); };
  if (k < s.dim_y) return y[k];
  if ((k -= s.dim_y) < s.dim_y) return t.radius_y[r].bounded * y[k];
  if ((k -= s.dim_y) < s.dim_y) return t.radius_z[r].bounded * y[k];
  if ((k -= s.dim_y) < s.dim_x) return t.radius_y[r].bounded * z[k];
  if ((k -= s.dim_x) < kRadial) return k == 0 ? t.radius_y[r].bounded : t.radius_y[r].logarithm;
  if ((k -= kRadial) < s.noised()) return surprise(k);
  if ((k -= s.noised()) >= s.waves()) return 0.0f;
  return wave_feature(t, r, k, s.waves(), surprise, [&](int i) { return p.s2[i]; });
}

// Rows run fastest, so that the lanes of a warp make the same feature and take the same way through the code.
template <class P, class Block>
MMG_FN void fill_features(const Block& block, const Problem& p, const Shape& s, const Tile<typename P::Cell>& t) {
  using Cell = typename P::Cell;
  const auto put = [&](Cell* cells, Cell* rest, int at, float value) {
    cells[at] = P::cell(value);
    if (P::kTensor) rest[at] = P::rest(value);
  };
  block.spread(t.n * rounded(s.shared(), 16), [&](int i) {
    const int k = t.over_n(i), r = t.mod_n(i);
    put(t.shared, t.shared_rest, r * t.ld_shared + k, shared_feature(s, t, r, k));
  });
  block.each(t.n * rounded(s.cond(), 16), [&](int i) {
    const int k = t.over_n(i), r = t.mod_n(i);
    put(t.cond, t.cond_rest, r * t.ld_cond + k, given_feature(p, s, t, r, k));
  });
}

// ---------------------------------------------------------------------------------------------------------
// The network

// Activations as factors of products: of the block's width, and of another number of columns.
template <class P, bool kTurned = false>
using Wide = Left<typename P::Cell, kTurned, P::kTensor>;
template <class P, bool kTurned = false>
using Other = Left<typename P::Cell, kTurned, false>;
template <class P>
using WideRight = Right<typename P::Cell, P::kTensor>;
template <class P>
using OtherRight = Right<typename P::Cell, false>;

// A lane's columns of a row, f(column, number): so few that what was read of them stays in registers.
constexpr int kLaneColumns = 8;

template <class F>
MMG_FN void columns(int lane, int width, const F& f) {
  MMG_UNROLL for (int j = 0; j < kLaneColumns; ++j)
    if (lane + j * kWarp < width) f(lane + j * kWarp, j);
}

// 1 / rms of each row (Zhang and Sennrich, arXiv 1910.07467), and the rows times it.
template <class P, class Block>
MMG_FN void normalise(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const float* h, float* inverse) {
  using Warp = typename Block::Warp;
  const int width = net.shape.width;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.rows(); r += warp.count) {
      float square[Warp::kSlots] = {}, own[kLaneColumns][Warp::kSlots];
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) { own[j][slot] = h[r * t.ld + c], square[slot] += own[j][slot] * own[j][slot]; });
      });
      const float scale = 1.0f / root(warp.sum(square) / (float)width + 1e-6f);
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) { t.u[r * t.ld + c] = P::cell(own[j][slot] * scale); });
        if (lane == 0) inverse[r] = scale;
      });
    }
  });
}

// Copies what weights a tile has room for; the network that uses them. They are there when the phase after the block's
// next fetched() begins.
template <class Block, class Cell>
MMG_FN Network fetch_weights(const Block& block, Network net, const Tile<Cell>& t) {
  block.fetch(t.packed, net.packed, t.copied / 8);
  block.spread(bias_lines(net.shape) * net.shape.width + net.shape.noised(), [&](int e) { t.bias[e] = net.bias_value(e); });
  net.fast = t.packed, net.copied = t.copied;
  return net;
}

template <class P, class Block>
MMG_FN void first_layer(const Block& block, const Network& net, const Tile<typename P::Cell>& t) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int w = s.width;
  const float* bias = t.bias;
  const Other<P> shared{t.shared, t.ld_shared}, shared_rest{t.shared_rest, t.ld_shared};
  const Other<P> cond{t.cond, t.ld_cond}, cond_rest{t.cond_rest, t.ld_cond};
  const auto fill = [&](int r, int c, auto& sums, const Warp& warp) {
    P::add_split(warp, shared, shared_rest, net.shared_input(), s.shared(), r, c, sums[0]);
    P::add_split(warp, cond, cond_rest, net.cond_input(), s.cond(), r, c, sums[1]);
  };
  block.warps([&](const Warp& warp) {
    product<2>(warp, t.n, w, [&](int r, int c, auto& sums) { fill(r, c, sums, warp); }, [&](int r, int c, const float* v) {
      const float base = v[0] + bias[c];
      t.h[0][r * t.ld + c] = base + bias[w + c] + v[1];
      t.h[0][(t.n + r) * t.ld + c] = base + bias[2 * w + c];
    });
  });
}

template <class P, class Block>
MMG_FN void forward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, bool training) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int rows = t.rows(), ld = t.ld;
  const Wide<P> u{t.u, ld}, act{t.act, ld};
  first_layer<P>(block, net, t);
  for (int i = 0; i < s.depth; ++i) {
    const float* h = t.h[i];
    auto *gate = t.gate[i], *value = t.value[i];
    float* next = t.h[i + 1];
    const float* bias = t.bias + (3 + 3 * i) * s.width;
    normalise<P>(block, net, t, h, t.inverse_of(i));
    block.warps([&](const Warp& warp) {
      product<2>(warp, rows, s.width, [&](int r, int c, auto& sums) {
        P::add(warp, u, net.weight(i, 0, false), s.width, r, c, sums[0]);
        P::add(warp, u, net.weight(i, 1, false), s.width, r, c, sums[1]);
      }, [&](int r, int c, const float* v) {
        const float g = v[0] + bias[c], x = v[1] + bias[s.width + c];
        t.act[r * ld + c] = P::cell(g * P::sigmoid_of(g) * x);
        if (training) gate[r * ld + c] = P::cell(g), value[r * ld + c] = P::cell(x);
      });
    });
    block.warps([&](const Warp& warp) {
      product<1>(warp, rows, s.width, [&](int r, int c, auto& sums) { P::add(warp, act, net.weight(i, 2, false), s.width, r, c, sums[0]); },
                 [&](int r, int c, const float* v) { next[r * ld + c] = h[r * ld + c] + v[0] + bias[2 * s.width + c]; });
    });
  }
  normalise<P>(block, net, t, t.h[s.depth], t.inverse_of(s.depth));
  block.warps([&](const Warp& warp) {
    product<1>(warp, rows, s.noised(), [&](int r, int c, auto& sums) { P::add(warp, u, net.output(false), s.width, r, c, sums[0]); },
               [&](int r, int c, const float* v) { t.out[r * t.ld_out + c] = v[0] + t.bias[bias_lines(s) * s.width + c]; });
  });
}

// ---------------------------------------------------------------------------------------------------------
// Back-propagation. A phase does all that can be done between two meetings of the block; each element of the gradient has
// one lane to add it up, so that the order of every sum is fixed.

struct Gradient {
  float* p;
  bool fresh;  // the first tile's sets, the others' add
  MMG_FN void add(int e, float v) const { p[e] = fresh ? v : p[e] + v; }
};

// Of one matrix (k, n) at `first`, left (k, rows) times d (rows, n).
template <class P, class Warp, class A, class D>
MMG_FN void outer(const Warp& warp, int k, int n, int rows, const A& left, const D& d, const Gradient& g, int first) {
  product<1>(warp, k, n, [&](int r, int c, auto& sums) { P::add(warp, left, d, rows, r, c, sums[0]); },
             [&](int r, int c, const float* v) { g.add(first + r * n + c, v[0]); });
}

// Of one bias at `first`: a warp takes 32 columns, from the last warp on, for the first ones have most of the strips.
template <class Warp, class D>
MMG_FN void column_sums(const Warp& warp, int rows, int n, const D& d, const Gradient& g, int first) {
  warp.lanes([&](int lane, int) {
    for (int c = (warp.count - 1 - warp.index) * kWarp + lane; c < n; c += warp.count * kWarp) {
      float sum = 0.0f;
      for (int r = 0; r < rows; ++r) sum += d(r, c);
      g.add(first + c, sum);
    }
  });
}

// dh (+)= inverse (du - u mean(u du)) with u = h inverse: what reaches layer i's h through its normalisation. What the
// next phases multiply with: dh, and of the block before, its activations and what it was given.
template <class P, class Block>
MMG_FN void normalise_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, int i) {
  using Warp = typename Block::Warp;
  const int width = net.shape.width;
  const bool last = i == net.shape.depth;
  const float *h = t.h[i], *inverse = t.inverse_of(i);
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < t.rows(); r += warp.count) {
      const int line = r * t.ld;
      float products[Warp::kSlots] = {}, u[kLaneColumns][Warp::kSlots], du[kLaneColumns][Warp::kSlots];
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) {
          u[j][slot] = h[line + c] * inverse[r], du[j][slot] = t.du[line + c];
          products[slot] += u[j][slot] * du[j][slot];
        });
      });
      const float mean = warp.sum(products) / (float)width;
      warp.lanes([&](int lane, int slot) {
        columns(lane, width, [&](int c, int j) {
          const float through = (du[j][slot] - u[j][slot] * mean) * inverse[r], d = last ? through : through + t.dh[line + c];
          t.dh[line + c] = d, t.d[line + c] = P::cell(d);
          if (i == 0) return;
          const float g = P::value(t.gate[i - 1][line + c]), v = P::value(t.value[i - 1][line + c]);
          t.act[line + c] = P::cell(g * P::sigmoid_of(g) * v);
          t.u[line + c] = P::cell(t.h[i - 1][line + c] * t.inverse_of(i - 1)[r]);
        });
      });
    }
  });
}

// t.out and t.dout hold d(loss)/d(output) on entry, t.u the last layer's rows.
template <class P, class Block>
MMG_FN void output_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const Gradient& g) {
  using Warp = typename Block::Warp;
  const int rows = t.rows(), w = net.shape.width, n = net.shape.noised();
  const Other<P> dout{t.dout, t.ld_out};
  block.warps([&](const Warp& warp) {
    outer<P>(warp, w, n, rows, Wide<P, true>{t.u, t.ld}, OtherRight<P>{t.dout, t.ld_out}, g, net.at.out);
    column_sums(warp, rows, n, [&](int r, int c) { return t.out[r * t.ld_out + c]; }, g, net.at.b_out);
    product<1>(warp, rows, w, [&](int r, int c, auto& sums) { P::add(warp, dout, net.output(true), n, r, c, sums[0]); },
               [&](int r, int c, const float* v) { t.du[r * t.ld + c] = v[0]; });
  });
}

// Block i: t.dh is what reaches its output, t.d the same as cells.
template <class P, class Block>
MMG_FN void block_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, int i, const Gradient& g) {
  using Warp = typename Block::Warp;
  const int rows = t.rows(), ld = t.ld, w = net.shape.width;
  const Wide<P> d{t.d, ld};
  const auto *gate = t.gate[i], *value = t.value[i];
  const auto of = [&](const typename P::Cell* p) { return [=](int r, int c) { return P::value(p[r * ld + c]); }; };
  block.warps([&](const Warp& warp) {
    product<1>(warp, rows, w, [&](int r, int c, auto& sums) { P::add(warp, d, net.weight(i, 2, true), w, r, c, sums[0]); },
               [&](int r, int c, const float* v) {
                 float dg = P::value(gate[r * ld + c]), dv = P::value(value[r * ld + c]);
                 gated_backward(v[0], P::sigmoid_of(dg), dg, dv);
                 t.dgate[r * ld + c] = P::cell(dg), t.dvalue[r * ld + c] = P::cell(dv);
               });
    outer<P>(warp, w, w, rows, Wide<P, true>{t.act, ld}, WideRight<P>{t.d, ld}, g, net.matrix(i, 2));
    column_sums(warp, rows, w, of(t.d), g, net.bias(i, 2));
  });
  block.warps([&](const Warp& warp) {
    const auto cells = [&](int j) { return j == 0 ? t.dgate : t.dvalue; };
    product<1>(warp, rows, w, [&](int r, int c, auto& sums) {
      MMG_NO_UNROLL for (int j = 0; j < 2; ++j) P::add(warp, Wide<P>{cells(j), ld}, net.weight(i, j, true), w, r, c, sums[0]);
    }, [&](int r, int c, const float* v) { t.du[r * ld + c] = v[0]; });
    MMG_NO_UNROLL for (int j = 0; j < 2; ++j) {
      outer<P>(warp, w, w, rows, Wide<P, true>{t.u, ld}, WideRight<P>{cells(j), ld}, g, net.matrix(i, j));
      column_sums(warp, rows, w, of(cells(j)), g, net.bias(i, j));
    }
  });
}

// The first layer's: what both passes see collects both rows' gradients, added up in t.dgate.
template <class P, class Block>
MMG_FN void input_backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const Gradient& g) {
  using Warp = typename Block::Warp;
  const Shape& s = net.shape;
  const int n = t.n, ld = t.ld, w = s.width;
  const auto given = [&](int r, int c) { return t.dh[r * ld + c]; };
  const auto without = [&](int r, int c) { return t.dh[(n + r) * ld + c]; };
  const auto both = [&](int r, int c) { return given(r, c) + without(r, c); };
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < n; r += warp.count)
      warp.lanes([&](int lane, int) {
        for (int c = lane; c < w; c += kWarp) t.dgate[r * ld + c] = P::cell(both(r, c));
      });
  });
  block.warps([&](const Warp& warp) {
    outer<P>(warp, s.shared(), w, n, Other<P, true>{t.shared, t.ld_shared}, WideRight<P>{t.dgate, ld}, g, net.at.shared);
    outer<P>(warp, s.cond(), w, n, Other<P, true>{t.cond, t.ld_cond}, WideRight<P>{t.d, ld}, g, net.at.cond);
    column_sums(warp, n, w, both, g, net.at.b_in);
    column_sums(warp, n, w, given, g, net.at.mask);
    column_sums(warp, n, w, without, g, net.at.null);
  });
}

template <class P, class Block>
MMG_FN void backward(const Block& block, const Network& net, const Tile<typename P::Cell>& t, const Gradient& g) {
  output_backward<P>(block, net, t, g);
  for (int i = net.shape.depth; i >= 0; --i) {
    normalise_backward<P>(block, net, t, i);
    if (i > 0) block_backward<P>(block, net, t, i - 1, g);
  }
  input_backward<P>(block, net, t, g);
}

}  // namespace gpu
}  // namespace mmg

// The whole denoiser on one tile of rows, in portable GCC vectors. Included once per instruction set by a file
// that defines MMG_KERNELS (the table's name), MMG_ISA_NAME, MMG_VL (floats a vector) and MMG_MR (rows a micro-tile).
//
// A tile is `t` network rows: n rows given y, then the same n rows without. Every activation is stored in column
// panels, (columns / NR, kRows, NR): what one product writes, the next one streams.
#include "../common/platform.h"

namespace mmg {

typedef float vf __attribute__((vector_size(4 * MMG_VL), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * MMG_VL), may_alias));

static MMG_HD vi as_bits(vf x) { return (vi)x; }
static MMG_HD vf as_float(vi x) { return (vf)x; }
static MMG_HD vf choose(vi c, vf a, vf b) { return c ? a : b; }
static MMG_HD vf root(vf x) {
  for (int i = 0; i < MMG_VL; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
}

}  // namespace mmg

#include "../common/activation.h"
#include "../common/draws.h"
#include "../common/features.h"
#include "../common/functions.h"
#include "tile.h"

namespace mmg {
namespace {

constexpr int VL = MMG_VL, MR = MMG_MR, NV = 2, NR = NV * VL;
constexpr int kRows = 2 * kTileRows;

inline vf load(const float* p) { return *(const vf*)p; }
inline void store(float* p, vf v) { *(vf*)p = v; }
typedef float vf4 __attribute__((vector_size(16), may_alias));

// By quarters of four lanes: a chain over single lanes costs a tenth of an evaluation at width 64.
inline float sum(vf v) {
  union {
    vf whole;
    vf4 part[VL / 4];
  } u;
  u.whole = v;
  vf4 s = u.part[0];
  for (int i = 1; i < VL / 4; ++i) s += u.part[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}
inline int panels(int n) { return (n + NR - 1) / NR; }
inline size_t panel_floats(int n) { return (size_t)panels(n) * NR * kRows; }  // one activation array of n columns

// ---------------------------------------------------------------------------------------------------------
// Matrix products. The reference of each is the triple loop in its comment; tests compare against PyTorch.

enum Start { kZero, kBias, kAdd, kAddBias };  // what a product is added to

// c(MR, NR) = start + a(MR, k) b(k, NR): the hot loop. Holds the whole result in registers.
template <int R, Start S>
inline __attribute__((always_inline)) void micro(const float* a, int k, const float* b, const float* bias, float* c) {
  vf acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < NV; ++j) {
      vf v = S == kBias || S == kAddBias ? load(bias + j * VL) : vf{};
      acc[i][j] = S == kAdd || S == kAddBias ? v + load(c + i * NR + j * VL) : v;
    }
  for (; k > 0; k -= NR, a += NR * kRows) {
    const int depth = k < NR ? k : NR;
    for (int q = 0; q < depth; ++q, b += NR) {
      const vf b0 = load(b), b1 = load(b + VL);
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i) {
        const vf s = vf{} + a[i * NR + q];
        acc[i][0] += s * b0;
        acc[i][1] += s * b1;
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < NV; ++j) store(c + i * NR + j * VL, acc[i][j]);
}

template <int R, Start S>
void micro_rest(int rest, const float* a, int k, const float* b, const float* bias, float* c) {
  if constexpr (R > 0) {
    if (rest == R) micro<R, S>(a, k, b, bias, c);
    else micro_rest<R - 1, S>(rest, a, k, b, bias, c);
  }
}

// c[t][n] = start + sum_k a[t][k] w[k][n], for `t` rows and all panels of n columns.
template <Start S>
void product(int t, const float* a, int k, const float* w, const float* bias, int n, float* c) {
  for (int p = 0; p < panels(n); ++p, w += (size_t)k * NR, c += NR * kRows) {
    int i = 0;
    for (; i + MR <= t; i += MR) micro<MR, S>(a + i * NR, k, w, bias + p * NR, c + i * NR);
    micro_rest<MR - 1, S>(t - i, a + i * NR, k, w, bias + p * NR, c + i * NR);
  }
}

// g(R, NR) (+)= sum_t a[t][R] d[t][NR]
template <int R>
inline __attribute__((always_inline)) void micro_outer(int t, const float* a, const float* d, bool fresh, float* g) {
  vf acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) acc[i][0] = acc[i][1] = vf{};
  for (int r = 0; r < t; ++r, a += NR, d += NR) {
    const vf d0 = load(d), d1 = load(d + VL);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const vf s = vf{} + a[i];
      acc[i][0] += s * d0;
      acc[i][1] += s * d1;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < NV; ++j) {
      float* out = g + i * NR + j * VL;
      store(out, fresh ? acc[i][j] : acc[i][j] + load(out));
    }
}

template <int R>
void micro_outer_rest(int rest, int t, const float* a, const float* d, bool fresh, float* g) {
  if constexpr (R > 0) {
    if (rest == R) micro_outer<R>(t, a, d, fresh, g);
    else micro_outer_rest<R - 1>(rest, t, a, d, fresh, g);
  }
}

// g[k][n] (+)= sum_t a[t][k] d[t][n]: the gradient of a weight matrix, in its packed form.
void outer(int t, const float* a, int k, const float* d, int n, bool fresh, float* g) {
  for (int p = 0; p < panels(n); ++p, d += NR * kRows)
    for (int k0 = 0; k0 < k; k0 += NR) {
      const float* a_panel = a + (size_t)k0 * kRows;
      const int depth = k - k0 < NR ? k - k0 : NR;
      int i = 0;
      for (; i + MR <= depth; i += MR, g += MR * NR) micro_outer<MR>(t, a_panel + i, d, fresh, g);
      micro_outer_rest<MR - 1>(depth - i, t, a_panel + i, d, fresh, g);
      g += (depth - i) * NR;
    }
}

// g[n] (+)= sum_t d[t][n]: the gradient of a bias.
void column_sums(int t, const float* d, int n, bool fresh, float* g) {
  for (int p = 0; p < panels(n); ++p, d += NR * kRows, g += NR)
    for (int j = 0; j < NR; j += VL) {
      vf s = fresh ? vf{} : load(g + j);
      for (int r = 0; r < t; ++r) s += load(d + r * NR + j);
      store(g + j, s);
    }
}

// ---------------------------------------------------------------------------------------------------------
// Elementwise steps

// Calls f(offset) for every vector of the first t rows of n columns.
template <class F>
inline __attribute__((always_inline)) void each_vector(int t, int n, F f) {
  for (int p = 0; p < panels(n); ++p)
    for (size_t i = (size_t)p * NR * kRows, end = i + (size_t)t * NR; i < end; i += VL) f(i);
}

// Calls f(offset, column) for every vector of one row of n columns.
template <class F>
inline __attribute__((always_inline)) void along_row(int n, F f) {
  for (int p = 0; p < panels(n); ++p)
    for (int j = 0; j < NR; j += VL) f((size_t)p * NR * kRows + j, p * NR + j);
}

inline __attribute__((always_inline)) float dot_rows(int n, const float* a, const float* b) {
  vf s{};
  along_row(n, [&](size_t i, int) { s += load(a + i) * load(b + i); });
  return sum(s);
}

// a = silu(g) v.
void gate(int t, int n, const float* g, const float* v, float* a) {
  each_vector(t, n, [&](size_t i) { store(a + i, gated(load(g + i), load(v + i))); });
}

// Given da, replaces g and v by the gradients with respect to them.
void gate_backward(int t, int n, const float* da, float* g, float* v) {
  each_vector(t, n, [&](size_t i) {
    vf dg = load(g + i), dv = load(v + i);
    gated_backward(load(da + i), dg, dv);
    store(g + i, dg);
    store(v + i, dv);
  });
}

// Divides each row by its root mean square (Zhang and Sennrich, arXiv 1910.07467): u = h / rms(h), inverse = 1 /
// rms(h).
void normalise(int t, int width, const float* h, float* u, float* inverse) {
  for (int r = 0; r < t; ++r) inverse[r] = 1.0f / root(dot_rows(width, h + r * NR, h + r * NR) / (float)width + 1e-6f);
  for (int p = 0; p < panels(width); ++p, h += NR * kRows, u += NR * kRows)
    for (int r = 0; r < t; ++r)
      for (int j = 0; j < NR; j += VL) store(u + r * NR + j, load(h + r * NR + j) * inverse[r]);
}

// dh (+)= inverse (du - u mean(u du)): what reaches h through its normalisation.
void normalise_backward(int t, int width, const float* u, const float* inverse, const float* du, bool fresh,
                        float* dh) {
  for (int r = 0; r < t; ++r) {
    const size_t row = (size_t)r * NR;
    const float mean = dot_rows(width, u + row, du + row) / (float)width;
    along_row(width, [&](size_t i, int) {
      const size_t at = row + i;
      const vf d = (load(du + at) - load(u + at) * mean) * inverse[r];
      store(dh + at, fresh ? d : d + load(dh + at));
    });
  }
}

// Computes h0 of both passes (2 n rows) from the shared part `base` (n rows); on entry the first n rows of h hold y's
// part.
void merge_passes(int n, int width, const float* base, const float* mask, const float* null, float* h) {
  for (int p = 0; p < panels(width); ++p, base += NR * kRows, h += NR * kRows, mask += NR, null += NR)
    for (int r = 0; r < n; ++r)
      for (int j = 0; j < NR; j += VL) {
        const vf b = load(base + r * NR + j);
        float *with = h + r * NR + j, *without = h + (n + r) * NR + j;
        store(with, load(with) + b + load(mask + j));
        store(without, b + load(null + j));
      }
}

// Computes the gradient with respect to `base`: d(base) = d(given rows) + d(null rows).
void sum_passes(int n, int width, const float* dh, float* dbase) {
  for (int p = 0; p < panels(width); ++p, dh += NR * kRows, dbase += NR * kRows)
    for (int i = 0; i < n * NR; i += VL) store(dbase + i, load(dh + i) + load(dh + n * NR + i));
}

// ---------------------------------------------------------------------------------------------------------
// Workspace: one slab per thread, cut up here and nowhere else

struct Tile {
  // per row: draws and channel
  float a[kTileRows], b[kTileRows], weight[kTileRows], logsnr[kTileRows];
  int bin[kTileRows];
  uint32_t row[kTileRows];
  // arrays; row-major ones have stride `dim`
  int dim;
  float *x, *residual, *eps, *rho, *s2, *uniforms, *phase, *damp;
  float *in_shared, *in_cond, *base;
  float *h, *norm[kMaxCpuDepth + 1], *inverse[kMaxCpuDepth + 1], *gate[kMaxCpuDepth], *value[kMaxCpuDepth],
      *act[kMaxCpuDepth], *out;
  float *dh, *da, *dnorm;
};

constexpr int wave_lanes = (kWaves * kWaveColumns + VL - 1) / VL * VL;

// Hands out a slab by multiples of 16 floats; with a null one it only counts.
struct Slab {
  float* floats;
  size_t used = 0;
  float* operator()(size_t n) {
    float* p = floats ? floats + used : nullptr;
    used += (n + 15) / 16 * 16;
    return p;
  }
};

// Cuts a tile's arrays from a slab, or only counts its floats if that is null. Outside training the gated blocks share
// their buffers.
size_t cut(const Layout& l, bool training, float* slab, Tile& t) {
  Slab take{slab};
  const Shape& s = l.shape;
  t.dim = round_up(s.dim_x, 16);
  t.x = take((size_t)t.dim * kTileRows);
  t.residual = take((size_t)t.dim * kTileRows);
  t.eps = take((size_t)t.dim * kTileRows);
  t.rho = take(t.dim);
  t.s2 = take(t.dim);
  t.uniforms = take(2 * (size_t)t.dim);
  t.phase = take(wave_lanes);
  t.damp = take(wave_lanes);
  t.in_shared = take(panel_floats(s.shared()));
  t.in_cond = take(panel_floats(s.cond()));
  t.base = take(panel_floats(s.width));
  t.h = take(panel_floats(s.width));
  for (int i = 0; i <= s.depth; ++i) {
    const bool own = training || i == 0;
    t.norm[i] = own ? take(panel_floats(s.width)) : t.norm[0];
    t.inverse[i] = own ? take(kRows) : t.inverse[0];
    if (i == s.depth) break;
    t.gate[i] = own ? take(panel_floats(s.width)) : t.gate[0];
    t.value[i] = own ? take(panel_floats(s.width)) : t.value[0];
    t.act[i] = own ? take(panel_floats(s.width)) : t.act[0];
  }
  t.out = take(panel_floats(s.noised()));
  t.dh = training ? take(panel_floats(s.width)) : nullptr;
  t.da = training ? take(panel_floats(s.width)) : nullptr;
  t.dnorm = training ? take(panel_floats(s.width)) : nullptr;
  return take.used;
}

size_t workspace_floats(const Layout& l, bool training) {
  Tile t;
  return cut(l, training, nullptr, t);
}

// ---------------------------------------------------------------------------------------------------------
// Data, noise and features of a tile

inline float* feature(float* panel_array, int row, int k) {
  return panel_array + (size_t)(k / NR) * NR * kRows + row * NR + k % NR;
}

// Draws `dim` normals, padded with zeros to t.dim, keyed by (seed, c0, c1, stream): coordinate i depends on i alone.
void draw_noise(const Tile& t, int dim, uint64_t seed, uint32_t c0, uint32_t c1, Stream stream, float* eps) {
  float *u = t.uniforms, *turn = u + t.dim;
  for (int i = 0; i < dim; i += 4) {  // one Philox call makes four normals: coordinates i .. i + 3
    const Philox r = philox(seed, c0, c1, i / 4, stream);
    for (int j = 0; j < 2; ++j) {
      u[i / 2 + j] = open_unit(r.v[j]);
      turn[i / 2 + j] = open_unit(r.v[2 + j]);
    }
  }
  for (int i = 0; 2 * i < dim; i += VL) {
    vf n0, n1;
    box_muller(load(u + i), load(turn + i), n0, n1);
    alignas(64) float even[VL], odd[VL];  // lanes are cheaper to pick from memory than from a register
    store(even, n0);
    store(odd, n1);
    for (int j = 0; j < VL && 2 * (i + j) < dim; ++j) {
      eps[2 * (i + j)] = even[j];
      eps[2 * (i + j) + 1] = odd[j];
    }
  }
  for (int i = dim; i < t.dim; ++i) eps[i] = 0.0f;
}

// Writes both radial features; returns the first.
float write_radial(float square, int dim, int row, int at, float* features) {
  const Radial r = radial(square, dim);
  *feature(features, row, at + 1) = r.logarithm;
  return *feature(features, row, at) = r.bounded;
}

void embed(float logsnr, int row, int at, float* features) {
  alignas(64) float bumps[kEmbedding];
  for (int k = 0; k < kEmbedding; k += VL) {
    vf d;
    for (int j = 0; j < VL; ++j) d[j] = bump_offset(k + j);
    store(bumps + k, bump(d + logsnr));
  }
  bumps[0] = embedded_logsnr(logsnr);
  for (int k = 0; k < kEmbedding; ++k) *feature(features, row, at + k) = bumps[k];
}

// Collects the waves of one kind, so that a vector of them is computed at a time.
struct Waves {
  Tile& t;
  int used = 0;

  void add(Posterior known, float value) {
    for (int k = 0; k < kWaves; ++k, ++used) {
      const Wave w = wave(known, value, k);
      t.phase[used] = w.turn;
      t.damp[used] = w.exponent;
    }
  }

  void write(int row, int at, float* features) {
    for (int i = used; i < wave_lanes; ++i) t.phase[i] = t.damp[i] = 0.0f;
    for (int i = 0; i < used; i += VL) {
      vf sine, cosine;
      sincos_turn(load(t.phase + i), sine, cosine);
      const vf damp = exp_(load(t.damp + i));
      store(t.phase + i, sine * damp);
      store(t.damp + i, cosine * damp);
    }
    for (int i = 0; i < used; ++i) {
      *feature(features, row, at + i) = t.phase[i];
      *feature(features, row, at + used + i) = t.damp[i];
    }
  }
};

// Writes the innovation of every noisy column, and the waves of z and of the innovation.
void fill_posterior(const Problem& p, Tile& t, int r) {
  const Shape& s = p.layout.shape;
  const float a = t.a[r], b = t.b[r];
  const float *x = t.x + (size_t)r * t.dim, *residual = t.residual + (size_t)r * t.dim;
  const int at = s.dim_x + 3 * s.dim_y + kRadial;
  Waves plain{t}, given{t};
  for (int i = 0; i < s.noised(); ++i) {
    const float z = *feature(t.in_shared, r, i);
    *feature(t.in_cond, r, at + i) = innovation(a, b, z, x[i] - residual[i], t.s2[i]);
  }
  if (s.waves() == 0) return;
  for (int i = 0; i < s.noised(); ++i) plain.add(posterior(a, b, 1.0f), *feature(t.in_shared, r, i));
  plain.write(r, 2 * s.dim_x + kRadial + kEmbedding, t.in_shared);
  for (int i = 0; i < s.noised(); ++i) given.add(posterior(a, b, t.s2[i]), *feature(t.in_cond, r, at + i));
  given.write(r, at + s.noised(), t.in_cond);
}

// Fills row r of the tile from data row t.row[r] and the noise already in t.eps.
void fill_row(const Problem& p, Tile& t, int r) {
  const Shape& s = p.layout.shape;
  const float *x = p.x + (size_t)t.row[r] * s.dim_x, *y = p.y + (size_t)t.row[r] * s.dim_y;
  float *xr = t.x + (size_t)r * t.dim, *res = t.residual + (size_t)r * t.dim, *eps = t.eps + (size_t)r * t.dim;
  const Level c = level(t.logsnr[r]);
  t.a[r] = c.a;
  t.b[r] = c.b;
  float zz = 0, yy = 0;
  for (int i = 0; i < s.dim_x; ++i) {
    const float z = i < s.noised() ? c.a * x[i] + c.b * eps[i] : x[i];
    zz += z * z;
    *feature(t.in_shared, r, i) = z;
  }
  for (int i = 0; i < s.noised(); ++i) {
    xr[i] = x[i];
    res[i] = x[i] - (i < s.dim_y ? p.rho[i] * y[i] : 0.0f);
  }
  for (int i = s.noised(); i < t.dim; ++i) xr[i] = res[i] = 0.0f;  // no error to make there
  for (int i = 0; i < s.dim_y; ++i) {
    yy += y[i] * y[i];
    *feature(t.in_cond, r, i) = y[i];
  }
  const float rz = write_radial(zz, s.dim_x, r, 2 * s.dim_x, t.in_shared);
  const float ry = write_radial(yy, s.dim_y, r, 3 * s.dim_y + s.dim_x, t.in_cond);
  embed(t.logsnr[r], r, 2 * s.dim_x + kRadial, t.in_shared);
  for (int i = 0; i < s.dim_x; ++i) {
    const float z = *feature(t.in_shared, r, i);
    *feature(t.in_shared, r, s.dim_x + i) = rz * z;
    *feature(t.in_cond, r, 3 * s.dim_y + i) = ry * z;
  }
  for (int i = 0; i < s.dim_y; ++i) {
    *feature(t.in_cond, r, s.dim_y + i) = ry * y[i];
    *feature(t.in_cond, r, 2 * s.dim_y + i) = rz * y[i];
  }
  fill_posterior(p, t, r);
}

void set_draw(Tile& t, int r, const RowDraw& d) {
  t.row[r] = d.row;
  t.logsnr[r] = d.draw.logsnr;
  t.weight[r] = d.draw.weight;
  t.bin[r] = d.draw.bin;
}

void draw_training_rows(const Problem& p, Tile& t, uint32_t step, uint32_t batch, uint32_t first, int n) {
  for (int r = 0; r < n; ++r) {  // tiles start at even slots
    set_draw(t, r, training_draw(p.seed, p.proposal, first + r, step, batch, p.n_rows));
    float* eps = t.eps + (size_t)r * t.dim;
    if (r % 2 == 0) draw_noise(t, p.layout.shape.noised(), p.seed, first + r, step, kTrainNoise, eps);
    else
      for (int i = 0; i < t.dim; i += VL) store(eps + i, -load(eps - t.dim + i));
    fill_row(p, t, r);
  }
}

void draw_gap_rows(const Problem& p, Tile& t, uint32_t first, int n, uint32_t repeat, uint32_t repeats) {
  for (int r = 0; r < n; ++r) {
    set_draw(t, r, gap_draw(p.seed, p.proposal, first + r, repeat, repeats));
    draw_noise(t, p.layout.shape.noised(), p.seed, first + r, repeat, kGapNoise, t.eps + (size_t)r * t.dim);
    fill_row(p, t, r);
  }
}

Tile make_tile(const Problem& p, bool training, float* slab) {
  Tile t;
  cut(p.layout, training, slab, t);
  for (int i = 0; i < t.dim; ++i) {
    t.rho[i] = i < p.layout.shape.dim_x ? p.rho[i] : 0.0f;
    t.s2[i] = i < p.layout.shape.dim_x ? p.s2[i] : 1.0f;
  }
  return t;
}

// ---------------------------------------------------------------------------------------------------------
// The network

void forward(const Layout& l, const float* w, int n, Tile& t) {
  const Shape& s = l.shape;
  const int rows = 2 * n;
  product<kBias>(n, t.in_shared, s.shared(), w + l.shared.packed, w + l.b_in.packed, s.width, t.base);
  product<kZero>(n, t.in_cond, s.cond(), w + l.cond.packed, w, s.width, t.h);
  merge_passes(n, s.width, t.base, w + l.mask.packed, w + l.null.packed, t.h);
  for (int i = 0; i < s.depth; ++i) {
    const GatedBlock& b = l.gated_blocks[i];
    normalise(rows, s.width, t.h, t.norm[i], t.inverse[i]);
    product<kBias>(rows, t.norm[i], s.width, w + b.gate.packed, w + b.b_gate.packed, s.width, t.gate[i]);
    product<kBias>(rows, t.norm[i], s.width, w + b.value.packed, w + b.b_value.packed, s.width, t.value[i]);
    gate(rows, s.width, t.gate[i], t.value[i], t.act[i]);
    product<kAddBias>(rows, t.act[i], s.width, w + b.down.packed, w + b.b_down.packed, s.width, t.h);
  }
  normalise(rows, s.width, t.h, t.norm[s.depth], t.inverse[s.depth]);
  product<kBias>(rows, t.norm[s.depth], s.width, w + l.out.packed, w + l.b_out.packed, s.noised(), t.out);
}

// t.out holds d(loss)/d(output) on entry.
void backward(const Layout& l, Weights weights, int n, Tile& t, bool fresh, float* grad) {
  const Shape& s = l.shape;
  const float* wt = weights.transposed;
  const int rows = 2 * n;
  outer(rows, t.norm[s.depth], s.width, t.out, s.noised(), fresh, grad + l.out.packed);
  column_sums(rows, t.out, s.noised(), fresh, grad + l.b_out.packed);
  product<kZero>(rows, t.out, s.noised(), wt + l.out.transposed, wt, s.width, t.dnorm);
  normalise_backward(rows, s.width, t.norm[s.depth], t.inverse[s.depth], t.dnorm, true, t.dh);
  for (int i = s.depth - 1; i >= 0; --i) {
    const GatedBlock& b = l.gated_blocks[i];
    outer(rows, t.act[i], s.width, t.dh, s.width, fresh, grad + b.down.packed);
    column_sums(rows, t.dh, s.width, fresh, grad + b.b_down.packed);
    product<kZero>(rows, t.dh, s.width, wt + b.down.transposed, wt, s.width, t.da);
    gate_backward(rows, s.width, t.da, t.gate[i], t.value[i]);
    outer(rows, t.norm[i], s.width, t.gate[i], s.width, fresh, grad + b.gate.packed);
    column_sums(rows, t.gate[i], s.width, fresh, grad + b.b_gate.packed);
    outer(rows, t.norm[i], s.width, t.value[i], s.width, fresh, grad + b.value.packed);
    column_sums(rows, t.value[i], s.width, fresh, grad + b.b_value.packed);
    product<kZero>(rows, t.gate[i], s.width, wt + b.gate.transposed, wt, s.width, t.dnorm);
    product<kAdd>(rows, t.value[i], s.width, wt + b.value.transposed, wt, s.width, t.dnorm);
    normalise_backward(rows, s.width, t.norm[i], t.inverse[i], t.dnorm, false, t.dh);
  }
  sum_passes(n, s.width, t.dh, t.base);
  outer(n, t.in_shared, s.shared(), t.base, s.width, fresh, grad + l.shared.packed);
  column_sums(n, t.base, s.width, fresh, grad + l.b_in.packed);
  outer(n, t.in_cond, s.cond(), t.dh, s.width, fresh, grad + l.cond.packed);
  column_sums(n, t.dh, s.width, fresh, grad + l.mask.packed);
  // the rows without y start at row n of every panel
  column_sums(n, t.dh + (size_t)n * NR, s.width, fresh, grad + l.null.packed);
}

// ---------------------------------------------------------------------------------------------------------
// Errors of the two denoisers, the loss and the gap

inline Errors<vf> errors(const Tile& t, int n, int r, int i) {
  const size_t at = (size_t)r * t.dim + i;
  return denoiser_errors(t.a[r], t.b[r], load(t.x + at), load(t.residual + at), load(t.eps + at), load(t.s2 + i),
                         load(feature(t.out, n + r, i)), load(feature(t.out, r, i)));
}

// Returns the tile's losses and writes their gradient with respect to the output over the output. The best denoiser is
// the same under any weight over log-SNR. The loss has none, so that training spends its effort where the proposal
// draws: where the two denoisers differ.
Losses loss_backward(const Problem& p, Tile& t, int n, uint32_t batch) {
  Losses total{0, 0};
  const float g = -1.0f / (float)batch;
  for (int r = 0; r < n; ++r) {
    vf marginal{}, given{};
    for (int i = 0; i < p.layout.shape.noised(); i += VL) {
      const Errors<vf> e = errors(t, n, r, i);
      marginal += e.marginal * e.marginal;
      given += e.given * e.given;
      store(feature(t.out, r, i), e.given * e.scale_given * g);
      store(feature(t.out, n + r, i), e.marginal * e.scale * g);
    }
    total.marginal += 0.5 * sum(marginal);
    total.given += 0.5 * sum(given);
  }
  return total;
}

void train_tile(const Problem& p, Weights w, uint32_t step, uint32_t batch, uint32_t first, int n, float* grad,
                bool fresh, float* workspace, Losses* losses) {
  Tile t = make_tile(p, true, workspace);
  draw_training_rows(p, t, step, batch, first, n);
  forward(p.layout, w.packed, n, t);
  const Losses here = loss_backward(p, t, n, batch);
  losses->marginal += here.marginal;
  losses->given += here.given;
  backward(p.layout, w, n, t, fresh, grad);
}

Gap gap_of_row(const Tile& t, int dim, int n, int r) {
  vf marginal{}, given{}, between{}, wiener{}, wiener_given{};
  for (int i = 0; i < dim; i += VL) {
    const Errors<vf> e = errors(t, n, r, i);
    const vf difference = e.marginal - e.given;
    marginal += e.marginal * e.marginal;
    given += e.given * e.given;
    between += difference * difference;
    wiener += e.wiener * e.wiener;
    wiener_given += e.wiener_given * e.wiener_given;
  }
  return Gap{sum(marginal), sum(given), sum(between), sum(wiener), sum(wiener_given)};
}

void add_bin(double half_weight, const Gap& gap, double* bin) {
  double values[kBinSums];
  bin_values(half_weight, gap, values);
  for (int i = 0; i < kBinSums; ++i) bin[i] += values[i];
}

void gap_tile(const Problem& p, Weights w, uint32_t first, int n, uint32_t repeat, uint32_t repeats, float* workspace,
              double* bins, double* rows) {
  Tile t = make_tile(p, false, workspace);
  draw_gap_rows(p, t, first, n, repeat, repeats);
  forward(p.layout, w.packed, n, t);
  for (int r = 0; r < n; ++r) {
    const Gap gap = gap_of_row(t, p.layout.shape.noised(), n, r);
    add_bin(0.5 * t.weight[r], gap, bins + (size_t)t.bin[r] * kBinSums);
    add_row_values(0.5 * t.weight[r] / repeats, gap, rows + (size_t)r * kRowValues);
  }
}

// ---------------------------------------------------------------------------------------------------------
// The optimiser

void adam(const AdamStep& s, size_t begin, size_t end) {
  for (size_t i = begin; i < end; i += VL) {
    vf g = load(s.grads[0] + i);
    for (int k = 1; k < s.n_grads; ++k) g += load(s.grads[k] + i);
    vf w = load(s.weights + i), m = load(s.m + i), v = load(s.v + i), ema = load(s.ema + i);
    adam_update(s.rates, g, w, m, v, ema);
    store(s.weights + i, w);
    store(s.m + i, m);
    store(s.v + i, v);
    store(s.ema + i, ema);
  }
}

// Writes one panel of the transposed copy for back-propagation: nr of its columns, which are rows of m.
void transpose(const Matrix& m, int nr, const float* packed, float* transposed, int panel) {
  const float* from = packed + m.packed;
  float* to = transposed + m.transposed + (size_t)panel * m.n * nr;
  const int depth = m.k - panel * nr < nr ? m.k - panel * nr : nr;
  for (int n = 0; n < m.n; ++n) {
    const float* column = from + (size_t)(n / nr) * m.k * nr + (size_t)panel * nr * nr + n % nr;
    for (int k = 0; k < depth; ++k) to[(size_t)n * nr + k] = column[(size_t)k * nr];
    for (int k = depth; k < nr; ++k) to[(size_t)n * nr + k] = 0.0f;
  }
}

// ---------------------------------------------------------------------------------------------------------
// The functions of fastmath.h, for the test that measures their errors

void evaluate_vectors(Function function, const float* x, const float* y, size_t n, float* a, float* b) {
  for (size_t i = 0; i < n; i += VL) {
    vf first{}, second{};
    evaluate(function, load(x + i), load(y + i), first, second);
    store(a + i, first);
    store(b + i, second);
  }
}

// ---------------------------------------------------------------------------------------------------------
// The critics

#include "critic.inl"

}  // namespace

const Kernels MMG_KERNELS = {MMG_ISA_NAME,
                             NR,
                             workspace_floats,
                             train_tile,
                             gap_tile,
                             adam,
                             critic_floats,
                             critic_pair_tiles,
                             critic_sides,
                             critic_scores,
                             critic_pairs_backward,
                             critic_sides_backward,
                             transpose,
                             evaluate_vectors};

}  // namespace mmg

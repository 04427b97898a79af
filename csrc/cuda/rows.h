// Draws, noise and features of a tile's rows, as phases of a thread block.
#pragma once
#include "../common/draws.h"
#include "tile.h"

namespace mmg {
namespace gpu {

// The counters that key a row's noise; `sign` is -1 for the second row of an antithetic pair.
struct NoiseKey {
  uint32_t c0, c1;
  Stream stream;
  float sign;
};

// Draws columns first to first + 3 of row r's noise: one Philox call makes four normals.
template <class Element>
MMG_FN void draw_noise(const Tile<Element>& t, uint64_t seed, const NoiseKey& key, int r, int first, int noised) {
  const Philox bits = philox(seed, key.c0, key.c1, first / 4, key.stream);
  float normals[4];
  box_muller(open_unit(bits.v[0]), open_unit(bits.v[2]), normals[0], normals[1]);
  box_muller(open_unit(bits.v[1]), open_unit(bits.v[3]), normals[2], normals[3]);
  MMG_UNROLL
  for (int j = 0; j < 4; ++j)
    if (first + j < noised) t.eps[r * noised + first + j] = key.sign * normals[j];
}

// Draws data row, log-SNR and noise of every row of a tile: draw_of(r) is row r's draw, key_of(r) the key of its noise.
template <class ThreadBlock, class Element, class Draws, class Keys>
MMG_FN void draw_rows(const ThreadBlock& block, const Problem& p, const Shape& s, const Tile<Element>& t,
                      const Draws& draw_of, const Keys& key_of) {
  block.spread(t.n, [&](int r) {
    const RowDraw d = draw_of(r);
    const Level c = level(d.draw.logsnr);
    t.row[r] = d.row;
    t.bin[r] = d.draw.bin;
    t.logsnr[r] = d.draw.logsnr;
    t.weight[r] = d.draw.weight;
    t.a[r] = c.a;
    t.b[r] = c.b;
  });
  const int noised = s.noised();
  block.each(t.n * ((noised + 3) / 4), [&](int i) {
    const int r = t.mod_n(i);
    draw_noise(t, p.seed, key_of(r), r, t.over_n(i) * 4, noised);
  });
}

// Returns rho y of noisy column i, its linear prediction from y.
template <class Element>
MMG_FN float predicted(const Problem& p, const Shape& s, const Tile<Element>& t, int r, int i) {
  return i < s.dim_y ? p.rho[i] * t.y[r * s.dim_y + i] : 0.0f;
}

// Fills z and y of row r, and the radial features of both.
template <class Warp, class Element>
MMG_FN void fill_row(const Warp& warp, const Problem& p, const Shape& s, const Tile<Element>& t, int r) {
  const float *x = p.x + (size_t)t.row[r] * s.dim_x, *y = p.y + (size_t)t.row[r] * s.dim_y;
  const float* eps = t.eps + r * s.noised();
  float zz[Warp::kSlots] = {}, yy[Warp::kSlots] = {};
  each_lane(warp, s.dim_x, [&](int i, int slot) {
    const float z = i < s.noised() ? t.a[r] * x[i] + t.b[r] * eps[i] : x[i];
    t.z[r * s.dim_x + i] = z;
    zz[slot] += z * z;
  });
  each_lane(warp, s.dim_y, [&](int i, int slot) {
    t.y[r * s.dim_y + i] = y[i];
    yy[slot] += y[i] * y[i];
  });
  const Radial of_z = radial(warp.sum(zz), s.dim_x), of_y = radial(warp.sum(yy), s.dim_y);
  first_lane(warp, [&] {
    t.radius_z[r] = of_z;
    t.radius_y[r] = of_y;
  });
}

template <class ThreadBlock, class Element>
MMG_FN void fill_variables(const ThreadBlock& block, const Problem& p, const Shape& s, const Tile<Element>& t) {
  each_row(block, t.n, [&](const auto& warp, int r) { fill_row(warp, p, s, t, r); });
}

// Returns wave j of one kind: sines, then cosines, of value(i) of each noisy column i, damped by what a prior variance
// s2(i) leaves unknown of it.
template <class Element, class Value, class Variance>
MMG_FN float wave_feature(const Tile<Element>& t, int r, int j, int waves, const Value& value, const Variance& s2) {
  const int half = waves / 2, i = j % half / kWaves;
  const Wave w = wave(posterior(t.a[r], t.b[r], s2(i)), value(i), j % kWaves);
  float sine, cosine;
  sincos_turn(w.turn, sine, cosine);
  return (j < half ? sine : cosine) * exp_(w.exponent);
}

// Returns feature k of the inputs that both passes see; zero beyond them.
template <class Element>
MMG_FN float shared_feature(const Shape& s, const Tile<Element>& t, int r, int k) {
  const float* z = t.z + r * s.dim_x;
  const Radial of_z = t.radius_z[r];
  if (k < s.dim_x) return z[k];
  if ((k -= s.dim_x) < s.dim_x) return of_z.bounded * z[k];
  if ((k -= s.dim_x) < kRadial) return k == 0 ? of_z.bounded : of_z.logarithm;
  if ((k -= kRadial) < kEmbedding) return k == 0 ? embedded_logsnr(t.logsnr[r]) : bump(t.logsnr[r] + bump_offset(k));
  if ((k -= kEmbedding) >= s.waves()) return 0.0f;
  return wave_feature(t, r, k, s.waves(), [&](int i) { return z[i]; }, [](int) { return 1.0f; });
}

// Returns feature k of the inputs that only the pass given y sees; zero beyond them.
template <class Element>
MMG_FN float given_feature(const Problem& p, const Shape& s, const Tile<Element>& t, int r, int k) {
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

// Fills all inputs. Rows run fastest, so that the lanes of a warp compute the same feature and take the same branches.
template <class P, class ThreadBlock>
MMG_FN void fill_features(const ThreadBlock& block, const Problem& p, const Shape& s,
                          const Tile<typename P::Element>& t) {
  using Element = typename P::Element;
  const auto put = [&](Element* elements, Element* rest, int at, float value) {
    elements[at] = P::element(value);
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

}  // namespace gpu
}  // namespace mmg

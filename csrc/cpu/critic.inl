// The critic (critic_layout.h) on groups of rows: both networks of one side once a row, by tiles of kRows, then all
// pairs of each group, by tiles of kRows pairs. Included by kernels.inl, whose products it uses.
//
// Pairs far outnumber rows, so nothing of them is kept for back-propagation: their one layer is run again.

constexpr float kLargest = 10.0f;  // the most, in nats, that the networks add to the Gaussian part or take from it

// ---------------------------------------------------------------------------------------------------------
// Workspace

struct SideSpace {
  float *input, *scaled;                                 // the rows, and what the innovation is linear in
  float *act[kMaxCriticDepth], *slope[kMaxCriticDepth];  // slope: derivative of the activation
  float *inner, *own, *d_inner, *d_own;                  // outputs and their gradients
  float *correlated, *square;                            // row-major, for the Gaussian part
};

struct CriticSpace {
  bool training;
  int stride;  // of `correlated`
  SideSpace sides[2];
  float *first, *first_slope, *second, *second_slope, *d_first, *d_second;  // a tile of pairs
  float *learned, *gaussian, *slope, *scores;                               // of every pair of the tile
  float *d_act, *d_next;                                                    // a tile of rows
};

inline int tiles_of(int rows) { return (rows + kRows - 1) / kRows; }
inline int rows_of_tile(const Groups& g, int tile) {
  return g.rows() - tile * kRows < kRows ? g.rows() - tile * kRows : kRows;
}

// Cuts the arrays from a slab, or only counts its floats if that is null. Outside training, tiles of rows share all
// arrays but those that the pairs read.
size_t cut_critic(const CriticLayout& l, int rows, bool training, float* slab, CriticSpace& c) {
  Slab take{slab};
  const CriticShape& s = l.shape;
  const size_t all = tiles_of(rows), kept = training ? all : 1;
  c.training = training;
  c.stride = round_up(s.correlated(), 16);
  for (int k = 0; k < 2; ++k) {
    SideSpace& side = c.sides[k];
    side.input = take(kept * panel_floats(l.sides[k].dim));
    side.scaled = take(kept * panel_floats(s.correlated()));
    for (int i = 0; i < s.depth; ++i) {
      side.act[i] = take(kept * panel_floats(s.width));
      side.slope[i] = training ? take(kept * panel_floats(s.width)) : nullptr;
    }
    side.inner = take(all * panel_floats(s.embedding));
    side.own = take(all * panel_floats(s.units));
    side.d_inner = training ? take(all * panel_floats(s.embedding)) : nullptr;
    side.d_own = training ? take(all * panel_floats(s.units)) : nullptr;
    side.correlated = take((size_t)rows * c.stride);
    side.square = take(rows);
  }
  auto in_training = [&](size_t n) { return training ? take(n) : nullptr; };
  const size_t pairs = panel_floats(s.units);
  c.first = take(pairs);
  c.first_slope = in_training(pairs);
  c.d_first = in_training(pairs);
  c.second = take(pairs);
  c.second_slope = in_training(pairs);
  c.d_second = in_training(pairs);
  c.learned = take(kRows);
  c.gaussian = take(kRows);
  c.slope = take(kRows);
  c.scores = take(kRows);
  c.d_act = in_training(panel_floats(s.width));
  c.d_next = in_training(panel_floats(s.width));
  return take.used;
}

size_t critic_floats(const CriticLayout& l, int rows, bool training) {
  CriticSpace c;
  return cut_critic(l, rows, training, nullptr, c);
}

// Return the array of one tile, and the first entry of one row in its tile.
inline float* tile_at(float* array, int n, int tile) { return array + (size_t)tile * panel_floats(n); }
inline float* row_at(float* array, int n, int row) {
  return tile_at(array, n, row / kRows) + (size_t)(row % kRows) * NR;
}

// ---------------------------------------------------------------------------------------------------------
// Elementwise steps

// a = silu(a); writes its derivative to `slope` unless that is null.
void silu(int t, int n, float* a, float* slope) {
  each_vector(t, n, [&](size_t i) {
    const vf x = load(a + i), s = sigmoid(x), y = x * s;
    store(a + i, y);
    if (slope) store(slope + i, s + y * (1.0f - s));
  });
}

// a = a by, element by element.
void multiply(int t, int n, const float* by, float* a) {
  each_vector(t, n, [&](size_t i) { store(a + i, load(a + i) * load(by + i)); });
}

// ---------------------------------------------------------------------------------------------------------
// Networks of one side

void load_side(const CriticProblem& p, const Groups& g, int k, int tile, int n, int kept, CriticSpace& c) {
  const CriticShape& s = p.layout.shape;
  SideSpace& side = c.sides[k];
  const int dim = p.layout.sides[k].dim;
  float *input = tile_at(side.input, dim, kept), *scaled = tile_at(side.scaled, s.correlated(), kept);
  for (int r = 0; r < n; ++r) {
    const int row = tile * kRows + r;
    const float* from = (k ? p.y : p.x) + (g.picked ? (size_t)g.picked[row] : (size_t)row) * dim;
    float *flat = side.correlated + (size_t)row * c.stride, square = 0;
    for (int i = 0; i < dim; ++i) *feature(input, r, i) = from[i];
    for (int i = 0; i < s.correlated(); ++i) {
      *feature(scaled, r, i) = k ? p.grow[i] * from[i] : -p.shrink[i] * from[i];
      flat[i] = k ? from[i] : p.cross[i] * from[i];
      square += p.square[i] * from[i] * from[i];
    }
    for (int i = s.correlated(); i < c.stride; ++i) flat[i] = 0.0f;
    side.square[row] = square;
  }
}

void side_forward(const CriticProblem& p, const float* w, const Groups& g, int k, int tile, CriticSpace& c) {
  const CriticShape& s = p.layout.shape;
  const CriticSide& m = p.layout.sides[k];
  SideSpace& side = c.sides[k];
  const int n = rows_of_tile(g, tile), kept = c.training ? tile : 0;
  load_side(p, g, k, tile, n, kept, c);
  const float *input = tile_at(side.input, m.dim, kept), *u = input;
  for (int i = 0; i < s.depth; ++i) {
    float* act = tile_at(side.act[i], s.width, kept);
    product<kBias>(n, u, i ? s.width : m.dim, w + m.hidden[i].packed, w + m.b_hidden[i].packed, s.width, act);
    silu(n, s.width, act, c.training ? tile_at(side.slope[i], s.width, kept) : nullptr);
    u = act;
  }
  float* own = tile_at(side.own, s.units, tile);
  product<kBias>(n, u, s.width, w + m.inner.packed, w + m.b_inner.packed, s.embedding,
                 tile_at(side.inner, s.embedding, tile));
  product<kBias>(n, u, s.width, w + m.own.packed, w + m.b_own.packed, s.units, own);
  product<kAdd>(n, input, m.dim, w + m.linear.packed, w, s.units, own);
  product<kAdd>(n, tile_at(side.scaled, s.correlated(), kept), s.correlated(), w + p.layout.innovation.packed, w,
                s.units, own);
}

void side_backward(const CriticProblem& p, Weights weights, const Groups& g, int k, int tile, CriticSpace& c,
                   float* grad) {
  const CriticShape& s = p.layout.shape;
  const CriticSide& m = p.layout.sides[k];
  SideSpace& side = c.sides[k];
  const float* wt = weights.transposed;
  const int n = rows_of_tile(g, tile);
  const float *input = tile_at(side.input, m.dim, tile), *u = tile_at(side.act[s.depth - 1], s.width, tile);
  const float *d_inner = tile_at(side.d_inner, s.embedding, tile), *d_own = tile_at(side.d_own, s.units, tile);
  outer(n, u, s.width, d_inner, s.embedding, false, grad + m.inner.packed);
  column_sums(n, d_inner, s.embedding, false, grad + m.b_inner.packed);
  outer(n, u, s.width, d_own, s.units, false, grad + m.own.packed);
  column_sums(n, d_own, s.units, false, grad + m.b_own.packed);
  outer(n, input, m.dim, d_own, s.units, false, grad + m.linear.packed);
  outer(n, tile_at(side.scaled, s.correlated(), tile), s.correlated(), d_own, s.units, false,
        grad + p.layout.innovation.packed);
  float *d = c.d_act, *next = c.d_next;
  product<kZero>(n, d_inner, s.embedding, wt + m.inner.transposed, wt, s.width, d);
  product<kAdd>(n, d_own, s.units, wt + m.own.transposed, wt, s.width, d);
  for (int i = s.depth - 1; i >= 0; --i) {
    multiply(n, s.width, tile_at(side.slope[i], s.width, tile), d);
    u = i ? tile_at(side.act[i - 1], s.width, tile) : input;
    outer(n, u, i ? s.width : m.dim, d, s.width, false, grad + m.hidden[i].packed);
    column_sums(n, d, s.width, false, grad + m.b_hidden[i].packed);
    if (i == 0) break;
    product<kZero>(n, d, s.width, wt + m.hidden[i].transposed, wt, s.width, next);
    float* swap = d;
    d = next;
    next = swap;
  }
}

// ---------------------------------------------------------------------------------------------------------
// Pairs

// Pairs [first, first + t) of a group, counted along its table.
struct Pairs {
  int group, size, first, t;
  int x(int r) const { return group * size + (first + r) / size; }
  int y(int r) const { return group * size + (first + r) % size; }
};

// First hidden layer of the pairs: the sum of both sides' own outputs, before the activation.
void add_sides(const CriticShape& s, const Pairs& q, CriticSpace& c) {
  for (int r = 0; r < q.t; ++r) {
    const float *a = row_at(c.sides[0].own, s.units, q.x(r)), *b = row_at(c.sides[1].own, s.units, q.y(r));
    float* to = c.first + (size_t)r * NR;
    along_row(s.units, [&](size_t i, int) { store(to + i, load(a + i) + load(b + i)); });
  }
}

// Computes c.learned and c.gaussian of pair r, both in nats.
inline __attribute__((always_inline)) void score_pair(const CriticProblem& p, const float* w, const Pairs& q, int r,
                                                      float shrink, CriticSpace& c) {
  const CriticLayout& l = p.layout;
  const CriticShape& s = l.shape;
  const SideSpace &left = c.sides[0], &right = c.sides[1];
  const int i = q.x(r), j = q.y(r);
  vf last{}, gaussian{};
  along_row(s.units, [&](size_t at, int column) {
    last += load(c.second + (size_t)r * NR + at) * load(w + l.last.packed + column);
  });
  const float *x = left.correlated + (size_t)i * c.stride, *y = right.correlated + (size_t)j * c.stride;
  for (int v = 0; v < c.stride; v += VL) gaussian += load(x + v) * load(y + v);
  const float inner = dot_rows(s.embedding, row_at(left.inner, s.embedding, i), row_at(right.inner, s.embedding, j));
  c.learned[r] = sum(last) + w[l.b_last.packed] + inner * shrink;
  c.gaussian[r] = p.offset + left.square[i] + right.square[j] + sum(gaussian);
}

// Computes c.scores of the pairs, and c.slope, their derivative with respect to c.learned.
void pairs_forward(const CriticProblem& p, const float* w, const Pairs& q, CriticSpace& c) {
  const CriticLayout& l = p.layout;
  const CriticShape& s = l.shape;
  add_sides(s, q, c);
  silu(q.t, s.units, c.first, c.first_slope);
  product<kBias>(q.t, c.first, s.units, w + l.pair.packed, w + l.b_pair.packed, s.units, c.second);
  silu(q.t, s.units, c.second, c.second_slope);
  const float shrink = 1.0f / root((float)s.embedding);
  for (int r = 0; r < q.t; ++r) score_pair(p, w, q, r, shrink, c);
  for (int r = 0; r < q.t; r += VL) {
    const vf tanh = 1.0f - 2.0f / (exp_(load(c.learned + r) * (2.0f / kLargest)) + 1.0f);
    store(c.scores + r, (load(c.gaussian + r) + tanh * kLargest) / p.temperature);
    store(c.slope + r, (1.0f - tanh * tanh) / p.temperature);
  }
}

// Adds pair r's gradient, d = d(loss)/d(c.learned), to that of the last layer and of both sides' inner outputs.
inline __attribute__((always_inline)) void pair_backward(const CriticLayout& l, const float* w, const Pairs& q, int r,
                                                         float d, float shrink, CriticSpace& c, float* grad) {
  const CriticShape& s = l.shape;
  grad[l.b_last.packed] += d;
  along_row(s.units, [&](size_t i, int column) {
    const size_t at = (size_t)r * NR + i, in = l.last.packed + column;
    store(grad + in, load(grad + in) + load(c.second + at) * d);
    store(c.d_second + at, load(w + in) * load(c.second_slope + at) * d);
  });
  const int i = q.x(r), j = q.y(r);
  const float *x = row_at(c.sides[0].inner, s.embedding, i), *y = row_at(c.sides[1].inner, s.embedding, j);
  float *dx = row_at(c.sides[0].d_inner, s.embedding, i), *dy = row_at(c.sides[1].d_inner, s.embedding, j);
  along_row(s.embedding, [&](size_t at, int) {
    store(dx + at, load(dx + at) + load(y + at) * (d * shrink));
    store(dy + at, load(dy + at) + load(x + at) * (d * shrink));
  });
}

// Adds the gradient of the first hidden layer, c.d_first, to those of both sides' own outputs.
void add_sides_backward(const CriticShape& s, const Pairs& q, CriticSpace& c) {
  for (int r = 0; r < q.t; ++r) {
    float *a = row_at(c.sides[0].d_own, s.units, q.x(r)), *b = row_at(c.sides[1].d_own, s.units, q.y(r));
    const float* from = c.d_first + (size_t)r * NR;
    along_row(s.units, [&](size_t at, int) {
      const vf d = load(from + at);
      store(a + at, load(a + at) + d);
      store(b + at, load(b + at) + d);
    });
  }
}

// Adds to the gradients of both sides' outputs, and to `grad` of what only pairs pass.
void pairs_backward(const CriticProblem& p, Weights weights, const Pairs& q, const float* d_scores, CriticSpace& c,
                    float* grad) {
  const CriticLayout& l = p.layout;
  const CriticShape& s = l.shape;
  const float* wt = weights.transposed;
  pairs_forward(p, weights.packed, q, c);
  const float shrink = 1.0f / root((float)s.embedding);
  for (int r = 0; r < q.t; ++r) pair_backward(l, weights.packed, q, r, d_scores[r] * c.slope[r], shrink, c, grad);
  outer(q.t, c.first, s.units, c.d_second, s.units, false, grad + l.pair.packed);
  column_sums(q.t, c.d_second, s.units, false, grad + l.b_pair.packed);
  product<kZero>(q.t, c.d_second, s.units, wt + l.pair.transposed, wt, s.units, c.d_first);
  multiply(q.t, s.units, c.first_slope, c.d_first);
  add_sides_backward(s, q, c);
}

inline int tiles_of_group(const Groups& g) { return (g.size * g.size + kRows - 1) / kRows; }

// Calls f(pairs, index of the first in the scores of all groups) for tiles [begin, end) of pairs, group after group.
template <class F>
inline __attribute__((always_inline)) void each_tile_of_pairs(const Groups& g, int begin, int end, F f) {
  const int all = g.size * g.size, tiles = tiles_of_group(g);
  for (int tile = begin; tile < end; ++tile) {
    const int group = tile / tiles, first = tile % tiles * kRows;
    f(Pairs{group, g.size, first, all - first < kRows ? all - first : kRows}, (size_t)group * all + first);
  }
}

// ---------------------------------------------------------------------------------------------------------
// Entry points

int critic_pair_tiles(const Groups& g) { return g.count * tiles_of_group(g); }

void critic_sides(const CriticProblem& p, Weights w, const Groups& g, bool training, float* workspace) {
  CriticSpace c;
  cut_critic(p.layout, g.rows(), training, workspace, c);
  for (int k = 0; k < 2; ++k)
    for (int tile = 0; tile < tiles_of(g.rows()); ++tile) side_forward(p, w.packed, g, k, tile, c);
  if (!training) return;
  const CriticShape& s = p.layout.shape;
  for (SideSpace& side : c.sides) {
    __builtin_memset(side.d_inner, 0, tiles_of(g.rows()) * panel_floats(s.embedding) * sizeof(float));
    __builtin_memset(side.d_own, 0, tiles_of(g.rows()) * panel_floats(s.units) * sizeof(float));
  }
}

void critic_scores(const CriticProblem& p, Weights w, const Groups& g, bool training, int begin, int end,
                   float* workspace, float* scores) {
  CriticSpace c;
  cut_critic(p.layout, g.rows(), training, workspace, c);
  each_tile_of_pairs(g, begin, end, [&](const Pairs& q, size_t at) {
    pairs_forward(p, w.packed, q, c);
    for (int r = 0; r < q.t; ++r) scores[at + r] = c.scores[r];
  });
}

void critic_pairs_backward(const CriticProblem& p, Weights w, const Groups& g, const float* d_scores, int begin,
                           int end, float* workspace, float* grad) {
  CriticSpace c;
  cut_critic(p.layout, g.rows(), true, workspace, c);
  each_tile_of_pairs(g, begin, end,
                     [&](const Pairs& q, size_t at) { pairs_backward(p, w, q, d_scores + at, c, grad); });
}

void critic_sides_backward(const CriticProblem& p, Weights w, const Groups& g, float* workspace, float* grad) {
  CriticSpace c;
  cut_critic(p.layout, g.rows(), true, workspace, c);
  for (int k = 0; k < 2; ++k)
    for (int tile = 0; tile < tiles_of(g.rows()); ++tile) side_backward(p, w, g, k, tile, c, grad);
}

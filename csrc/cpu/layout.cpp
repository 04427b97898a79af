#include "layout.h"

#include <algorithm>

namespace mmg {

static void place(Layout& layout, Matrix& m, int k, int n, bool transposed) {
  m = Matrix{k, n, layout.n_canonical, layout.n_packed, layout.n_transposed, transposed};
  layout.n_canonical += (size_t)k * n;
  layout.n_packed += (size_t)k * round_up(n, layout.nr);
  if (transposed) layout.n_transposed += (size_t)n * round_up(k, layout.nr);
}

Layout make_layout(const Shape& s, int nr) {
  Layout l{};
  l.shape = s;
  l.nr = nr;
  place(l, l.shared, s.shared(), s.width, false);
  place(l, l.b_in, 1, s.width, false);
  place(l, l.cond, s.cond(), s.width, false);
  place(l, l.mask, 1, s.width, false);
  place(l, l.null, 1, s.width, false);
  for (int i = 0; i < s.depth; ++i) {
    Block& b = l.blocks[i];
    place(l, b.gate, s.width, s.width, true);
    place(l, b.b_gate, 1, s.width, false);
    place(l, b.value, s.width, s.width, true);
    place(l, b.b_value, 1, s.width, false);
    place(l, b.down, s.width, s.width, true);
    place(l, b.b_down, 1, s.width, false);
  }
  place(l, l.out, s.width, s.noised(), true);
  place(l, l.b_out, 1, s.noised(), false);
  return l;
}

static size_t packed_index(const Matrix& m, int nr, int k, int n) {
  return m.packed + (size_t)(n / nr) * m.k * nr + (size_t)k * nr + n % nr;
}

void pack(const Layout& layout, const float* canonical, float* packed) {
  std::fill(packed, packed + layout.n_packed, 0.0f);
  for_each_matrix(layout, [&](const Matrix& m) {
    for (int k = 0; k < m.k; ++k)
      for (int n = 0; n < m.n; ++n) packed[packed_index(m, layout.nr, k, n)] = canonical[m.canonical + (size_t)k * m.n + n];
  });
}

void unpack(const Layout& layout, const float* packed, float* canonical) {
  for_each_matrix(layout, [&](const Matrix& m) {
    for (int k = 0; k < m.k; ++k)
      for (int n = 0; n < m.n; ++n) canonical[m.canonical + (size_t)k * m.n + n] = packed[packed_index(m, layout.nr, k, n)];
  });
}

}  // namespace mmg

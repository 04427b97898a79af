#include "layout.h"

namespace mmg {

void append(Extent& extent, Matrix& m, int k, int n, bool transposed) {
  m = Matrix{k, n, extent.n_canonical, extent.n_packed, extent.n_transposed, transposed};
  extent.n_canonical += (size_t)k * n;
  extent.n_packed += (size_t)k * round_up(n, extent.nr);
  if (transposed) extent.n_transposed += (size_t)n * round_up(k, extent.nr);
}

Layout make_layout(const Shape& s, int nr) {
  Layout l{};
  l.nr = nr;
  l.shape = s;
  append(l, l.shared, s.shared(), s.width, false);
  append(l, l.b_in, 1, s.width, false);
  append(l, l.cond, s.cond(), s.width, false);
  append(l, l.mask, 1, s.width, false);
  append(l, l.null, 1, s.width, false);
  for (int i = 0; i < s.depth; ++i) {
    GatedBlock& b = l.gated_blocks[i];
    append(l, b.gate, s.width, s.width, true);
    append(l, b.b_gate, 1, s.width, false);
    append(l, b.value, s.width, s.width, true);
    append(l, b.b_value, 1, s.width, false);
    append(l, b.down, s.width, s.width, true);
    append(l, b.b_down, 1, s.width, false);
  }
  append(l, l.out, s.width, s.noised(), true);
  append(l, l.b_out, 1, s.noised(), false);
  return l;
}

}  // namespace mmg

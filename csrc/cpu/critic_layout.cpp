#include "critic_layout.h"

namespace mmg {

static void place_side(CriticLayout& l, CriticSide& side, int dim) {
  const CriticShape& s = l.shape;
  side.dim = dim;
  for (int i = 0; i < s.depth; ++i) {
    append(l, side.hidden[i], i ? s.width : dim, s.width, i > 0);  // no gradient of the rows themselves is wanted
    append(l, side.b_hidden[i], 1, s.width, false);
  }
  append(l, side.inner, s.width, s.embedding, true);
  append(l, side.b_inner, 1, s.embedding, false);
  append(l, side.own, s.width, s.units, true);
  append(l, side.b_own, 1, s.units, false);
  append(l, side.linear, dim, s.units, false);
}

CriticLayout make_critic_layout(const CriticShape& s, int nr) {
  CriticLayout l{};
  l.nr = nr;
  l.shape = s;
  place_side(l, l.sides[0], s.dim_x);
  place_side(l, l.sides[1], s.dim_y);
  append(l, l.innovation, s.correlated(), s.units, false);
  append(l, l.pair, s.units, s.units, true);
  append(l, l.b_pair, 1, s.units, false);
  append(l, l.last, 1, s.units, false);
  append(l, l.b_last, 1, 1, false);
  return l;
}

}  // namespace mmg

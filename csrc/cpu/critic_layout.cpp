#include "critic_layout.h"

namespace mmg {

static void place_side(CriticLayout& l, CriticSide& side, int dim) {
  const CriticShape& s = l.shape;
  side.dim = dim;
  for (int i = 0; i < s.depth; ++i) {
    place(l, side.hidden[i], i ? s.width : dim, s.width, i > 0);  // no gradient of the rows themselves is wanted
    place(l, side.b_hidden[i], 1, s.width, false);
  }
  place(l, side.inner, s.width, s.embedding, true);
  place(l, side.b_inner, 1, s.embedding, false);
  place(l, side.own, s.width, s.units, true);
  place(l, side.b_own, 1, s.units, false);
  place(l, side.linear, dim, s.units, false);
}

CriticLayout make_critic_layout(const CriticShape& s, int nr) {
  CriticLayout l{};
  l.nr = nr;
  l.shape = s;
  place_side(l, l.sides[0], s.dim_x);
  place_side(l, l.sides[1], s.dim_y);
  place(l, l.innovation, s.correlated(), s.units, false);
  place(l, l.pair, s.units, s.units, true);
  place(l, l.b_pair, 1, s.units, false);
  place(l, l.last, 1, s.units, false);
  place(l, l.b_last, 1, 1, false);
  return l;
}

}  // namespace mmg

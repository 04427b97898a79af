// The critic's parameters: a network of x, one of y, and one hidden layer that every pair passes.
//
//   u  = silu(.. silu(x W_1 + b_1) .. W_d + b_d)             likewise v of y
//   g  = u W_inner + b_inner                                 h
//   a  = u W_own + b_own + x W_linear - s1 x W_innovation    b = .. + y W_linear + s2 y W_innovation
//   learned(x, y) = g . h / sqrt(embedding) + silu(silu(a + b) W_pair + b_pair) . w_last + b_last
//   f(x, y) = (gaussian(x, y) + 10 tanh(learned / 10)) / temperature
// The innovation and the Gaussian part see the first columns of x and y only, as many as both have; their scales
// s1 = rho / sqrt(1 - rho^2) and s2 = 1 / sqrt(1 - rho^2) are constants.
#pragma once
#include "layout.h"

namespace mmg {

constexpr int kMaxCriticDepth = 8;

struct CriticShape {
  int dim_x, dim_y, width, depth;
  int embedding;  // columns of g and h
  int units;      // columns of a and b
  MMG_HD int correlated() const { return dim_x < dim_y ? dim_x : dim_y; }
};

struct CriticSide {
  int dim;
  Matrix hidden[kMaxCriticDepth], b_hidden[kMaxCriticDepth];
  Matrix inner, b_inner, own, b_own, linear;
};

struct CriticLayout : Extent {
  CriticShape shape;
  CriticSide sides[2];
  Matrix innovation, pair, b_pair, last, b_last;
};

CriticLayout make_critic_layout(const CriticShape& shape, int nr);

// Calls f(matrix) for every parameter in canonical order.
template <class F>
void for_each_matrix(const CriticLayout& layout, F f) {
  for (const CriticSide& side : layout.sides) {
    for (int i = 0; i < layout.shape.depth; ++i) {
      f(side.hidden[i]);
      f(side.b_hidden[i]);
    }
    f(side.inner);
    f(side.b_inner);
    f(side.own);
    f(side.b_own);
    f(side.linear);
  }
  f(layout.innovation);
  f(layout.pair);
  f(layout.b_pair);
  f(layout.last);
  f(layout.b_last);
}

}  // namespace mmg

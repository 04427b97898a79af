// The weights in both forms: the canonical vector, and packed for the tensor cores.
#pragma once
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

// Biases of a layer's width: the first layer's three, and gate, value and down of each block.
static MMG_HD int bias_lines(const Shape& s) { return 3 + 3 * s.depth; }

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
    return Weight{w + at.out,
                  n,
                  turned,
                  turned ? shape.width : n,
                  packed_from(first, turned ? packed_halves(n, shape.width) : packed_halves(shape.width, n)),
                  nullptr};
  }
  MMG_FN Weight shared_input() const { return input(at.shared, packed_at.shared, packed_at.cond - packed_at.shared); }
  MMG_FN Weight cond_input() const { return input(at.cond, packed_at.cond, packed_at.rest - packed_at.cond); }

 private:
  MMG_FN const uint16_t* packed_from(int first, int halves) const {
    return (first + halves <= copied ? fast : packed) + first;
  }
  MMG_FN Weight input(int parameters, int first, int halves) const {
    const int rest = first + packed_at.rest - packed_at.shared;
    return Weight{w + parameters,           shape.width, false, shape.width, packed_from(first, halves),
                  packed_from(rest, halves)};
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

}  // namespace gpu
}  // namespace mmg

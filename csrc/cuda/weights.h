// The weights in both forms: the canonical vector, and packed for the tensor cores.
#pragma once
#include "jobs.h"
#include "product.h"

namespace mmg {
namespace gpu {

// Offsets of the bf16 copies that the tensor cores multiply with, in halves: gate, value and down of every gated block;
// the output matrix; the first layer's two matrices, and what rounding took from both; then, for back-propagation, the
// transposes of the gated blocks' and the output's matrices.
struct PackedOffsets {
  int square, out, shared, cond, rest, transposed, total;
  explicit MMG_FN PackedOffsets(const Shape& s) {
    square = s.width * s.width;
    out = 3 * s.depth * square;
    shared = out + packed_halves(s.width, s.noised());
    cond = shared + packed_halves(s.shared(), s.width);
    rest = cond + packed_halves(s.cond(), s.width);
    transposed = rest + (rest - shared);
    total = transposed + out + packed_halves(s.noised(), s.width);
  }
};

// Returns how many biases have the network's width: the first layer's three, and gate, value and down of each gated
// block.
static MMG_HD int bias_lines(const Shape& s) { return 3 + 3 * s.depth; }

// Both forms of the weights, by name.
struct Network {
  Shape shape;
  Parameters at;
  PackedOffsets packed_at;
  const float* w;
  const uint16_t *packed, *fast;  // all, and a copy of the first `copied` halves
  int copied;

  MMG_FN Network(const Shape& s, const float* w, const uint16_t* packed)
      : shape(s), at(s), packed_at(s), w(w), packed(packed), fast(nullptr), copied(0) {}

  // Return where matrix j, or its bias, of gated block i begins in the canonical vector: 0 gate, 1 value, 2 down.
  MMG_FN int matrix(int i, int j) const {
    return at.gated_blocks + i * at.per_gated_block + j * (packed_at.square + shape.width);
  }
  MMG_FN int bias(int i, int j) const { return matrix(i, j) + packed_at.square; }
  // Return element e of a tile's copy of the biases.
  MMG_FN float bias_value(int e) const {
    const int line = e / shape.width, c = e % shape.width;
    if (line >= bias_lines(shape)) return w[at.b_out + e - bias_lines(shape) * shape.width];
    if (line >= 3) return w[bias((line - 3) / 3, (line - 3) % 3) + c];
    return w[(line == 0 ? at.b_in : line == 1 ? at.mask : at.null) + c];
  }
  MMG_FN Weight weight(int i, int j, bool transposed) const {
    const int square = packed_at.square, first = (transposed ? packed_at.transposed : 0) + (i * 3 + j) * square;
    return Weight{w + matrix(i, j), shape.width, transposed, shape.width, packed_from(first, square), nullptr};
  }
  MMG_FN Weight output(bool transposed) const {
    const int n = shape.noised(), width = shape.width, first = (transposed ? packed_at.transposed : 0) + packed_at.out;
    const int halves = transposed ? packed_halves(n, width) : packed_halves(width, n);
    return Weight{w + at.out, n, transposed, transposed ? width : n, packed_from(first, halves), nullptr};
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

// Writes element `offset` of the first layer's matrix that is packed from `first` on, of value x, with its rounding
// error.
MMG_FN void pack_input(const PackedOffsets& to, uint16_t* packed, int first, int offset, int width, float x) {
  const int place = first + packed_position(offset / width, offset % width, width);
  packed[place] = Tensor::element(x);
  packed[place + to.rest - to.shared] = Tensor::rest(x);
}

// Writes parameter e, of value x, to every place where the tensor cores read it; biases have none.
MMG_FN void pack_parameter(const Network& net, uint16_t* packed, int e, float x) {
  const PackedOffsets& to = net.packed_at;
  const Parameters& at = net.at;
  const int width = net.shape.width, square = to.square, inner = e - at.gated_blocks;
  if (e < at.b_in) return pack_input(to, packed, to.shared, e, width, x);
  if (e >= at.cond && e < at.mask) return pack_input(to, packed, to.cond, e - at.cond, width, x);
  int matrix = 3 * net.shape.depth, offset = e - at.out, columns = net.shape.noised();
  if (inner >= 0 && e < at.out) {
    const int within = inner % at.per_gated_block, j = within / (square + width);
    matrix = inner / at.per_gated_block * 3 + j;
    offset = within - j * (square + width);
    columns = width;
    if (offset >= square) return;
  } else if (offset < 0 || e >= at.b_out) {
    return;
  }
  const int k = offset / columns, c = offset % columns;
  packed[matrix * square + packed_position(k, c, columns)] = Tensor::element(x);
  packed[to.transposed + matrix * square + packed_position(c, k, width)] = Tensor::element(x);
}

}  // namespace gpu
}  // namespace mmg

// The parts that both drivers use: aligned buffers, a network's weights as the kernels read them, rates of the
// optimiser. Kernel files must not include this: its templates must be compiled without their flags.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "tile.h"

namespace mmg {

// Zeroed floats on a cache line's boundary.
class Buffer {
 public:
  explicit Buffer(size_t n)
      : data_(static_cast<float*>(::operator new[](n * sizeof(float) + 64, std::align_val_t{64}))) {
    std::memset(data_, 0, n * sizeof(float) + 64);
  }
  ~Buffer() { ::operator delete[](data_, std::align_val_t{64}); }
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* get() const { return data_; }

 private:
  float* data_;
};

inline std::vector<Buffer> buffers(size_t count, size_t floats) {
  std::vector<Buffer> list;
  list.reserve(count);
  for (size_t i = 0; i < count; ++i) list.emplace_back(floats);
  return list;
}

inline size_t packed_index(const Matrix& m, int nr, int k, int n) {
  return m.packed + (size_t)(n / nr) * m.k * nr + (size_t)k * nr + n % nr;
}

// Calls f(index in the canonical vector, index in the packed buffer) for every parameter.
template <class L, class F>
void each_parameter(const L& layout, F f) {
  for_each_matrix(layout, [&](const Matrix& m) {
    for (int k = 0; k < m.k; ++k)
      for (int n = 0; n < m.n; ++n) f(m.canonical + (size_t)k * m.n + n, packed_index(m, layout.nr, k, n));
  });
}

template <class L>
void pack(const L& layout, const float* canonical, float* packed) {
  std::fill(packed, packed + layout.n_packed, 0.0f);
  each_parameter(layout, [&](size_t from, size_t to) { packed[to] = canonical[from]; });
}

template <class L>
void unpack(const L& layout, const float* packed, float* canonical) {
  each_parameter(layout, [&](size_t to, size_t from) { canonical[to] = packed[from]; });
}

// Sets the bias corrections of both moments, which start from zero, after `steps` steps.
inline void correct(AdamRates& rates, double steps) {
  rates.correction1 = (float)(1.0 / (1.0 - std::pow((double)rates.beta1, steps)));
  rates.correction2 = (float)(1.0 / (1.0 - std::pow((double)rates.beta2, steps)));
}

// Packed weights with the transposed copy that back-propagation reads.
template <class L>
class PackedWeights {
 public:
  PackedWeights(const Kernels& k, const L& l, const float* canonical)
      : kernels_(k), layout_(l), packed_(l.n_packed), transposed_(l.n_transposed) {
    pack(l, canonical, packed_.get());
    for_each_matrix(layout_, [&](const Matrix& m) {
      for (int p = 0; m.has_transposed && p * l.nr < m.k; ++p) panels_.push_back({m, p});
    });
    transpose_all();
  }
  void transpose(int i) {
    kernels_.transpose(panels_[i].first, layout_.nr, packed_.get(), transposed_.get(), panels_[i].second);
  }
  void transpose_all() {
    for (int i = 0; i < n_panels(); ++i) transpose(i);
  }
  int n_panels() const { return (int)panels_.size(); }
  float* packed() { return packed_.get(); }
  Weights view() const { return Weights{packed_.get(), transposed_.get()}; }

 private:
  const Kernels& kernels_;
  const L& layout_;
  Buffer packed_, transposed_;
  std::vector<std::pair<Matrix, int>> panels_;
};

}  // namespace mmg

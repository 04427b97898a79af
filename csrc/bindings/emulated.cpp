// `_core.emulated`: the CUDA kernels on the host, and their maps of lanes to elements; for tests.
#include "emulated.h"

#include <pybind11/stl.h>

#include "../cuda/emulate.h"
#include "../cuda/product.h"
#include "call.h"

namespace mmg {
namespace gpu {

static void run(const py::dict& arguments) {
  Fields f(arguments);
  const Call call = read_call(f);
  const Grid grid{f.number<int>("groups"), f.number<int>("blocks"), f.number<size_t>("shared_floats")};
  emulate(call, grid, f.number<int>("lanes"), f.number<bool>("backwards"));
}

template <class Map>
static std::vector<std::vector<std::pair<int, int>>> cells(const Map& map, int elements) {
  std::vector<std::vector<std::pair<int, int>>> all(kWarp);
  for (int lane = 0; lane < kWarp; ++lane)
    for (int i = 0; i < elements; ++i) all[lane].emplace_back(map(lane, i).row, map(lane, i).column);
  return all;
}

// (m, k) times (k, n), row by row, with the left matrix as features and the right one as weights of the first layer
// (`split`) or, packed, of the others.
template <class P, class B>
static std::vector<float> multiplied(Sizes s, const std::vector<float>& a, const B& b) {
  std::vector<float> out((size_t)s.m * s.n, -1.0f);
  const HostBlock block{Place{0, 1, nullptr, nullptr, 0}, 64, false};
  product<P>(block, s, Rows{a.data(), s.k}, b, [&](int r, int c, float v) { out[(size_t)r * s.n + c] = v; });
  return out;
}

static std::vector<float> multiply(int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b, const std::string& how) {
  if (a.size() != (size_t)m * k || b.size() != (size_t)k * n) throw py::value_error("The matrices do not have these sizes.");
  const Sizes s{m, n, k};
  std::vector<uint32_t> packed((size_t)rounded(k, 16) * rounded(n, 8) / 2, 0u);
  for (int i = 0; i < k * n; ++i) {
    const int at = packed_position(i / n, i % n, n);
    packed[at / 2] |= to_bf16(b[i]) << (at % 2 * 16);
  }
  if (how == "float32") return multiplied<Exact>(s, a, Rows{b.data(), n});
  if (how == "split") return multiplied<Tensor<true>>(s, a, Rows{b.data(), n});
  if (how == "packed") return multiplied<Tensor<false>>(s, a, Weight{b.data(), n, false, n, packed.data()});
  return multiplied<Tensor<false>>(s, a, Rows{b.data(), n});
}

void bind_emulated(py::module_ m) {
  m.def("run", &run);
  m.def("multiply", &multiply);
  m.def("tile_floats", [](const py::dict& arguments, size_t limit) {
    Fields f(arguments);
    return tile_floats(read_call(f), limit);
  });
  m.def("a_cells", [] { return cells(a_cell, 8); });
  m.def("b_cells", [] { return cells(b_cell, 4); });
  m.def("c_cells", [] { return cells(c_cell, 4); });
  m.def("b_position", &b_position);
  m.def("packed_position", &packed_position);
  m.def("to_bf16", [](float x) { return from_bf16(to_bf16(x)); });
}

}  // namespace gpu
}  // namespace mmg

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
  const Grid grid{f.number<int>("groups"), f.number<int>("blocks"), f.number<int>("tile_rows"),
                  f.number<size_t>("shared_floats")};
  emulate(call, grid, f.number<int>("lanes"), f.number<bool>("backwards"));
}

template <class Map>
static std::vector<std::vector<std::pair<int, int>>> coordinates(const Map& map, int elements) {
  std::vector<std::vector<std::pair<int, int>>> all(kWarp);
  for (int lane = 0; lane < kWarp; ++lane)
    for (int i = 0; i < elements; ++i) all[lane].emplace_back(map(lane, i).row, map(lane, i).column);
  return all;
}

// A matrix (rows, columns) or its transpose as elements, with their rounding errors, padded with zeros to the rows and
// columns that products read.
template <class P>
struct Padded {
  int ld;
  std::vector<typename P::Element> elements, rest;
  Padded(int rows, int columns, const std::vector<float>& from, bool transpose)
      : ld(line_length(transpose ? rows : columns)), elements(rounded(transpose ? columns : rows, 32) * (size_t)ld),
        rest(elements) {
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) {
        const size_t at = transpose ? (size_t)c * ld + r : (size_t)r * ld + c;
        elements[at] = P::element(from[(size_t)r * columns + c]);
        rest[at] = P::rest(from[(size_t)r * columns + c]);
      }
  }
};

struct Matrices {
  int m, n, k;
  const std::vector<float>& a;  // (m, k)
  const std::vector<float>& b;  // (k, n)
};

template <class Fill>
static std::vector<float> multiplied(const Matrices& of, const Fill& fill) {
  std::vector<float> out((size_t)of.m * of.n, -1.0f);
  const HostThreadBlock block{Place{0, 1, nullptr, nullptr, 0}, 64, false};
  const auto only = [&](const HostWarp& warp, int r, int c, auto& sums) { fill(warp, r, c, sums[0]); };
  product_phase<1>(block, of.m, of.n, only, [&](int r, int c, const float* v) { out[(size_t)r * of.n + c] = v[0]; });
  return out;
}

template <class P, bool kTransposed, bool kFast>
static std::vector<float> by_activations(const Matrices& of) {
  const Padded<P> left(of.m, of.k, of.a, kTransposed), right(of.k, of.n, of.b, false);
  const Left<typename P::Element, kTransposed, kFast> a{left.elements.data(), left.ld};
  const Right<typename P::Element, kFast> b{right.elements.data(), right.ld};
  return multiplied(of, [&](const HostWarp& warp, int r, int c, auto& sum) { P::add(warp, a, b, of.k, r, c, sum); });
}

template <class P>
static std::vector<float> by_weights(const Matrices& of, bool split) {
  const Padded<P> left(of.m, of.k, of.a, false);
  const Left<typename P::Element, false, false> a{left.elements.data(), left.ld}, a_rest{left.rest.data(), left.ld};
  std::vector<uint16_t> packed(packed_halves(of.k, of.n)), rest(packed);
  for (int i = 0; i < of.k * of.n; ++i) {
    const int at = packed_position(i / of.n, i % of.n, of.n);
    packed[at] = Tensor::element(of.b[i]);
    rest[at] = Tensor::rest(of.b[i]);
  }
  const Weight w{of.b.data(), of.n, false, of.n, packed.data(), rest.data()};
  return multiplied(of, [&](const HostWarp& warp, int r, int c, auto& sum) {
    if (split) P::add_split(warp, a, a_rest, w, of.k, r, c, sum);
    else P::add(warp, a, w, of.k, r, c, sum);
  });
}

// (m, k) times (k, n), row by row: activations times weights, as the first layer does ("split"), the others ("packed"),
// and in float32; or activations times each other, the left ones as they lie or transposed, in fast memory or not.
static std::vector<float> multiply(int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b,
                                   const std::string& how) {
  if (a.size() != (size_t)m * k || b.size() != (size_t)k * n)
    throw py::value_error("The matrices do not have these sizes.");
  const Matrices of{m, n, k, a, b};
  if (how == "float32") return by_weights<Exact>(of, false);
  if (how == "split") return by_weights<Tensor>(of, true);
  if (how == "packed") return by_weights<Tensor>(of, false);
  if (how == "fast") return by_activations<Tensor, false, true>(of);
  if (how == "transposed") return by_activations<Tensor, true, false>(of);
  if (how == "fast, transposed") return by_activations<Tensor, true, true>(of);
  if (how == "plain") return by_activations<Tensor, false, false>(of);
  throw py::value_error("There is no such product.");
}

void bind_emulated(py::module_ m) {
  m.def("run", &run);
  m.def("multiply", &multiply);
  m.def("tile_floats", [](const py::dict& arguments, int rows, size_t limit) {
    Fields f(arguments);
    return room(read_call(f), rows, limit).shared_floats;
  });
  m.def("tile_rows", [](const py::dict& arguments, size_t limit, int resident) {
    Fields f(arguments);
    return choose_rows(read_call(f), limit, [&](int) { return resident; });
  });
  m.def("a_coordinates", [] { return coordinates(a_coordinate, 8); });
  m.def("b_coordinates", [] { return coordinates(b_coordinate, 4); });
  m.def("c_coordinates", [] { return coordinates(c_coordinate, 4); });
  m.def("pair_position", &pair_position);
  m.def("packed_position", &packed_position);
  m.def("to_bf16", [](float x) { return from_bf16(to_bf16(x)); });
}

}  // namespace gpu
}  // namespace mmg

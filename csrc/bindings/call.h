// A call of the CUDA core from a Python dict of numbers and addresses; shared by the module that runs it and by the one
// that plays it on the host.
#pragma once
#include <pybind11/pybind11.h>

#include <string>
#include <utility>
#include <vector>

#include "../cuda/memory.h"

namespace mmg {
namespace gpu {

namespace py = pybind11;

class Fields {
 public:
  explicit Fields(const py::dict& d) : d_(d) {}
  template <class T>
  T number(const char* name) const {
    return d_[name].cast<T>();  // KeyError names what is missing
  }
  template <class T>
  T* pointer(const char* name) {
    const auto address = d_[name].cast<uintptr_t>();
    if (address) addresses.emplace_back(name, (const void*)address);
    return reinterpret_cast<T*>(address);
  }
  std::vector<std::pair<std::string, const void*>> addresses;  // of all that was asked for and is not null

 private:
  const py::dict& d_;
};

inline Batch read_batch(Fields& f) {
  Batch b{};
  b.shape = Shape{f.number<int>("dim_x"), f.number<int>("dim_y"), f.number<int>("width"), f.number<int>("depth"),
                  f.number<int>("context")};
  b.problems = f.number<int>("problems");
  b.n_rows = f.number<uint32_t>("n_rows");
  b.n_bins = f.number<int>("n_bins");
  b.x = f.pointer<float>("x");
  b.y = f.pointer<float>("y");
  b.rho = f.pointer<float>("rho");
  b.s2 = f.pointer<float>("s2");
  b.edges = f.pointer<float>("edges");
  b.cdf = f.pointer<float>("cdf");
  b.logistic = f.pointer<float>("logistic");
  b.seeds = f.pointer<uint64_t>("seeds");
  return b;
}

inline Training read_training(Fields& f) {
  Training t{};
  t.first_step = f.number<uint32_t>("first_step");
  t.n_steps = f.number<uint32_t>("n_steps");
  t.batch = f.number<uint32_t>("batch");
  t.beta1 = f.number<float>("beta1");
  t.beta2 = f.number<float>("beta2");
  t.eps = f.number<float>("eps");
  t.weight_decay = f.number<float>("weight_decay");
  t.rates = f.pointer<float>("rates");
  t.weights = f.pointer<float>("weights");
  t.m = f.pointer<float>("m");
  t.v = f.pointer<float>("v");
  t.ema = f.pointer<float>("ema");
  t.losses = f.pointer<double>("losses");
  t.grad = f.pointer<float>("grad");
  return t;
}

inline Evaluation read_evaluation(Fields& f) {
  return Evaluation{f.number<uint32_t>("repeats"), f.pointer<float>("weights"), f.pointer<double>("bins"),
                    f.pointer<double>("rows")};
}

inline Call read_call(Fields& f) {
  Call c{};
  c.trains = f.number<bool>("trains");
  c.tensor = f.number<bool>("tensor");
  c.batch = read_batch(f);
  if (!fits(c.batch.shape)) throw py::value_error("The CUDA core has no kernel for a network of this size.");
  if (c.trains) c.training = read_training(f);
  else c.evaluation = read_evaluation(f);
  return c;
}

}  // namespace gpu
}  // namespace mmg

// `_core`: the CPU core for Python. It takes raw addresses and sizes and owns nothing; mmg_registry/core checks them
// first.
#include "python.h"

#include <pybind11/stl.h>

#include <thread>

#include "../common/philox.h"
#include "../cpu/denoiser.h"
#include "../cpu/isa.h"
#include "critic.h"
#include "emulated.h"
#include "fastmath.h"

using namespace mmg;

static uint32_t py_train(Shape shape, Data data, Proposal proposal, uint64_t seed, TrainPlan plan, uintptr_t weights,
                         uintptr_t m, uintptr_t v, uintptr_t ema, uintptr_t losses, int threads,
                         const std::string& isa) {
  const TrainState state{at<float>(weights), at<float>(m), at<float>(v), at<float>(ema)};
  return without_lock([&] {
    return train_denoiser(shape, data, proposal, seed, plan, state, at<double>(losses), execution(threads, isa));
  });
}

static std::pair<double, double> py_grad(Shape shape, Data data, Proposal proposal, uint64_t seed, uint32_t step,
                                         uint32_t batch, uintptr_t weights, uintptr_t grad, int threads,
                                         const std::string& isa) {
  const Losses l = without_lock([&] {
    return denoiser_grad(shape, data, proposal, seed, step, batch, at<float>(weights), at<float>(grad),
                         execution(threads, isa));
  });
  return {l.marginal, l.given};
}

static void py_gap(Shape shape, Data data, Proposal proposal, uint64_t seed, uint32_t repeats, uintptr_t weights,
                   uintptr_t bins, uintptr_t rows, int threads, const std::string& isa) {
  without_lock([&] {
    return mmse_gap(shape, data, proposal, seed, repeats, at<float>(weights), at<double>(bins), at<double>(rows),
                    execution(threads, isa));
  });
}

static py::dict build_info() {
  py::dict info;
  info["compiler"] = __VERSION__;
  info["isas_available"] = available_isas();
  info["isa"] = kernels("").name;
  info["hardware_threads"] = std::thread::hardware_concurrency();
  return info;
}

PYBIND11_MODULE(_core, m) {
  py::class_<Shape>(m, "Shape")
      .def(py::init([](int dim_x, int dim_y, int width, int depth, int context) {
             return Shape{dim_x, dim_y, width, depth, context};
           }),
           py::arg("dim_x"), py::arg("dim_y"), py::arg("width"), py::arg("depth"), py::arg("context"));
  py::class_<Data>(m, "Data").def(py::init([](uintptr_t x, uintptr_t y, size_t n, uintptr_t rho, uintptr_t s2) {
                                    return Data{at<float>(x), at<float>(y), n, at<float>(rho), at<float>(s2)};
                                  }),
                                  py::arg("x"), py::arg("y"), py::arg("n"), py::arg("rho"), py::arg("s2"));
  py::class_<Proposal>(m, "Proposal")
      .def(py::init([](int n_bins, uintptr_t edges, uintptr_t cdf, float loc, float scale, float p_lo, float p_hi) {
             return Proposal{n_bins, at<float>(edges), at<float>(cdf), loc, scale, p_lo, p_hi};
           }),
           py::arg("n_bins"), py::arg("edges"), py::arg("cdf"), py::arg("loc"), py::arg("scale"), py::arg("p_lo"),
           py::arg("p_hi"));
  py::class_<TrainPlan>(m, "TrainPlan")
      .def(py::init([](uint32_t first_step, uint32_t n_steps, uint32_t batch, uintptr_t rates, float beta1, float beta2,
                       float eps, float weight_decay) {
             return TrainPlan{first_step, n_steps, batch, at<float>(rates), beta1, beta2, eps, weight_decay};
           }),
           py::arg("first_step"), py::arg("n_steps"), py::arg("batch"), py::arg("rates"), py::arg("beta1"),
           py::arg("beta2"), py::arg("eps"), py::arg("weight_decay"));
  m.def("train_denoiser", &py_train);
  m.def("denoiser_grad", &py_grad);
  m.def("mmse_gap", &py_gap);
  m.def("philox", [](uint64_t seed, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    const Philox r = philox(seed, c0, c1, c2, c3);
    return std::vector<uint32_t>(r.v, r.v + 4);
  });
  m.def("build_info", &build_info);
  m.attr("N_BIN_SUMS") = (int)kBinSums;
  m.attr("N_ROW_VALUES") = (int)kRowValues;
  m.attr("N_EMBEDDING") = kEmbedding;
  m.attr("N_RADIAL") = kRadial;
  m.attr("N_WAVES") = kWaves;
  m.attr("WAVE_COLUMNS") = kWaveColumns;
  m.attr("MAX_DEPTH") = kMaxCpuDepth;
  bind_critic(m);
  bind_fastmath(m.def_submodule("fastmath"));
  gpu::bind_emulated(m.def_submodule("emulated"));
}

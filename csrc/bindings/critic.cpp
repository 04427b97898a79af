// The critics of `_core`; mmg_registry/core/critic.py checks all arguments first.
#include "critic.h"

#include "../cpu/critic.h"
#include "python.h"

namespace mmg {

static uint32_t py_train(CriticShape shape, CriticData data, CriticPlan plan, uintptr_t weights, uintptr_t m,
                         uintptr_t v, uintptr_t steps, uintptr_t log_average, const std::string& isa) {
  const CriticState state{at<float>(weights), at<float>(m), at<float>(v), at<int64_t>(steps), at<double>(log_average)};
  return without_lock([&] { return train_critic(shape, data, plan, state, execution(1, isa)); });
}

static void py_grad(CriticShape shape, CriticData data, CriticPlan plan, uintptr_t weights, uintptr_t log_average,
                    uintptr_t grad, const std::string& isa) {
  without_lock([&] {
    return critic_grad(shape, data, plan, at<float>(weights), at<double>(log_average), at<float>(grad),
                       execution(1, isa));
  });
}

static void py_table(CriticShape shape, CriticData data, int groups, int size, uintptr_t weights, uintptr_t scores,
                     const std::string& isa) {
  without_lock([&] {
    return critic_table(shape, data, groups, size, at<float>(weights), at<float>(scores), execution(1, isa));
  });
}

void bind_critic(py::module_& m) {
  py::class_<CriticShape>(m, "CriticShape")
      .def(py::init([](int dim_x, int dim_y, int width, int depth, int embedding, int units) {
             return CriticShape{dim_x, dim_y, width, depth, embedding, units};
           }),
           py::arg("dim_x"), py::arg("dim_y"), py::arg("width"), py::arg("depth"), py::arg("embedding"),
           py::arg("units"));
  py::class_<CriticData>(m, "CriticData")
      .def(py::init([](uintptr_t x, uintptr_t y, uintptr_t cross, uintptr_t square, uintptr_t shrink, uintptr_t grow,
                       float offset, float temperature) {
             return CriticData{at<float>(x),      at<float>(y),    at<float>(cross), at<float>(square),
                               at<float>(shrink), at<float>(grow), offset,           temperature};
           }),
           py::arg("x"), py::arg("y"), py::arg("cross"), py::arg("square"), py::arg("shrink"), py::arg("grow"),
           py::arg("offset"), py::arg("temperature"));
  py::class_<CriticPlan>(m, "CriticPlan")
      .def(py::init([](int objective, double smoothing, uintptr_t picked, uintptr_t rates, uint32_t n_steps, int batch,
                       int groups, int size, float beta1, float beta2, float eps, float weight_decay, float longest) {
             return CriticPlan{(Objective)objective,
                               smoothing,
                               at<int64_t>(picked),
                               at<float>(rates),
                               n_steps,
                               batch,
                               groups,
                               size,
                               beta1,
                               beta2,
                               eps,
                               weight_decay,
                               longest};
           }),
           py::arg("objective"), py::arg("smoothing"), py::arg("picked"), py::arg("rates"), py::arg("n_steps"),
           py::arg("batch"), py::arg("groups"), py::arg("size"), py::arg("beta1"), py::arg("beta2"), py::arg("eps"),
           py::arg("weight_decay"), py::arg("longest"));
  m.def("train_critic", &py_train);
  m.def("critic_grad", &py_grad);
  m.def("critic_table", &py_table);
  m.attr("MAX_CRITIC_DEPTH") = kMaxCriticDepth;
}

}  // namespace mmg

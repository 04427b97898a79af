// The parts that all bindings use: addresses as numbers, and Python's signals while its lock is released.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

#include "../cpu/execution.h"

namespace mmg {

namespace py = pybind11;

template <class T>
T* at(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

// Runs Python's signal handlers; returns true when one raised (Ctrl-C), which without_lock() then rethrows.
inline bool python_signals() {
  py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

inline Execution execution(int threads, const std::string& isa) { return Execution{threads, isa, python_signals}; }

// Returns call(), made with Python's lock released. Throws the exception that a signal handler raised meanwhile.
template <class F>
auto without_lock(const F& call) {
  const auto result = [&] {
    py::gil_scoped_release release;
    return call();
  }();
  if (PyErr_Occurred()) throw py::error_already_set();
  return result;
}

}  // namespace mmg

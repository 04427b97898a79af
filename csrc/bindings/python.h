// What all bindings need: addresses as numbers, and Python's signals while its lock is released.
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

// Runs Python's signal handlers; true when one raised (Ctrl-C). The exception is rethrown after the core returns.
inline bool python_signals() {
  py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

inline Execution execution(int threads, const std::string& isa) { return Execution{threads, isa, python_signals}; }

inline void rethrow_python_error() {
  if (PyErr_Occurred()) throw py::error_already_set();
}

}  // namespace mmg

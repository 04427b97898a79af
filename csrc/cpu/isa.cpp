#include "isa.h"

#include <cstdlib>
#include <stdexcept>

namespace mmg {

static std::vector<const Kernels*> usable() {
  std::vector<const Kernels*> list;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    list.push_back(&kAvx512Kernels);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) list.push_back(&kAvx2Kernels);
#endif
  list.push_back(&kBaselineKernels);
  return list;
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Kernels* k : usable()) names.push_back(k->name);
  return names;
}

static const Kernels& find(const std::string& isa) {
  std::string names;
  for (const Kernels* k : usable()) {
    if (isa == k->name) return *k;
    names += (names.empty() ? "" : ", ") + std::string(k->name);
  }
  throw std::invalid_argument("The instruction set '" + isa + "' is not available on this machine; it has " + names +
                              ".");
}

const Kernels& kernels(const std::string& isa) {
  if (!isa.empty()) return find(isa);
  const char* forced = std::getenv("MMG_ISA");
  return forced && *forced ? find(forced) : *usable().front();
}

}  // namespace mmg

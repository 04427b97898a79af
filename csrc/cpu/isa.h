// Which kernels this machine runs: chosen once, by CPUID or by MMG_ISA.
#pragma once
#include <string>
#include <vector>

#include "tile.h"

namespace mmg {

std::vector<std::string> available_isas();  // best first
const Kernels& kernels(
    const std::string& isa);  // "" for the choice; throws std::invalid_argument for one not available

}  // namespace mmg

# The module _cuda. Included from the top, where a CUDA compiler was found.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80)  # for the compiler's check alone; the target has its own below
endif()
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)

if(NOT DEFINED MMG_CUDA_ARCHITECTURES)
  set(MMG_CUDA_ARCHITECTURES 80 90)
  if(MMG_CUDA STREQUAL "ON")
    set(MMG_CUDA_ARCHITECTURES 80)
    foreach(known 86=11.1 89=11.8 90=11.8 100=12.8 120=12.8)
      string(REPLACE "=" ";" pair ${known})
      list(GET pair 0 architecture)
      list(GET pair 1 since)
      if(CUDAToolkit_VERSION VERSION_GREATER_EQUAL since)
        list(APPEND MMG_CUDA_ARCHITECTURES ${architecture})
      endif()
    endforeach()
  endif()
endif()

# Real code for all, and PTX of the last for cards that come later.
set(code ${MMG_CUDA_ARCHITECTURES})
list(POP_BACK code newest)
list(TRANSFORM code APPEND "-real")

pybind11_add_module(_cuda NO_EXTRAS csrc/bindings/cuda.cpp csrc/cuda/launch.cpp csrc/cuda/train.cu csrc/cuda/gap.cu)
set_target_properties(_cuda PROPERTIES CUDA_ARCHITECTURES "${code};${newest}" CUDA_RUNTIME_LIBRARY Static)
target_compile_options(_cuda PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra>)
list(JOIN MMG_CUDA_ARCHITECTURES ", " shown)
target_compile_definitions(_cuda PRIVATE
  $<$<COMPILE_LANGUAGE:CXX>:MMG_CUDA_ARCHITECTURES="${shown}" MMG_CUDA_TOOLKIT="${CUDAToolkit_VERSION}">)
target_link_libraries(_cuda PRIVATE CUDA::cudart_static)
install(TARGETS _cuda DESTINATION mmg_registry)

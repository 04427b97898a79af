// The definitions by which all other headers are the same code on the host, under SIMD flags and on a GPU.
#pragma once
#include <stdint.h>

#if defined(__CUDACC__)
#define MMG_HD __host__ __device__ __forceinline__
#else
#define MMG_HD inline __attribute__((always_inline))
#endif

// Everything in common/ has internal linkage ("static"): a function compiled with AVX-512 flags must never be
// the one that the linker keeps for the baseline build.

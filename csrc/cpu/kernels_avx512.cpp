// The kernels of kernels.inl for avx512; the build gives this file, and no other, the flags.
#define MMG_ISA_NAME "avx512"
#define MMG_KERNELS kAvx512Kernels
#define MMG_VL 16
#define MMG_MR 12
#include "kernels.inl"

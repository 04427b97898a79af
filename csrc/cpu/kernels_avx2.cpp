// The kernels of kernels.inl for avx2; the build gives this file, and no other, the flags.
#define MMG_ISA_NAME "avx2"
#define MMG_KERNELS kAvx2Kernels
#define MMG_VL 8
#define MMG_MR 6
#include "kernels.inl"

// The kernels of kernels.inl for baseline; the build gives this file, and no other, the flags.
#define MMG_ISA_NAME "baseline"
#define MMG_KERNELS kBaselineKernels
#define MMG_VL 4
#define MMG_MR 6
#include "kernels.inl"

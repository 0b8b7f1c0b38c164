// 16 registers of 8 floats: 6 x 2 sums, two columns of U and a broadcast.
#include "CKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#define NAME "avx2"
#define LANES 8
#define MR 6
#define PIXELS 3
#define GRAM_MR 4
#include "Kernels.inc.h"
#pragma clang attribute pop

const styleloss_kernels *styleloss_kernels_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table : NULL;
}
#else
const styleloss_kernels *styleloss_kernels_avx2(void) { return NULL; }
#endif

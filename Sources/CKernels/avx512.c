// 32 registers of 16 floats: 14 x 2 sums, two columns of U and a broadcast.
#include "CKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,prfchw"))), apply_to = function)
#define NAME "avx512"
#define LANES 16
#define MR 14
#define PIXELS 6
#define GRAM_MR 8
#include "Kernels.inc.h"
#pragma clang attribute pop

const styleloss_kernels *styleloss_kernels_avx512(void) {
    const int supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    return supported ? &table : NULL;
}
#else
const styleloss_kernels *styleloss_kernels_avx512(void) { return NULL; }
#endif

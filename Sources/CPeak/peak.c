#include "CPeak.h"

// Sums of twelve vectors hide the latency of four cycles at up to three multiply-adds a cycle. The factors
// are volatile: where the compiler knows them it finds that 1 is a fixed point of 0.999 x + 0.001.
#define PEAK(name, lanes, attributes)                                                \
    attributes double name(ptrdiff_t count) {                                        \
        typedef float vec __attribute__((ext_vector_type(lanes)));                   \
        static volatile float factor = 0.999f, summand = 0.001f;                     \
        vec sum[12], x = (vec)factor, y = (vec)summand;                              \
        for (int i = 0; i < 12; i++) sum[i] = (vec)(float)i;                         \
        for (ptrdiff_t n = 0; n < count; n++)                                        \
            for (int twice = 0; twice < 2; twice++)                                  \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++)      \
                    sum[i] = sum[i] * x + y;                                         \
        vec all = sum[0];                                                            \
        for (int i = 1; i < 12; i++) all += sum[i];                                  \
        volatile vec keep = all;                                                     \
        (void)keep;                                                                  \
        return (double)count * 24 * 2 * lanes;                                       \
    }

PEAK(cpeak_portable, 4, )
#if defined(__x86_64__)
PEAK(cpeak_avx512, 16, __attribute__((target("avx512f"))))
PEAK(cpeak_avx2, 8, __attribute__((target("avx2,fma"))))
#else
double cpeak_avx512(ptrdiff_t count) { return cpeak_portable(count); }
double cpeak_avx2(ptrdiff_t count) { return cpeak_portable(count); }
#endif

// Vectors of four floats, whatever the compiler makes of them: SSE2 on x86-64, NEON on arm64.
#define NAME "portable"
#define LANES 4
#define MR 6
#define PIXELS 3
#define GRAM_MR 4
#include "Kernels.inc.h"

const styleloss_kernels *styleloss_kernels_portable(void) { return &table; }

void styleloss_float_from_half(const uint16_t *half, float *out, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint32_t magnitude = half[i] & 0x7fffu;
        union { uint32_t bits; float value; } x = {.bits = magnitude << 13};
        // Scaling by 2^112 moves the exponent's bias from 15 to 127, subnormals included.
        x.value *= 0x1p112f;
        // Exponent 31: infinity or NaN.
        x.bits |= magnitude >= 0x7c00u ? 0x7f800000u : 0;
        x.bits |= (uint32_t)(half[i] & 0x8000u) << 16;
        out[i] = x.value;
    }
}

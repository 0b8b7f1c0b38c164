// Vectors of four floats, whatever the compiler makes of them: SSE2 on x86-64, NEON on arm64.
#define NAME "portable"
#define LANES 4
#define MR 6
#define PIXELS 3
#define GRAM_MR 4
#include "Kernels.inc.h"

const styleloss_kernels *styleloss_kernels_portable(void) { return &table; }

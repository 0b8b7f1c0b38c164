// What the machine can do at best, for benchmarks alone.
#pragma once
#include <stddef.h>

/// Fused multiply-adds in registers alone, `count` times 24 vectors, with the vectors of an instruction
/// set that the processor has; returns the floating point operations done.
double cpeak_avx512(ptrdiff_t count);
double cpeak_avx2(ptrdiff_t count);
/// The same with vectors of four floats, whatever the compiler makes of them.
double cpeak_portable(ptrdiff_t count);

// The machine's peak, for benchmarks.
// Factors the compiler cannot know: it once saw that 1 is a fixed point of 0.999 x + 0.001 and left out
// one sum of twelve, so that every fraction of the peak was told 9 % too low.
static double fma_peak(ptrdiff_t count) {
    static volatile float factor = 0.999f, summand = 0.001f;
    vec sum[12], x = splat(factor), y = splat(summand);
    for (int i = 0; i < 12; i++) sum[i] = splat((float)i);
    for (ptrdiff_t n = 0; n < count; n++)
        for (int twice = 0; twice < 2; twice++)
            UNROLL for (int i = 0; i < 12; i++) sum[i] = sum[i] * x + y;
    vec all = sum[0];
    for (int i = 1; i < 12; i++) all += sum[i];
    volatile vec keep = all;
    (void)keep;
    return (double)count * 24 * 2 * LANES;
}

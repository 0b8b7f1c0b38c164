// Pools that are not fused with their convolution.
// Legend: rows[0..2] are input rows 2y - 1, 2y and 2y + 1 at column 0, [x][64] of one channel block, null
// outside the image; out is row y. Windows of 2 x 2 do not look at rows[0].

// The window's pixels that are inside: combined by `fold` from `start`, then finished.
#define POOL_2X2(name, start, fold, finish) \
    static void name( \
        const float *const *rows, ptrdiff_t columns, ptrdiff_t pooled_columns, float scale, float *out) { \
        for (ptrdiff_t x = 0; x < pooled_columns; x++) \
            for (ptrdiff_t c = 0; c < BLOCK; c += LANES) { \
                vec sum = start; \
                float count = 0; \
                for (int r = 1; r < 3; r++) \
                    for (ptrdiff_t i = 2 * x; rows[r] && i < 2 * x + 2 && i < columns; i++) { \
                        const vec d = load(rows[r] + i * BLOCK + c); \
                        sum = fold; \
                        count++; \
                    } \
                store(out + x * BLOCK + c, finish); \
            } \
    }

POOL_2X2(pool_max, splat(-__builtin_inff()), (sum > d ? sum : d), ((void)scale, (void)count, sum))
POOL_2X2(pool_average, splat(0.0f), sum + d, sum * (scale / count))
POOL_2X2(pool_l2, splat(0.0f), sum + d * d, ((void)count, __builtin_elementwise_sqrt(sum) * scale))
#undef POOL_2X2

// sqrt(h * x^2 + 1e-12), h = (1, 2, 1)^T (1, 2, 1) / 16, zeros outside.
static void pool_l2_hann(
    const float *const *rows, ptrdiff_t columns, ptrdiff_t pooled_columns, float scale, float *out) {
    static const float weights[3] = {0.25f, 0.5f, 0.25f};
    for (ptrdiff_t x = 0; x < pooled_columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            vec sum = splat(1e-12f);
            for (int r = 0; r < 3; r++)
                for (int s = 0; rows[r] && s < 3; s++) {
                    const ptrdiff_t i = 2 * x - 1 + s;
                    if (i < 0 || i >= columns) continue;
                    const vec d = load(rows[r] + i * BLOCK + c);
                    sum += weights[r] * weights[s] * d * d;
                }
            store(out + x * BLOCK + c, __builtin_elementwise_sqrt(sum) * scale);
        }
}

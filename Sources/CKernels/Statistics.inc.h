// Gram matrices, sums of absolute differences and channel sums of activation rows.
// Legend: a row is [x][64] of one channel block.

// g[gram_mr][vectors x LANES] += sum over pixels of a_i b_j.
INLINE void gram_vectors(
    const int vectors, const float *const *a, ptrdiff_t i0, const float *const *b, ptrdiff_t j0,
    ptrdiff_t rows, ptrdiff_t width, double *g, ptrdiff_t ldg) {
    vec sum[GRAM_MR][2];
    UNROLL for (int i = 0; i < GRAM_MR; i++) sum[i][0] = sum[i][1] = splat(0.0f);
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *p = a[row] + i0, *q = b[row] + j0;
        for (ptrdiff_t x = 0; x < width; x++, p += BLOCK, q += BLOCK) {
            const vec q0 = load(q), q1 = vectors == 2 ? load(q + LANES) : q0;
            UNROLL for (int i = 0; i < GRAM_MR; i++) {
                const vec f = splat(p[i]);
                sum[i][0] += f * q0;
                if (vectors == 2) sum[i][1] += f * q1;
            }
        }
    }
    UNROLL for (int i = 0; i < GRAM_MR; i++)
        UNROLL for (int j = 0; j < vectors; j++) {
            wide *to = (wide *)(g + i * ldg + j * LANES);
            *to += __builtin_convertvector(sum[i][j], wide);
        }
}

static void gram(
    const float *const *a, ptrdiff_t i0, const float *const *b, ptrdiff_t j0, ptrdiff_t vectors,
    ptrdiff_t rows, ptrdiff_t width, double *g, ptrdiff_t ldg) {
    if (vectors == 2)
        gram_vectors(2, a, i0, b, j0, rows, width, g, ldg);
    else
        gram_vectors(1, a, i0, b, j0, rows, width, g, ldg);
}

static double absolute_difference(const float *a, const float *b, ptrdiff_t count) {
    double total = 0;
    wide sums = __builtin_convertvector(splat(0.0f), wide);
    ptrdiff_t i = 0;
    while (i + LANES <= count) {
        vec partial = splat(0.0f);
        for (int v = 0; v < 8 && i + LANES <= count; v++, i += LANES) {
            const vec d = load(a + i) - load(b + i);
            partial += d > -d ? d : -d;
        }
        sums += __builtin_convertvector(partial, wide);
    }
    for (int lane = 0; lane < LANES; lane++) total += sums[lane];
    for (; i < count; i++) total += a[i] > b[i] ? (double)a[i] - b[i] : (double)b[i] - a[i];
    return total;
}

static void channel_sums(const float *row, ptrdiff_t width, double *sums) {
    for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
        wide total = *(const wide *)(sums + c);
        for (ptrdiff_t x = 0; x < width; x++)
            total += __builtin_convertvector(load(row + x * BLOCK + c), wide);
        *(wide *)(sums + c) = total;
    }
}

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

// Gram matrices, sums over pairs of features and channel sums of activation rows, for features that are
// SCALARs in vectors of WIDTH; OF names what is made. Legend: a row is [x][64] of one channel block.

typedef SCALAR OF(lanes) __attribute__((ext_vector_type(WIDTH), aligned(sizeof(SCALAR))));
typedef double OF(sums) __attribute__((ext_vector_type(WIDTH), aligned(8)));

INLINE OF(lanes) OF(read)(const SCALAR *p) { return *(const OF(lanes) *)p; }

// g[gram_mr][vectors x WIDTH] += sum over pixels of a_i b_j.
INLINE void OF(gram_vectors)(
    const int vectors, const SCALAR *const *a, ptrdiff_t i0, const SCALAR *const *b, ptrdiff_t j0,
    ptrdiff_t rows, ptrdiff_t width, double *g, ptrdiff_t ldg) {
    OF(lanes) sum[GRAM_MR][2];
    UNROLL for (int i = 0; i < GRAM_MR; i++) sum[i][0] = sum[i][1] = (OF(lanes))(SCALAR)0;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const SCALAR *p = a[row] + i0, *q = b[row] + j0;
        for (ptrdiff_t x = 0; x < width; x++, p += BLOCK, q += BLOCK) {
            const OF(lanes) q0 = OF(read)(q), q1 = vectors == 2 ? OF(read)(q + WIDTH) : q0;
            UNROLL for (int i = 0; i < GRAM_MR; i++) {
                const OF(lanes) f = (OF(lanes))p[i];
                sum[i][0] += f * q0;
                if (vectors == 2) sum[i][1] += f * q1;
            }
        }
    }
    UNROLL for (int i = 0; i < GRAM_MR; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            *(OF(sums) *)(g + i * ldg + j * WIDTH) += WIDEN(sum[i][j]);
}

static void OF(gram)(
    const SCALAR *const *a, ptrdiff_t i0, const SCALAR *const *b, ptrdiff_t j0, ptrdiff_t vectors,
    ptrdiff_t rows, ptrdiff_t width, double *g, ptrdiff_t ldg) {
    if (vectors == 2)
        OF(gram_vectors)(2, a, i0, b, j0, rows, width, g, ldg);
    else
        OF(gram_vectors)(1, a, i0, b, j0, rows, width, g, ldg);
}

static double OF(absolute_difference)(const SCALAR *a, const SCALAR *b, ptrdiff_t count) {
    double total = 0;
    OF(sums) sums = (OF(sums))0.0;
    ptrdiff_t i = 0;
    while (i + WIDTH <= count) {
        OF(lanes) partial = (OF(lanes))(SCALAR)0;
        for (int v = 0; v < 8 && i + WIDTH <= count; v++, i += WIDTH) {
            const OF(lanes) d = OF(read)(a + i) - OF(read)(b + i);
            partial += d > -d ? d : -d;
        }
        sums += WIDEN(partial);
    }
    for (int lane = 0; lane < WIDTH; lane++) total += sums[lane];
    for (; i < count; i++) total += a[i] > b[i] ? (double)a[i] - b[i] : (double)b[i] - a[i];
    return total;
}

// By reference: a vector wider than a register is no argument that two ABIs agree on.
INLINE void OF(apply)(const styleloss_pointwise rule, double p, OF(sums) *difference) {
    const OF(sums) d = *difference, size = d > -d ? d : -d;
    switch (rule) {
        case STYLELOSS_ABSOLUTE: *difference = size; break;
        case STYLELOSS_SQUARED: *difference = d * d; break;
        case STYLELOSS_SMOOTH_L1: *difference = size < p ? d * d * (0.5 / p) : size - 0.5 * p; break;
        case STYLELOSS_CHARBONNIER: *difference = __builtin_elementwise_sqrt(d * d + p); break;
    }
}

// total[0...WIDTH] += w f(a ra - b rb) of the 64 channels of one pixel.
INLINE void OF(add_pixel)(
    const styleloss_pointwise rule, double p, const SCALAR *a, const SCALAR *b, const double *ra,
    const double *rb, const double *weights, ptrdiff_t x, OF(sums) *total) {
    for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH) {
        OF(sums) from = WIDEN(OF(read)(a + x * BLOCK + c));
        OF(sums) to = WIDEN(OF(read)(b + x * BLOCK + c));
        if (ra) from *= ra[x];
        if (rb) to *= rb[x];
        from -= to;
        OF(apply)(rule, p, &from);
        if (weights) from *= *(const OF(sums) *)(weights + c);
        *total += from;
    }
}

INLINE double OF(lanes_sum)(const OF(sums) *total) {
    double sum = 0;
    for (int lane = 0; lane < WIDTH; lane++) sum += (*total)[lane];
    return sum;
}

// Of each pixel into `pixels`, or of all of them where that is null.
INLINE double OF(pair_sum_of)(
    const styleloss_pointwise rule, double p, const SCALAR *a, const SCALAR *b, const double *ra,
    const double *rb, const double *weights, ptrdiff_t width, double *pixels) {
    OF(sums) total = (OF(sums))0.0;
    for (ptrdiff_t x = 0; x < width; x++) {
        OF(add_pixel)(rule, p, a, b, ra, rb, weights, x, &total);
        if (!pixels) continue;
        pixels[x] += OF(lanes_sum)(&total);
        total = (OF(sums))0.0;
    }
    return OF(lanes_sum)(&total);
}

#define BY_RULE(...)                                                                                    \
    switch (rule) {                                                                                     \
        case STYLELOSS_ABSOLUTE: return OF(pair_sum_of)(STYLELOSS_ABSOLUTE, __VA_ARGS__);               \
        case STYLELOSS_SQUARED: return OF(pair_sum_of)(STYLELOSS_SQUARED, __VA_ARGS__);                 \
        case STYLELOSS_SMOOTH_L1: return OF(pair_sum_of)(STYLELOSS_SMOOTH_L1, __VA_ARGS__);             \
        case STYLELOSS_CHARBONNIER: return OF(pair_sum_of)(STYLELOSS_CHARBONNIER, __VA_ARGS__);         \
    }

static double OF(pair_sum)(
    styleloss_pointwise rule, double p, const SCALAR *a, const SCALAR *b, const double *ra,
    const double *rb, const double *weights, ptrdiff_t width) {
    BY_RULE(p, a, b, ra, rb, weights, width, 0)
}

static double OF(pair_pixels)(
    styleloss_pointwise rule, double p, const SCALAR *a, const SCALAR *b, const double *ra,
    const double *rb, const double *weights, ptrdiff_t width, double *pixels) {
    BY_RULE(p, a, b, ra, rb, weights, width, pixels)
}
#undef BY_RULE

static void OF(pixel_squares)(const SCALAR *row, ptrdiff_t width, double *squares) {
    for (ptrdiff_t x = 0; x < width; x++) {
        OF(sums) total = (OF(sums))0.0;
        for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH) {
            const OF(sums) f = WIDEN(OF(read)(row + x * BLOCK + c));
            total += f * f;
        }
        for (int lane = 0; lane < WIDTH; lane++) squares[x] += total[lane];
    }
}

static void OF(channel_sums)(
    const SCALAR *row, const double *origin, ptrdiff_t width, double *sums) {
    for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH) {
        OF(sums) total = *(const OF(sums) *)(sums + c);
        const OF(sums) from = *(const OF(sums) *)(origin + c);
        for (ptrdiff_t x = 0; x < width; x++) total += WIDEN(OF(read)(row + x * BLOCK + c)) - from;
        *(OF(sums) *)(sums + c) = total;
    }
}

static void OF(channel_squares)(
    const SCALAR *row, const double *origin, ptrdiff_t width, double *sums) {
    for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH) {
        OF(sums) total = *(const OF(sums) *)(sums + c);
        const OF(sums) from = *(const OF(sums) *)(origin + c);
        for (ptrdiff_t x = 0; x < width; x++) {
            const OF(sums) d = WIDEN(OF(read)(row + x * BLOCK + c)) - from;
            total += d * d;
        }
        *(OF(sums) *)(sums + c) = total;
    }
}

static void OF(channel_products)(
    const SCALAR *a, const double *a_origin, const SCALAR *b, const double *b_origin,
    ptrdiff_t width, double *sums) {
    for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH) {
        OF(sums) total = *(const OF(sums) *)(sums + c);
        const OF(sums) i = *(const OF(sums) *)(a_origin + c), j = *(const OF(sums) *)(b_origin + c);
        for (ptrdiff_t x = 0; x < width; x++) {
            const OF(sums) d = WIDEN(OF(read)(a + x * BLOCK + c)) - i;
            const OF(sums) e = WIDEN(OF(read)(b + x * BLOCK + c)) - j;
            total += d * e;
        }
        *(OF(sums) *)(sums + c) = total;
    }
}

static void OF(centre)(const SCALAR *row, const SCALAR *shift, ptrdiff_t width, SCALAR *centred) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += WIDTH)
            *(OF(lanes) *)(centred + x * BLOCK + c) =
                OF(read)(row + x * BLOCK + c) - OF(read)(shift + c);
}

static void OF(midpoint)(
    const SCALAR *t, const SCALAR *d, ptrdiff_t channels, ptrdiff_t width, SCALAR *out) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t c = 0; c < channels; c += WIDTH) {
            const ptrdiff_t at = x * BLOCK + c;
            *(OF(lanes) *)(out + at) = OF(read)(t + at) + (SCALAR)0.5 * OF(read)(d + at);
        }
}

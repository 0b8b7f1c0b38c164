// Where the way back begins: the gradients of losses by features, affine in them or a rule of differences.
// Legend: as in Backward.inc.h, whose bits these kernels write and read.

static void add_affine(
    const float *row, const float *centre, const float *a, const float *b, ptrdiff_t width,
    float *out) {
    for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
        const vec origin = load(centre + c), scale = load(a + c), shift = load(b + c);
        for (ptrdiff_t x = 0; x < width; x++) {
            float *const to = out + x * BLOCK + c;
            store(to, load(to) + ((load(row + x * BLOCK + c) - origin) * scale + shift));
        }
    }
}

// The derivatives of styleloss_pointwise; that of |d| at 0 is 0, as PyTorch and TensorFlow have it.
INLINE vec pointwise_slope(styleloss_pointwise rule, vec parameter, vec d) {
    const vec zero = splat(0.0f), one = splat(1.0f);
    const vec sign = d > zero ? one : d < zero ? -one : zero;
    switch (rule) {
        case STYLELOSS_ABSOLUTE: return sign;
        case STYLELOSS_SQUARED: return d + d;
        case STYLELOSS_SMOOTH_L1: return vmax(d, -d) < parameter ? d / parameter : sign;
        case STYLELOSS_CHARBONNIER: return d / __builtin_elementwise_sqrt(d * d + parameter);
    }
}

INLINE void add_slopes(
    styleloss_pointwise rule, float parameter, float factor, float scale, const float *f,
    const float *t, ptrdiff_t count, float *out) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vec d = (load(f + i) - load(t + i)) * scale;
        store(out + i, load(out + i) + pointwise_slope(rule, splat(parameter), d) * factor);
    }
}

// One loop a rule, without a switch inside.
static void add_pointwise_slopes(
    styleloss_pointwise rule, float parameter, float factor, float scale, const float *f,
    const float *t, ptrdiff_t count, float *out) {
    switch (rule) {
#define CASE(rule) \
    case rule: add_slopes(rule, parameter, factor, scale, f, t, count, out); break;
        CASE(STYLELOSS_ABSOLUTE)
        CASE(STYLELOSS_SQUARED)
        CASE(STYLELOSS_SMOOTH_L1)
        CASE(STYLELOSS_CHARBONNIER)
#undef CASE
    }
}

// The signs of f - t, and what they give of STYLELOSS_ABSOLUTE: what is neither above nor below adds 0.
static void difference_signs(
    const float *f, const float *t, ptrdiff_t columns, uint8_t *above, uint8_t *below) {
    for (ptrdiff_t x = 0; x < columns; x++, f += BLOCK, t += BLOCK)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            store_bits(above + 8 * x, c, load(f + c) > load(t + c));
            store_bits(below + 8 * x, c, load(f + c) < load(t + c));
        }
}

static void add_signs(
    const uint8_t *above, const uint8_t *below, ptrdiff_t columns, float factor, float *out) {
    const vec one = splat(1.0f);
    for (ptrdiff_t x = 0; x < columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            float *const to = out + x * BLOCK + c;
            const vec sign = passed(one, above + 8 * x, c) - passed(one, below + 8 * x, c);
            store(to, load(to) + sign * factor);
        }
}

typedef double wide_unaligned __attribute__((ext_vector_type(LANES), aligned(8)));

// The slope of a rule at the difference of two pixels' features at unit length, a ra - b rb; in FP64, as
// their losses are. w is what the channels' shares are multiplied by, 1 where null.
INLINE void unit_slope(
    const styleloss_pointwise rule, double p, const float *a, double ra, const float *b, double rb,
    const double *w, wide *slope) {
    const wide d = __builtin_convertvector(load(a), wide) * ra - __builtin_convertvector(load(b), wide) * rb;
    const wide zero = (wide)0.0, one = (wide)1.0;
    const wide sign = d > zero ? one : d < zero ? -one : zero;
    switch (rule) {
        case STYLELOSS_ABSOLUTE: *slope = sign; break;
        case STYLELOSS_SQUARED: *slope = d + d; break;
        case STYLELOSS_SMOOTH_L1: *slope = (d < zero ? -d : d) < (wide)p ? d / p : sign; break;
        case STYLELOSS_CHARBONNIER: *slope = d / __builtin_elementwise_sqrt(d * d + p); break;
    }
    if (w) *slope *= *(const wide_unaligned *)w;
}

INLINE void unit_dots_of(
    const styleloss_pointwise rule, double p, const float *a, const float *b, const double *ra,
    const double *rb, const double *w, ptrdiff_t width, double *dots) {
    for (ptrdiff_t x = 0; x < width; x++, a += BLOCK, b += BLOCK) {
        wide sum = (wide)0.0;
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            wide slope;
            unit_slope(rule, p, a + c, ra[x], b + c, rb[x], w ? w + c : 0, &slope);
            sum += slope * __builtin_convertvector(load(a + c), wide);
        }
        for (int lane = 0; lane < LANES; lane++) dots[x] += sum[lane];
    }
}

INLINE void add_unit_slopes_of(
    const styleloss_pointwise rule, double p, double factor, const float *a, const float *b,
    const double *ra, const double *rb, const double *k, const double *w, ptrdiff_t width,
    float *out) {
    for (ptrdiff_t x = 0; x < width; x++, a += BLOCK, b += BLOCK, out += BLOCK)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            wide slope;
            unit_slope(rule, p, a + c, ra[x], b + c, rb[x], w ? w + c : 0, &slope);
            slope = slope * (factor * ra[x])
                - __builtin_convertvector(load(a + c), wide) * (factor * k[x]);
            store(out + c, load(out + c) + __builtin_convertvector(slope, vec));
        }
}

static void unit_dots(
    styleloss_pointwise rule, double p, const float *a, const float *b, const double *ra,
    const double *rb, const double *w, ptrdiff_t width, double *dots) {
    switch (rule) {
#define CASE(rule) \
    case rule: unit_dots_of(rule, p, a, b, ra, rb, w, width, dots); break;
        CASE(STYLELOSS_ABSOLUTE)
        CASE(STYLELOSS_SQUARED)
        CASE(STYLELOSS_SMOOTH_L1)
        CASE(STYLELOSS_CHARBONNIER)
#undef CASE
    }
}

static void add_unit_slopes(
    styleloss_pointwise rule, double p, double factor, const float *a, const float *b,
    const double *ra, const double *rb, const double *k, const double *w, ptrdiff_t width,
    float *out) {
    switch (rule) {
#define CASE(rule) \
    case rule: add_unit_slopes_of(rule, p, factor, a, b, ra, rb, k, w, width, out); break;
        CASE(STYLELOSS_ABSOLUTE)
        CASE(STYLELOSS_SQUARED)
        CASE(STYLELOSS_SMOOTH_L1)
        CASE(STYLELOSS_CHARBONNIER)
#undef CASE
    }
}

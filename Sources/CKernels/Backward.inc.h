// The way back: which outputs pass a gradient, the gradient through ReLU and pools, and conv1_1.
// Legend: rows are [x][64] of one channel block; bits are [x][8 bytes], bit c of a pixel is channel c.

typedef int lanes __attribute__((ext_vector_type(LANES)));
typedef _Bool flags __attribute__((ext_vector_type(LANES)));

INLINE void store_bits(uint8_t *bits, ptrdiff_t c, lanes is_set) {
    const flags f = __builtin_convertvector(is_set, flags);
#if LANES == 4
    uint8_t four;
    __builtin_memcpy(&four, &f, 1);
    four &= 15;
    bits[c / 8] = c & 4 ? (uint8_t)(bits[c / 8] | four << 4) : four;
#else
    __builtin_memcpy(bits + c / 8, &f, LANES / 8);
#endif
}

// x where the bit is set, else zero.
INLINE vec passed(vec x, const uint8_t *bits, ptrdiff_t c) {
    flags f;
#if LANES == 4
    const uint8_t four = (uint8_t)(bits[c / 8] >> (c & 4) & 15);
    __builtin_memcpy(&f, &four, 1);
#else
    __builtin_memcpy(&f, bits + c / 8, LANES / 8);
#endif
    return (vec)((lanes)x & -__builtin_convertvector(f, lanes));
}

// ReLU'(0) = 0, as PyTorch, TensorFlow and JAX have it.
static void alive_bits(const float *row, ptrdiff_t columns, uint8_t *bits) {
    for (ptrdiff_t x = 0; x < columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES)
            store_bits(bits + 8 * x, c, load(row + x * BLOCK + c) > splat(0.0f));
}

// Of 2 x 2 the first in row-major order that is within `tolerance` of the largest, where it is alive.
static void maximum_bits(
    const float *const *rows, ptrdiff_t columns, ptrdiff_t pooled_columns, float tolerance,
    uint8_t *const *bits) {
    for (ptrdiff_t x = 0; x < pooled_columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            vec most = splat(0.0f);
            for (int r = 0; r < 2; r++)
                for (ptrdiff_t i = 2 * x; rows[r] && i < 2 * x + 2 && i < columns; i++)
                    most = vmax(load(rows[r] + i * BLOCK + c), most);
            most -= splat(tolerance);
            lanes is_taken = {0};
            for (int r = 0; r < 2; r++)
                for (ptrdiff_t i = 2 * x; rows[r] && i < 2 * x + 2 && i < columns; i++) {
                    const vec d = load(rows[r] + i * BLOCK + c);
                    const lanes is_largest = d >= most;
                    store_bits(bits[r] + 8 * i, c, is_largest & ~is_taken & (d > splat(0.0f)));
                    is_taken |= is_largest;
                }
        }
    // The last column of an odd width has no window where sizes round down.
    for (int r = 0; r < 2; r++)
        for (ptrdiff_t i = 2 * pooled_columns; rows[r] && i < columns; i++)
            __builtin_memset(bits[r] + 8 * i, 0, 8);
}

static void pass(const float *d, const uint8_t *bits, ptrdiff_t columns, float *out) {
    for (ptrdiff_t x = 0; x < columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES)
            store(out + x * BLOCK + c, passed(load(d + x * BLOCK + c), bits + 8 * x, c));
}

static void add_passed(const float *d, const uint8_t *bits, ptrdiff_t columns, float *out) {
    for (ptrdiff_t x = 0; x < columns; x++)
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            float *const to = out + x * BLOCK + c;
            store(to, load(to) + passed(load(d + x * BLOCK + c), bits + 8 * x, c));
        }
}

// A window that has one column inside takes `edge_factor`.
static void pass_pooled(
    const float *d, const uint8_t *bits, ptrdiff_t columns, ptrdiff_t pooled_columns, float factor,
    float edge_factor, float *out) {
    for (ptrdiff_t x = 0; x < columns; x++) {
        const vec scale = splat((x | 1) < columns ? factor : edge_factor);
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            const vec y =
                x / 2 < pooled_columns ? load(d + x / 2 * BLOCK + c) * scale : splat(0.0f);
            store(out + x * BLOCK + c, passed(y, bits + 8 * x, c));
        }
    }
}

static void add(const float *a, ptrdiff_t count, float *out) {
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) store(out + i, load(out + i) + load(a + i));
    for (; i < count; i++) out[i] += a[i];
}

static double sum_of_squares(const float *row, ptrdiff_t count) {
    wide sums = __builtin_convertvector(splat(0.0f), wide);
    ptrdiff_t i = 0;
    while (i + LANES <= count) {
        vec partial = splat(0.0f);
        for (int v = 0; v < 8 && i + LANES <= count; v++, i += LANES)
            partial += load(row + i) * load(row + i);
        sums += __builtin_convertvector(partial, wide);
    }
    double total = 0;
    for (int lane = 0; lane < LANES; lane++) total += sums[lane];
    for (; i < count; i++) total += (double)row[i] * row[i];
    return total;
}

// `pixels` neighbouring pixels x 3 channels, each sum over the output channels of nine pixels.
INLINE void first_layer_gradient_pixels(
    const int pixels, const float *const rows[3], ptrdiff_t x, const float *kernel, float *out) {
    vec sum[4][3];
    UNROLL for (int p = 0; p < pixels; p++)
        UNROLL for (int k = 0; k < 3; k++) sum[p][k] = splat(0.0f);
    for (int r = 0; r < 3; r++)
        for (int s = 0; s < 3; s++)
            for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
                const float *const g = kernel + (3 * r + s) * 3 * BLOCK + c;
                const vec g0 = load(g), g1 = load(g + BLOCK), g2 = load(g + 2 * BLOCK);
                UNROLL for (int p = 0; p < pixels; p++) {
                    const vec d = load(rows[r] + (x + p + s) * BLOCK + c);
                    sum[p][0] += d * g0;
                    sum[p][1] += d * g1;
                    sum[p][2] += d * g2;
                }
            }
    UNROLL for (int p = 0; p < pixels; p++)
        UNROLL for (int k = 0; k < 3; k++) {
            float total = 0;
            for (int lane = 0; lane < LANES; lane++) total += sum[p][k][lane];
            out[3 * (x + p) + k] = total;
        }
}

static void first_layer_gradient(
    const float *const *rows, const float *kernel, ptrdiff_t width, float *out) {
    ptrdiff_t x = 0;
    for (; x + 4 <= width; x += 4) first_layer_gradient_pixels(4, rows, x, kernel, out);
    for (; x < width; x++) first_layer_gradient_pixels(1, rows, x, kernel, out);
}

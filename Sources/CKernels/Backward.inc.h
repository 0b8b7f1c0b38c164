// The way back: which outputs pass a gradient, the gradient through ReLU and pools, and conv1_1.
// Legend: rows are [x][64] of one channel block; bits are [x][8 bytes], bit c of a pixel is channel c.

typedef int lanes __attribute__((ext_vector_type(LANES)));
typedef _Bool flags __attribute__((ext_vector_type(LANES)));
typedef float four_lanes __attribute__((ext_vector_type(4)));
typedef float eight_lanes __attribute__((ext_vector_type(8)));

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

// The pixels of a 2 x 2 window of two rows, null where there is none.
INLINE void window_pixels(
    const float *const *rows, ptrdiff_t columns, ptrdiff_t x, const float *pixels[4]) {
    for (int p = 0; p < 4; p++) {
        const ptrdiff_t column = 2 * x + p % 2;
        pixels[p] = rows[p / 2] && column < columns ? rows[p / 2] + column * BLOCK : 0;
    }
}

INLINE int differ(const float *a, const float *b, float tolerance) {
    for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
        const vec d = load(a + c) - load(b + c);
        if (__builtin_reduce_or(vmax(d, -d) > splat(tolerance))) return 1;
    }
    return 0;
}

static void equal_pixels(
    const float *const *rows, ptrdiff_t block_stride, ptrdiff_t blocks, ptrdiff_t columns,
    ptrdiff_t pooled_columns, float tolerance, uint8_t *first) {
    for (ptrdiff_t x = 0; x < pooled_columns; x++) {
        const float *pixels[4];
        window_pixels(rows, columns, x, pixels);
        for (int p = 0; p < 4; p++) {
            int q = 0;
            for (; q < p; q++) {
                if (!pixels[p] || !pixels[q]) continue;
                ptrdiff_t block = 0;
                while (block < blocks
                       && !differ(
                           pixels[p] + block * block_stride, pixels[q] + block * block_stride,
                           tolerance))
                    block++;
                if (block == blocks) break;
            }
            first[4 * x + p] = (uint8_t)q;
        }
    }
}

// Of 2 x 2 the first in row-major order that is largest, or the first pixel that is its equal.
static void maximum_bits(
    const float *const *rows, ptrdiff_t columns, ptrdiff_t pooled_columns, const uint8_t *first,
    uint8_t *const *bits) {
    for (ptrdiff_t x = 0; x < pooled_columns; x++) {
        const float *pixels[4];
        window_pixels(rows, columns, x, pixels);
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            vec most = splat(0.0f);
            for (int p = 0; p < 4; p++)
                if (pixels[p]) most = vmax(load(pixels[p] + c), most);
            lanes is_taken = {0}, is_first[4] = {{0}, {0}, {0}, {0}};
            for (int p = 0; p < 4; p++) {
                if (!pixels[p]) continue;
                const lanes is_largest = load(pixels[p] + c) >= most;
                is_first[first[4 * x + p]] |= is_largest & ~is_taken;
                is_taken |= is_largest;
            }
            for (int p = 0; p < 4; p++)
                if (pixels[p])
                    store_bits(
                        bits[p / 2] + 8 * (2 * x + p % 2), c,
                        is_first[p] & (load(pixels[p] + c) > splat(0.0f)));
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

// The gradient through pools of roots, of one row of pixels x: each window's share of d is x over the
// window's root, 0 where that is 0.
static void add_root_pooled(
    const float *row, const float *share, ptrdiff_t columns, ptrdiff_t pooled_columns, int is_hann,
    float factor, float *out) {
    for (ptrdiff_t x = 0; x < columns; x++) {
        // Windows of three are centred on even columns: an odd one is in two of them.
        const ptrdiff_t left = x / 2, right = is_hann && x % 2 ? left + 1 : left;
        const float weight = factor * (!is_hann ? 1.0f : x % 2 ? 0.25f : 0.5f);
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            vec sum = left < pooled_columns ? load(share + left * BLOCK + c) : splat(0.0f);
            if (right != left && right < pooled_columns) sum += load(share + right * BLOCK + c);
            float *const to = out + x * BLOCK + c;
            store(to, load(to) + sum * weight * load(row + x * BLOCK + c));
        }
    }
}

// share = d / y, 0 where y is 0.
static void root_shares(const float *d, const float *y, ptrdiff_t count, float *share) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vec root = load(y + i);
        store(share + i, root > splat(0.0f) ? load(d + i) / root : splat(0.0f));
    }
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

INLINE float sum_of_lanes(vec x) {
#if LANES == 16
    const eight_lanes eight = x.lo + x.hi;
    const four_lanes four = eight.lo + eight.hi;
#elif LANES == 8
    const four_lanes four = x.lo + x.hi;
#else
    const four_lanes four = x;
#endif
    return (four.x + four.z) + (four.y + four.w);
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
        UNROLL for (int k = 0; k < 3; k++) out[3 * (x + p) + k] = sum_of_lanes(sum[p][k]);
}

static void first_layer_gradient(
    const float *const *rows, const float *kernel, ptrdiff_t width, float *out) {
    ptrdiff_t x = 0;
    for (; x + 4 <= width; x += 4) first_layer_gradient_pixels(4, rows, x, kernel, out);
    for (; x < width; x++) first_layer_gradient_pixels(1, rows, x, kernel, out);
}

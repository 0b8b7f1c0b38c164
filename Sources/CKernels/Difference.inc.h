// The difference d = output - target of two images' features, beside the features t of the target.
// A convolution is linear, so d goes through it without the bias; what follows it is not:
//     ReLU   max(t + d, 0) - max(t, 0)
//     pool   max (t_k + d_k) - max t_k = max ((t_k - max t) + d_k)
// Neither adds what it would take off again, so that the error of d stays relative to d.
// Legend: as in Winograd.inc.h; y is [element 0...15][tile][64], in the place of the target's m.

// Comparisons that keep a NaN of d a NaN.
INLINE vec relu_difference(vec t, vec d) {
    const vec zero = splat(0.0f), low = -t, sum = t + d;
    const vec above = low > d ? low : d, below = zero > sum ? zero : sum;
    return t > zero ? above : below;
}

// Four pixels each. t is after ReLU; where t is the largest, d is not rounded.
INLINE vec pool_difference(const vec t[4], const vec d[4]) {
    const vec top = vmax(vmax(t[0], t[1]), vmax(t[2], t[3]));
    vec sum[4];
    UNROLL for (int k = 0; k < 4; k++) sum[k] = (t[k] - top) + d[k];
    return vmax(vmax(sum[0], sum[1]), vmax(sum[2], sum[3]));
}

INLINE void difference_tile(
    const float *m, ptrdiff_t es, const float *y, ptrdiff_t ys, const int columns,
    const styleloss_output_rows *out, ptrdiff_t x, ptrdiff_t c) {
    vec w[4][6];
    UNROLL for (int j = 0; j < 6; j++) {
        vec v[6], s[4];
        UNROLL for (int i = 0; i < 6; i++) v[i] = load(m + (6 * i + j) * es);
        transform_output_1d(v, s);
        UNROLL for (int i = 0; i < 4; i++) w[i][j] = s[i];
    }
    const vec zero = splat(0.0f);
    const ptrdiff_t at = x * BLOCK + c, pooled = x / 2 * BLOCK + c;
    UNROLL for (int half = 0; half < 2; half++) {
        vec d[2][4], t[2][4];
        UNROLL for (int i = 0; i < 2; i++) {
            const int row = 2 * half + i;
            transform_output_1d(w[row], d[i]);
            if (out->conv[row])
                for (int j = 0; j < columns; j++) store(out->conv[row] + at + j * BLOCK, d[i][j]);
            UNROLL for (int j = 0; j < 4; j++) {
                t[i][j] = load(y + (4 * row + j) * ys);
                d[i][j] = relu_difference(t[i][j], d[i][j]);
                t[i][j] = zero > t[i][j] ? zero : t[i][j];
            }
            if (out->relu[row])
                for (int j = 0; j < columns; j++) store(out->relu[row] + at + j * BLOCK, d[i][j]);
        }
        if (!out->pool[half]) continue;
        UNROLL for (int j = 0; j < 2; j++) {
            const vec four_t[4] = {t[0][2 * j], t[0][2 * j + 1], t[1][2 * j], t[1][2 * j + 1]};
            const vec four_d[4] = {d[0][2 * j], d[0][2 * j + 1], d[1][2 * j], d[1][2 * j + 1]};
            if (j < columns / 2)
                store(out->pool[half] + pooled + j * BLOCK, pool_difference(four_t, four_d));
        }
    }
}

static void difference_transform(
    const float *m, ptrdiff_t m_element_stride, ptrdiff_t tiles, const float *y,
    const styleloss_output_rows *out) {
    const ptrdiff_t es = m_element_stride;
    for (ptrdiff_t tile = 0; tile < tiles; tile++, m += BLOCK, y += BLOCK) {
        const ptrdiff_t left = out->columns - 4 * tile;
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            if (left >= 4)
                difference_tile(m + c, es, y + c, es, 4, out, 4 * tile, c);
            else
                difference_tile(m + c, es, y + c, es, (int)left, out, 4 * tile, c);
        }
    }
}

static void relu_difference_row(const float *t, float *d, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += LANES) store(d + i, relu_difference(load(t + i), load(d + i)));
}

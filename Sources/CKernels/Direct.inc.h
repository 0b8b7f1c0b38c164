// conv1_1: three input channels are too few for the tile domain, so it is computed as it is defined.
// Legend: rows are [1 + x][3]; kernel is [row][column][channel][64]; out is [x][64].

// `pixels` neighbouring pixels x 4 vectors of output channels, sums in registers.
INLINE void first_layer_pixels(
    const int pixels, const float *const rows[3], ptrdiff_t x, const float *kernel, const vec bias[4],
    float *conv, float *relu) {
    vec sum[PIXELS][4];
    UNROLL for (int p = 0; p < pixels; p++)
        UNROLL for (int o = 0; o < 4; o++) sum[p][o] = bias[o];
    for (int r = 0; r < 3; r++) {
        const float *row = rows[r] + 3 * x;
        UNROLL for (int k = 0; k < 9; k++) {
            const float *g = kernel + (9 * r + k) * BLOCK;
            const vec g0 = load(g), g1 = load(g + LANES), g2 = load(g + 2 * LANES),
                      g3 = load(g + 3 * LANES);
            UNROLL for (int p = 0; p < pixels; p++) {
                const vec d = splat(row[3 * p + k]);
                sum[p][0] += d * g0;
                sum[p][1] += d * g1;
                sum[p][2] += d * g2;
                sum[p][3] += d * g3;
            }
        }
    }
    const vec zero = splat(0.0f);
    UNROLL for (int p = 0; p < pixels; p++)
        UNROLL for (int o = 0; o < 4; o++) {
            if (conv) store(conv + (x + p) * BLOCK + o * LANES, sum[p][o]);
            if (relu)
                store(relu + (x + p) * BLOCK + o * LANES, zero > sum[p][o] ? zero : sum[p][o]);
        }
}

static void first_layer(
    const float *const *rows, const float *kernel, const float *bias, ptrdiff_t width, float *conv,
    float *relu) {
    for (ptrdiff_t c = 0; c < BLOCK; c += 4 * LANES) {
        const vec b[4] = {
            load(bias + c), load(bias + c + LANES), load(bias + c + 2 * LANES), load(bias + c + 3 * LANES)};
        float *conv_c = conv ? conv + c : conv, *relu_c = relu ? relu + c : relu;
        ptrdiff_t x = 0;
        for (; x + PIXELS <= width; x += PIXELS)
            first_layer_pixels(PIXELS, rows, x, kernel + c, b, conv_c, relu_c);
        for (; x < width; x++) first_layer_pixels(1, rows, x, kernel + c, b, conv_c, relu_c);
    }
}

// Winograd convolution F(4x4, 3x3): Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks"
// (arXiv:1509.09308), by Toom-Cook interpolation at 0, A, -A, B, -B and infinity.
//
// Lavin & Gray take A = 1, B = 2. Points nearer to each other and to their reciprocals lose less (Alam,
// Anderson, Barabasz & Gregg, "Winograd Convolution for Deep Neural Networks: Efficient Point
// Selection", arXiv:2201.10369): with 5/8 and 3/2 the error of a layer of 64 channels in FP32 is 0.62e-6
// (rms) and 1.4e-6 (largest) of the features instead of 1.34e-6 and 4.3e-6. All constants are exact.
//
// Legend: rows are [block][1 + x][64]; v is [element][block][tile][64]; m is [element][tile][64].
//
// With a = 5/8, b = 3/2, s = a^2 + b^2, t = a^2 b^2, u = 2 a^2 (a^2 - b^2), v = 2 b^2 (b^2 - a^2):
//
//         | t    0     -s    0   1   0 |       | 1/t   0     0    |
//         | 0  -a b^2  -b^2  a   1   0 |       | 1/u  a/u  a^2/u  |
//   B^T = | 0   a b^2  -b^2  -a  1   0 |   G = | 1/u -a/u  a^2/u  |
//         | 0  -b a^2  -a^2  b   1   0 |       | 1/v  b/v  b^2/v  |
//         | 0   b a^2  -a^2  -b  1   0 |       | 1/v -b/v  b^2/v  |
//         | 0    t      0    -s  0   1 |       |  0    0     1    |
//
//         | 1   1    1    1    1   0 |
//   A^T = | 0   a   -a    b   -b   0 |
//         | 0  a^2  a^2  b^2  b^2  0 |
//         | 0  a^3 -a^3  b^3 -b^3  1 |
#define A 0.625f
#define B 1.5f
#define A2 (A * A)
#define B2 (B * B)

// The rows of B^T d, two at a time: one dimension makes six values of six. Each needs only some of d.
INLINE void transform_input_0_5(vec d0, vec d1, vec d2, vec d3, vec d4, vec d5, vec *t0, vec *t5) {
    *t0 = d4 + (A2 * B2 * d0 - (A2 + B2) * d2);
    *t5 = d5 + (A2 * B2 * d1 - (A2 + B2) * d3);
}
INLINE void transform_input_1_2(vec d1, vec d2, vec d3, vec d4, vec *t1, vec *t2) {
    const vec even = d4 - B2 * d2, odd = d3 - B2 * d1;
    *t1 = even + A * odd;
    *t2 = even - A * odd;
}
INLINE void transform_input_3_4(vec d1, vec d2, vec d3, vec d4, vec *t3, vec *t4) {
    const vec even = d4 - A2 * d2, odd = d3 - A2 * d1;
    *t3 = even + B * odd;
    *t4 = even - B * odd;
}
INLINE void transform_input_row(const vec w[6], float *out, ptrdiff_t element_stride) {
    vec t[6];
    transform_input_0_5(w[0], w[1], w[2], w[3], w[4], w[5], &t[0], &t[5]);
    transform_input_1_2(w[1], w[2], w[3], w[4], &t[1], &t[2]);
    transform_input_3_4(w[1], w[2], w[3], w[4], &t[3], &t[4]);
    UNROLL for (int j = 0; j < 6; j++) store(out + j * element_stride, t[j]);
}

// Two rows of the tile are finished before the next two are begun, at the price of loading d again:
// 36 live vectors would spill, and a spilled 512-bit store costs two cycles on Zen 4.
INLINE void input_tile(const float *const source[6], float *out, ptrdiff_t es) {
    vec w[2][6];
    UNROLL for (int j = 0; j < 6; j++) {
        const ptrdiff_t x = j * BLOCK;
        transform_input_0_5(
            load(source[0] + x), load(source[1] + x), load(source[2] + x), load(source[3] + x),
            load(source[4] + x), load(source[5] + x), &w[0][j], &w[1][j]);
    }
    transform_input_row(w[0], out, es);
    transform_input_row(w[1], out + 30 * es, es);
    UNROLL for (int j = 0; j < 6; j++) {
        const ptrdiff_t x = j * BLOCK;
        transform_input_1_2(
            load(source[1] + x), load(source[2] + x), load(source[3] + x), load(source[4] + x),
            &w[0][j], &w[1][j]);
    }
    transform_input_row(w[0], out + 6 * es, es);
    transform_input_row(w[1], out + 12 * es, es);
    UNROLL for (int j = 0; j < 6; j++) {
        const ptrdiff_t x = j * BLOCK;
        transform_input_3_4(
            load(source[1] + x), load(source[2] + x), load(source[3] + x), load(source[4] + x),
            &w[0][j], &w[1][j]);
    }
    transform_input_row(w[0], out + 18 * es, es);
    transform_input_row(w[1], out + 24 * es, es);
}

static void input_transform(
    const float *const *rows, ptrdiff_t row_block_stride, ptrdiff_t blocks, ptrdiff_t tiles, float *v,
    ptrdiff_t v_element_stride, ptrdiff_t v_block_stride) {
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t tile = 0; tile < tiles; tile++)
            for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
                const ptrdiff_t x = block * row_block_stride + 4 * tile * BLOCK + c;
                const float *const source[6] = {
                    rows[0] + x, rows[1] + x, rows[2] + x, rows[3] + x, rows[4] + x, rows[5] + x};
                input_tile(source, v + block * v_block_stride + tile * BLOCK + c, v_element_stride);
            }
}

// One dimension of A^T m: six values become four.
INLINE void transform_output_1d(const vec m[6], vec y[4]) {
    vec s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    y[0] = m[0] + s1 + s2;
    y[1] = A * d1 + B * d2;
    y[2] = A2 * s1 + B2 * s2;
    y[3] = (m[5] + A2 * A * d1) + B2 * B * d2;
}

// What an output transform writes.
enum { CONV = 1, RELU = 2, POOL = 4, ALIVE = 8, PASS = 16, ANY = 31 };

// One tile's 16 pixels of LANES channels. `columns` of them lie inside the image; x is the first column
// and c the first channel. What may be written and the number of columns are constants in each copy.
// `kept` takes the 16 pixels before ReLU; it may be m, which has been read by then.
INLINE void output_tile(
    const float *m, ptrdiff_t es, const vec bias, const int columns, const styleloss_output_rows *out,
    ptrdiff_t x, ptrdiff_t c, const int what, float *kept) {
    vec w[4][6];
    UNROLL for (int j = 0; j < 6; j++) {
        vec d[6], t[4];
        UNROLL for (int i = 0; i < 6; i++) d[i] = load(m + (6 * i + j) * es);
        transform_output_1d(d, t);
        UNROLL for (int i = 0; i < 4; i++) w[i][j] = t[i];
    }
    const vec zero = splat(0.0f);
    const ptrdiff_t at = x * BLOCK + c, pooled = x / 2 * BLOCK + c;
    UNROLL for (int half = 0; half < 2; half++) {
        vec y[2][4];
        UNROLL for (int i = 0; i < 2; i++) {
            const int row = 2 * half + i;
            transform_output_1d(w[row], y[i]);
            UNROLL for (int j = 0; j < 4; j++) y[i][j] += bias;
            if (kept)
                UNROLL for (int j = 0; j < 4; j++) store(kept + (4 * row + j) * es, y[i][j]);
            float *const conv = out->conv[row], *const relu = out->relu[row];
            const uint8_t *const pass = out->pass[row];
            if (what & CONV && conv)
                for (int j = 0; j < columns; j++)
                    store(
                        conv + at + j * BLOCK,
                        what & PASS && pass ? passed(y[i][j], pass + 8 * (x + j), c) : y[i][j]);
            // 0 > y keeps a NaN a NaN, so that an overflow is seen and refused.
            UNROLL for (int j = 0; j < 4; j++) y[i][j] = zero > y[i][j] ? zero : y[i][j];
            if (what & RELU && relu)
                for (int j = 0; j < columns; j++) store(relu + at + j * BLOCK, y[i][j]);
            if (what & ALIVE && out->alive[row])
                for (int j = 0; j < columns; j++)
                    store_bits(out->alive[row] + 8 * (x + j), c, y[i][j] > zero);
        }
        if (what & POOL && out->pool[half])
            for (int j = 0; j < columns / 2; j++)
                store(
                    out->pool[half] + pooled + j * BLOCK,
                    vmax(vmax(y[0][2 * j], y[0][2 * j + 1]), vmax(y[1][2 * j], y[1][2 * j + 1])));
    }
}

INLINE void output_tiles(
    const float *m, ptrdiff_t es, ptrdiff_t tiles, const float *bias, const styleloss_output_rows *out,
    const int what) {
    for (ptrdiff_t tile = 0; tile < tiles; tile++, m += BLOCK) {
        const ptrdiff_t left = out->columns - 4 * tile;
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            const vec b = load(bias + c);
            // The next tile's pixels, which another core may still hold: 99 -> 90 ms of the output
            // transforms of eight pairs of 224 x 224 to relu5_3, both cores. PREFETCHW does nothing
            // where a processor lacks it.
            float *const *const rows = what & RELU ? out->relu : out->conv;
            UNROLL for (int i = 0; i < 4; i++)
                if (what & (RELU | PASS) && rows[i])
                    UNROLL for (int j = 4; j < 8; j++)
                        __builtin_prefetch(rows[i] + (4 * tile + j) * BLOCK + c, 1);
            if (left >= 4)
                output_tile(m + c, es, b, 4, out, 4 * tile, c, what, 0);
            else
                output_tile(m + c, es, b, (int)left, out, 4 * tile, c, ANY, 0);
        }
    }
}

static void target_transform(
    float *m, ptrdiff_t m_element_stride, ptrdiff_t tiles, const float *bias,
    const styleloss_output_rows *out) {
    const ptrdiff_t es = m_element_stride;
    for (ptrdiff_t tile = 0; tile < tiles; tile++, m += BLOCK) {
        const ptrdiff_t left = out->columns - 4 * tile;
        for (ptrdiff_t c = 0; c < BLOCK; c += LANES) {
            const vec b = load(bias + c);
            if (left >= 4)
                output_tile(m + c, es, b, 4, out, 4 * tile, c, CONV | RELU | POOL, m + c);
            else
                output_tile(m + c, es, b, (int)left, out, 4 * tile, c, CONV | RELU | POOL, m + c);
        }
    }
}

static void output_transform(
    const float *m, ptrdiff_t m_element_stride, ptrdiff_t tiles, const float *bias,
    const styleloss_output_rows *out) {
    const int what = (out->conv[0] ? CONV : 0) | (out->relu[0] ? RELU : 0) | (out->pool[0] ? POOL : 0)
        | (out->alive[0] ? ALIVE : 0) | (out->pass[0] ? PASS : 0);
    switch (what) {
#define CASE(what) \
    case what: output_tiles(m, m_element_stride, tiles, bias, out, what); break;
        CASE(RELU)
        CASE(POOL)
        CASE(RELU | POOL)
        CASE(RELU | ALIVE)
        CASE(RELU | POOL | ALIVE)
        CASE(CONV)
        CASE(CONV | PASS)
#undef CASE
        default: output_tiles(m, m_element_stride, tiles, bias, out, ANY);
    }
}

// c[tiles][nr] (+)= a[tiles][64] b[64][nr], one block of 64 k: tiles is a compile-time constant in each
// copy, so that the sums live in registers. Each block is summed by itself and then added to c: a running
// sum of 512 products loses more than the rest of the convolution, and nearly equal images show it.
//
// The next block of U and of V is fetched meanwhile, U by whichever group of tiles comes first. 512 ->
// 512 channels, 56 tiles, two cores of Zen 4: 98 GFLOP/s a core without, 109 with, of a peak of 117.
INLINE void gemm_tiles(
    const int tiles, const int is_first, const float *a, const float *b, const float *next_a,
    const float *next_b, float *c) {
    vec sum[MR][2];
    UNROLL for (int t = 0; t < tiles; t++) sum[t][0] = sum[t][1] = splat(0.0f);
    for (ptrdiff_t k = 0; k < BLOCK; k++) {
        const vec b0 = load(b + k * 2 * LANES), b1 = load(b + k * 2 * LANES + LANES);
        for (int line = 0; line < 2 * LANES; line += 16)
            __builtin_prefetch(next_b + k * 2 * LANES + line);
        __builtin_prefetch(next_a + k * 16);
        UNROLL for (int t = 0; t < tiles; t++) {
            const vec x = splat(a[t * BLOCK + k]);
            sum[t][0] += x * b0;
            sum[t][1] += x * b1;
        }
    }
    UNROLL for (int t = 0; t < tiles; t++)
        for (int j = 0; j < 2; j++) {
            float *to = c + t * BLOCK + j * LANES;
            store(to, is_first ? sum[t][j] : load(to) + sum[t][j]);
        }
}

static void gemm_group(
    ptrdiff_t tiles, int is_first, const float *a, const float *b, const float *next_a,
    const float *next_b, float *c) {
#define CASE(n) \
    case n: \
        if (n <= MR) gemm_tiles(n <= MR ? n : MR, is_first, a, b, next_a, next_b, c); \
        break;
    switch (tiles) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
        CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
#undef CASE
}

// All groups of at most MR tiles pass over a block of U while it is in the first-level cache.
static void gemm(
    ptrdiff_t tiles, ptrdiff_t blocks, const float *a, ptrdiff_t a_block_stride, const float *b,
    float *c) {
    const ptrdiff_t groups = (tiles + MR - 1) / MR;
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const float *next_b = b + BLOCK * 2 * LANES;
        for (ptrdiff_t group = 0; group < groups; group++) {
            const ptrdiff_t first = group * tiles / groups, end = (group + 1) * tiles / groups;
            const float *rows = a + first * BLOCK;
            gemm_group(
                end - first, block == 0, rows, b, rows + a_block_stride, next_b, c + first * BLOCK);
        }
        a += a_block_stride;
        b = next_b;
    }
}

// The rows of G: (1, p, p^2) over the product of p's distances to the other points; (0, 0, 1).
INLINE void transform_kernel_1d(const double g[3], double u[6]) {
    const double a = A, b = B, na = 2 * a * a * (a * a - b * b), nb = 2 * b * b * (b * b - a * a);
    u[0] = g[0] / (a * a * b * b);
    u[1] = (g[0] + a * a * g[2] + a * g[1]) / na;
    u[2] = (g[0] + a * a * g[2] - a * g[1]) / na;
    u[3] = (g[0] + b * b * g[2] + b * g[1]) / nb;
    u[4] = (g[0] + b * b * g[2] - b * g[1]) / nb;
    u[5] = g[2];
}

static void kernel_transform(const float *kernel, ptrdiff_t ic, float *u, ptrdiff_t u_stride) {
    for (ptrdiff_t i = 0; i < ic; i++)
        for (ptrdiff_t o = 0; o < 2 * LANES; o++) {
            const float *g = kernel + (o * ic + i) * 9;
            double w[6][3];
            for (int column = 0; column < 3; column++) {
                const double d[3] = {g[column], g[3 + column], g[6 + column]};
                double t[6];
                transform_kernel_1d(d, t);
                for (int r = 0; r < 6; r++) w[r][column] = t[r];
            }
            for (int r = 0; r < 6; r++) {
                double t[6];
                transform_kernel_1d(w[r], t);
                for (int s = 0; s < 6; s++) u[(6 * r + s) * u_stride + i * 2 * LANES + o] = (float)t[s];
            }
        }
}

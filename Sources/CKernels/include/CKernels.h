// The only code that knows instruction sets. No allocation, no threads, no I/O, no policy: every
// function is a loop over memory that the caller owns. Bodies are written once with vector types
// (the *.inc.h) and compiled once for each instruction set.
//
// Activations are stored in rows of blocks of 64 channels (every VGG width is a multiple of 64):
//     row[block][1 + x][64],  x = -1 ... 4 * tiles,  zero outside the image
// so that a pixel is 256 contiguous bytes, the border of a convolution needs no branch, and the
// k dimension of each product below is read with a stride known to the compiler.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Channels in a block of an activation row.
#define STYLELOSS_BLOCK 64
/// Elements of a 6 x 6 tile of F(4x4, 3x3) in the tile domain.
#define STYLELOSS_ELEMENTS 36

/// Where the output transform writes one tile row: null for a row that is outside the image or that
/// nobody reads. Each pointer stands at the first tile's first column. Bits are eight bytes a pixel,
/// bit c for channel c.
typedef struct {
    /// Before ReLU.
    float *_Nullable conv[4];
    /// After ReLU.
    float *_Nullable relu[4];
    /// After ReLU and the 2 x 2 maximum, rounded down.
    float *_Nullable pool[2];
    /// Set where the value is above zero; relu is written as well then.
    uint8_t *_Nullable alive[4];
    /// Where a bit is not set, conv gets zero; relu and pool are null then.
    const uint8_t *_Nullable pass[4];
    /// Columns of the image from the first tile's first column on.
    ptrdiff_t columns;
} styleloss_output_rows;

/// One row of a pool: rows are input rows 2y - 1, 2y and 2y + 1 of one channel block at column 0, null
/// outside the image; out is row y, `pooled_columns` pixels of [x][64]. What a window has outside of
/// `columns` or of the image counts as nothing; the result is multiplied by `scale`.
typedef void (*styleloss_pool)(
    const float *_Nullable const *_Nonnull rows, ptrdiff_t columns, ptrdiff_t pooled_columns,
    float scale, float *_Nonnull out);

/// What is done to the difference d of two features before it is summed.
typedef enum {
    /// |d|
    STYLELOSS_ABSOLUTE,
    /// d^2
    STYLELOSS_SQUARED,
    /// d^2 / (2 p) where |d| < p, else |d| - p / 2 (Girshick 2015, eq. 3, with p for 1)
    STYLELOSS_SMOOTH_L1,
    /// sqrt(d^2 + p) (Charbonnier et al. 1994)
    STYLELOSS_CHARBONNIER,
} styleloss_pointwise;

/// The statistics of features that are `scalar`s. A row is [x][64] of one channel block.
#define STYLELOSS_STATISTICS(scalar)                                                                    \
    struct {                                                                                            \
        /* Rows and columns of the register block of `gram`; both divide 64. */                         \
        ptrdiff_t gram_mr, gram_nr;                                                                     \
        /* g += sum over `rows` x `width` pixels of a_i b_j: gram_mr channels of a from i0 on, and of   \
           b from j0 on gram_nr (`vectors` is 2) or half as many (1). The sum is in `scalar` within the \
           call and FP64 across calls; g is row-major, ldg apart. */                                    \
        void (*_Nonnull gram)(                                                                          \
            const scalar *_Nonnull const *_Nonnull a, ptrdiff_t i0,                                     \
            const scalar *_Nonnull const *_Nonnull b, ptrdiff_t j0, ptrdiff_t vectors,                  \
            ptrdiff_t rows, ptrdiff_t width, double *_Nonnull g, ptrdiff_t ldg);                        \
        /* Sum of |a - b|, FP64 across every 8 vectors. */                                              \
        double (*_Nonnull absolute_difference)(                                                         \
            const scalar *_Nonnull a, const scalar *_Nonnull b, ptrdiff_t count);                       \
        /* Sum over `width` pixels of w[c] f(a ra[x] - b rb[x]), f as `rule` and `p` say, in FP64; ra,  \
           rb and w, one a channel, are 1 where null. */                                                \
        double (*_Nonnull pair_sum)(                                                                    \
            styleloss_pointwise rule, double p, const scalar *_Nonnull a, const scalar *_Nonnull b,     \
            const double *_Nullable ra, const double *_Nullable rb, const double *_Nullable w,          \
            ptrdiff_t width);                                                                           \
        /* The same of each pixel by itself: pixels[x] += its sum; 0. */                                \
        double (*_Nonnull pair_pixels)(                                                                 \
            styleloss_pointwise rule, double p, const scalar *_Nonnull a, const scalar *_Nonnull b,     \
            const double *_Nullable ra, const double *_Nullable rb, const double *_Nullable w,          \
            ptrdiff_t width, double *_Nonnull pixels);                                                  \
        /* squares[x] += sum of row[x][0...63]^2, in FP64. */                                           \
        void (*_Nonnull pixel_squares)(                                                                 \
            const scalar *_Nonnull row, ptrdiff_t width, double *_Nonnull squares);                     \
        /* sums[0...63] += sum over `width` pixels of row[x][0...63] - origin[0...63], in FP64. */      \
        void (*_Nonnull channel_sums)(                                                                  \
            const scalar *_Nonnull row, const double *_Nonnull origin, ptrdiff_t width,                 \
            double *_Nonnull sums);                                                                     \
        /* The same of squares. */                                                                      \
        void (*_Nonnull channel_squares)(                                                               \
            const scalar *_Nonnull row, const double *_Nonnull origin, ptrdiff_t width,                 \
            double *_Nonnull sums);                                                                     \
        /* The same of products of two images' differences, each from its origin. */                    \
        void (*_Nonnull channel_products)(                                                              \
            const scalar *_Nonnull a, const double *_Nonnull a_origin, const scalar *_Nonnull b,        \
            const double *_Nonnull b_origin, ptrdiff_t width, double *_Nonnull sums);                   \
        /* centred[x][0...63] = row[x][0...63] - shift[0...63] */                                       \
        void (*_Nonnull centre)(                                                                        \
            const scalar *_Nonnull row, const scalar *_Nonnull shift, ptrdiff_t width,                  \
            scalar *_Nonnull centred);                                                                  \
        /* out[x][0...c] = t[x][0...c] + d[x][0...c] / 2 of `channels` of 64, a multiple of 16. */      \
        void (*_Nonnull midpoint)(                                                                      \
            const scalar *_Nonnull t, const scalar *_Nonnull d, ptrdiff_t channels, ptrdiff_t width,    \
            scalar *_Nonnull out);                                                                      \
    }

typedef STYLELOSS_STATISTICS(float) styleloss_statistics_f32;
typedef STYLELOSS_STATISTICS(double) styleloss_statistics_f64;

/// One implementation of every kernel.
typedef struct {
    /// `avx512`, `avx2` or `portable`.
    const char *_Nonnull name;
    /// Rows (tiles) of the register block of `gemm`, which is at its best with a multiple of them.
    ptrdiff_t mr;
    /// Columns (output channels) of the register block of `gemm`: the width of a packed kernel panel.
    ptrdiff_t nr;

    /// U = G g G^T (Lavin & Gray 2015, eq. 8) of nr output channels, computed in FP64 and rounded once.
    /// kernel is (nr, ic, 3, 3) floats; u is [ic][nr] for each of the 36 elements, u_stride apart.
    void (*_Nonnull kernel_transform)(
        const float *_Nonnull kernel, ptrdiff_t ic, float *_Nonnull u, ptrdiff_t u_stride);

    /// V = B^T d B of `tiles` neighbouring tiles of one tile row, for `blocks` channel blocks.
    /// rows[r] stands at column -1 of the first tile; v is [element][block][tile][64].
    void (*_Nonnull input_transform)(
        const float *_Nonnull const *_Nonnull rows, ptrdiff_t row_block_stride, ptrdiff_t blocks,
        ptrdiff_t tiles, float *_Nonnull v, ptrdiff_t v_element_stride, ptrdiff_t v_block_stride);

    /// M = V U for one element: `tiles` x nr, k over blocks x 64. a is [block][tile][64], b is
    /// [ic][nr], c is [tile][64]. The order of the sum does not depend on `tiles`. What follows a and
    /// b in memory is fetched into the cache, as the next element and the next panel.
    void (*_Nonnull gemm)(
        ptrdiff_t tiles, ptrdiff_t blocks, const float *_Nonnull a, ptrdiff_t a_block_stride,
        const float *_Nonnull b, float *_Nonnull c);

    /// Y = A^T M A plus bias, of `tiles` neighbouring tiles and 64 output channels; ReLU, the pool and
    /// bits as `out` asks. m is [element][tile][64].
    void (*_Nonnull output_transform)(
        const float *_Nonnull m, ptrdiff_t m_element_stride, ptrdiff_t tiles,
        const float *_Nonnull bias, const styleloss_output_rows *_Nonnull out);

    /// The same, of a target whose differences follow: the 16 values of each pixel before ReLU take
    /// the place of elements 0 ... 15 of m.
    void (*_Nonnull target_transform)(
        float *_Nonnull m, ptrdiff_t m_element_stride, ptrdiff_t tiles, const float *_Nonnull bias,
        const styleloss_output_rows *_Nonnull out);

    /// d = A^T M A of a difference, without bias; ReLU and the pool are those of target + difference
    /// less those of the target (Difference.inc.h). y is what `target_transform` left of the same
    /// tiles of the target, its elements as far apart as those of m.
    void (*_Nonnull difference_transform)(
        const float *_Nonnull m, ptrdiff_t m_element_stride, ptrdiff_t tiles,
        const float *_Nonnull y, const styleloss_output_rows *_Nonnull out);

    /// d = max(t + d, 0) - max(t, 0) of `count` values, a multiple of 64.
    void (*_Nonnull relu_difference)(const float *_Nonnull t, float *_Nonnull d, ptrdiff_t count);

    /// conv1_1, direct: rows are three interleaved RGB rows standing at column -1; kernel is
    /// [row][column][channel][64]; conv or relu may be null.
    void (*_Nonnull first_layer)(
        const float *_Nonnull const *_Nonnull rows, const float *_Nonnull kernel,
        const float *_Nonnull bias, ptrdiff_t width, float *_Nullable conv, float *_Nullable relu);

    /// The largest, the mean, the root of the sum of squares of 2 x 2; the root of the squares' weighted
    /// mean of 3 x 3, weights (1, 2, 1) / 4 each way, zeros outside, plus 1e-12.
    styleloss_pool _Nonnull pool_max, pool_average, pool_l2, pool_l2_hann;

    /// Which outputs of a row pass a gradient: bit c of the eight bytes of a pixel is set where channel
    /// c is above zero after the ReLU.
    void (*_Nonnull alive_bits)(
        const float *_Nonnull row, ptrdiff_t columns, uint8_t *_Nonnull bits);

    /// Which pixels of 2 x 2 windows are equal in all channels: first[4 x + p] is the first pixel of
    /// window x, in row-major order, no channel of which differs from that of pixel p by more than
    /// `tolerance`. Two rows of all channel blocks, the second null outside the image.
    void (*_Nonnull equal_pixels)(
        const float *_Nullable const *_Nonnull rows, ptrdiff_t block_stride, ptrdiff_t blocks,
        ptrdiff_t columns, ptrdiff_t pooled_columns, float tolerance, uint8_t *_Nonnull first);

    /// The same as `alive_bits` of two rows under a 2 x 2 maximum: one bit a window, of the first of
    /// its largest pixels, or of the one that is its equal and comes `first`, and only if it is above
    /// zero.
    void (*_Nonnull maximum_bits)(
        const float *_Nullable const *_Nonnull rows, ptrdiff_t columns, ptrdiff_t pooled_columns,
        const uint8_t *_Nonnull first, uint8_t *_Nullable const *_Nonnull bits);

    /// out = d, or out += d, where the bit is set; zero, or nothing, elsewhere.
    void (*_Nonnull pass)(
        const float *_Nonnull d, const uint8_t *_Nonnull bits, ptrdiff_t columns,
        float *_Nonnull out);
    void (*_Nonnull add_passed)(
        const float *_Nonnull d, const uint8_t *_Nonnull bits, ptrdiff_t columns,
        float *_Nonnull out);

    /// out[x] = factor d[x / 2] where the bit is set and there is such a window, else zero;
    /// `edge_factor` for a window that has only one column inside.
    void (*_Nonnull pass_pooled)(
        const float *_Nonnull d, const uint8_t *_Nonnull bits, ptrdiff_t columns,
        ptrdiff_t pooled_columns, float factor, float edge_factor, float *_Nonnull out);

    /// out += a.
    void (*_Nonnull add)(const float *_Nonnull a, ptrdiff_t count, float *_Nonnull out);

    /// out[x][c] += a[c] (row[x][c] - centre[c]) + b[c].
    void (*_Nonnull add_affine)(
        const float *_Nonnull row, const float *_Nonnull centre, const float *_Nonnull a,
        const float *_Nonnull b, ptrdiff_t width, float *_Nonnull out);

    /// out += factor g'(scale (f - t)), g being the rule; count is a multiple of 64.
    void (*_Nonnull add_pointwise_slopes)(
        styleloss_pointwise rule, float parameter, float factor, float scale,
        const float *_Nonnull f, const float *_Nonnull t, ptrdiff_t count, float *_Nonnull out);

    /// Bit c of a pixel's eight bytes is set where channel c of f is above that of t, or below it.
    void (*_Nonnull difference_signs)(
        const float *_Nonnull f, const float *_Nonnull t, ptrdiff_t columns,
        uint8_t *_Nonnull above, uint8_t *_Nonnull below);

    /// out += factor where the bit of `above` is set, and -= factor where that of `below` is: bit for
    /// bit `add_pointwise_slopes` of absolute values.
    void (*_Nonnull add_signs)(
        const uint8_t *_Nonnull above, const uint8_t *_Nonnull below, ptrdiff_t columns,
        float factor, float *_Nonnull out);

    /// `add_pointwise_slopes` of features at unit length, u = r f with r a factor of the pixel that depends on the
    /// squares of its f, in two passes over all channel blocks. First dots[x] += sum of v a, v being
    /// w[c] g'(ra[x] a - rb[x] b), w one a channel or null for 1; then out += factor (ra[x] v - k[x] a), k[x] being what follows from
    /// dots[x] for the change of ra[x].
    void (*_Nonnull unit_dots)(
        styleloss_pointwise rule, double parameter, const float *_Nonnull a,
        const float *_Nonnull b, const double *_Nonnull ra, const double *_Nonnull rb,
        const double *_Nullable w, ptrdiff_t width, double *_Nonnull dots);
    void (*_Nonnull add_unit_slopes)(
        styleloss_pointwise rule, double parameter, double factor, const float *_Nonnull a,
        const float *_Nonnull b, const double *_Nonnull ra, const double *_Nonnull rb,
        const double *_Nonnull k, const double *_Nullable w, ptrdiff_t width, float *_Nonnull out);

    /// share = d / y of `count` values, a multiple of 64; 0 where y is 0.
    void (*_Nonnull root_shares)(
        const float *_Nonnull d, const float *_Nonnull y, ptrdiff_t count, float *_Nonnull share);

    /// out[x] += factor row[x] times the shares of the windows that column x is in: of 2 x 2, or of
    /// `pool_l2_hann` with the weight of the column.
    void (*_Nonnull add_root_pooled)(
        const float *_Nonnull row, const float *_Nonnull share, ptrdiff_t columns,
        ptrdiff_t pooled_columns, int is_hann, float factor, float *_Nonnull out);

    /// Sum of squares, FP64 across every 8 vectors.
    double (*_Nonnull sum_of_squares)(const float *_Nonnull row, ptrdiff_t count);

    /// conv1_1's gradient at its input: rows are three rows of its output's gradient, [x][64],
    /// standing at column -1; kernel is [row][column][channel][64], turned by 180 degrees; out is
    /// [x][3].
    void (*_Nonnull first_layer_gradient)(
        const float *_Nonnull const *_Nonnull rows, const float *_Nonnull kernel, ptrdiff_t width,
        float *_Nonnull out);

    /// The statistics of features in single and in double precision.
    styleloss_statistics_f32 f32;
    styleloss_statistics_f64 f64;
} styleloss_kernels;

/// Null where this processor, or the operating system on it, lacks the instruction set.
const styleloss_kernels *_Nullable styleloss_kernels_avx512(void);
const styleloss_kernels *_Nullable styleloss_kernels_avx2(void);
const styleloss_kernels *_Nonnull styleloss_kernels_portable(void);

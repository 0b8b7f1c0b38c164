// The bodies, compiled once by each instruction set's file, which defines LANES, MR, PIXELS, GRAM_MR,
// NAME and the target attribute around this inclusion. Everything has local linkage.
#include "CKernels.h"

#define BLOCK STYLELOSS_BLOCK
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vec __attribute__((ext_vector_type(LANES), aligned(4)));
typedef double wide __attribute__((ext_vector_type(LANES), aligned(8)));

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec x) { *(vec *)p = x; }
INLINE vec splat(float x) { return (vec)x; }
INLINE vec vmax(vec a, vec b) { return a > b ? a : b; }

#include "Backward.inc.h"
#include "Slopes.inc.h"
#include "Direct.inc.h"
#include "Pools.inc.h"

#define WIDEN(x) __builtin_convertvector(x, OF(sums))
#define SCALAR float
#define WIDTH LANES
#define OF(name) name##_f32
#include "Statistics.inc.h"
#undef SCALAR
#undef WIDTH
#undef OF

// Half as many lanes, so that the same register blocks fit.
#define SCALAR double
#define WIDTH (LANES / 2)
#define OF(name) name##_f64
#include "Statistics.inc.h"

#include "Winograd.inc.h"
#include "Difference.inc.h"

#define STATISTICS(type, width)                                                                          \
    {                                                                                                    \
        .gram_mr = GRAM_MR, .gram_nr = 2 * (width), .gram = gram_##type,                                 \
        .absolute_difference = absolute_difference_##type, .pair_sum = pair_sum_##type,                  \
        .pair_pixels = pair_pixels_##type,                                                               \
        .pixel_squares = pixel_squares_##type, .channel_sums = channel_sums_##type,                      \
        .channel_squares = channel_squares_##type, .channel_products = channel_products_##type,          \
        .centre = centre_##type,                                                                         \
        .midpoint = midpoint_##type,                                                                     \
    }

static const styleloss_kernels table = {
    .name = NAME,
    .mr = MR,
    .nr = 2 * LANES,
    .kernel_transform = kernel_transform,
    .input_transform = input_transform,
    .gemm = gemm,
    .output_transform = output_transform,
    .target_transform = target_transform,
    .difference_transform = difference_transform,
    .relu_difference = relu_difference_row,
    .first_layer = first_layer,
    .pool_max = pool_max,
    .pool_average = pool_average,
    .pool_l2 = pool_l2,
    .pool_l2_hann = pool_l2_hann,
    .alive_bits = alive_bits,
    .equal_pixels = equal_pixels,
    .maximum_bits = maximum_bits,
    .pass = pass,
    .add_passed = add_passed,
    .pass_pooled = pass_pooled,
    .add = add,
    .add_affine = add_affine,
    .add_pointwise_slopes = add_pointwise_slopes,
    .difference_signs = difference_signs,
    .add_signs = add_signs,
    .unit_dots = unit_dots,
    .add_unit_slopes = add_unit_slopes,
    .root_shares = root_shares,
    .add_root_pooled = add_root_pooled,
    .sum_of_squares = sum_of_squares,
    .first_layer_gradient = first_layer_gradient,
    .f32 = STATISTICS(f32, LANES),
    .f64 = STATISTICS(f64, LANES / 2),
};

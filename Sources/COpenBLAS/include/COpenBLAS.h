// The one product of OpenBLAS that is used, behind a library opened at run time.
//
// OpenBLAS chooses its kernels once, while it loads, by a list of processors that it knew when it was
// built, and starts a thread a core. Linked, it would do both before main(); opened here, it is told
// which kernels to take and to keep to the caller's thread.
#pragma once

/// Opens libopenblas.so.0. `core` becomes OPENBLAS_CORETYPE unless the environment sets it already.
/// Returns 0, or -1 where the library or a function is missing. Call it once.
int styleloss_openblas_open(const char *_Nullable core);

/// The kernels that OpenBLAS chose, such as `SkylakeX`.
const char *_Nonnull styleloss_openblas_core(void);

/// The upper triangle of C = A A^T, C being n x n and row-major. A is n x k (ld: k), or k x n (ld: n)
/// when `transposed`. Only after styleloss_openblas_open returned 0.
void styleloss_openblas_dsyrk(
    int transposed, int n, int k, const double *_Nonnull a, double *_Nonnull c);

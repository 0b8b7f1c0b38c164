#include "COpenBLAS.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>

static __typeof__(&cblas_dsyrk) dsyrk;
static __typeof__(&openblas_get_corename) core_name;

int styleloss_openblas_open(const char *core) {
    if (core) setenv("OPENBLAS_CORETYPE", core, 0);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return -1;
    dsyrk = (__typeof__(dsyrk))dlsym(library, "cblas_dsyrk");
    core_name = (__typeof__(core_name))dlsym(library, "openblas_get_corename");
    return dsyrk && core_name ? 0 : -1;
}

const char *styleloss_openblas_core(void) { return core_name(); }

void styleloss_openblas_dsyrk(int transposed, int n, int k, const double *a, double *c) {
    dsyrk(
        CblasRowMajor, CblasUpper, transposed ? CblasTrans : CblasNoTrans, n, k, 1, a,
        transposed ? n : k, 0, c, n);
}

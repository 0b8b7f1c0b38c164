#include "CMalloc.h"

#include <malloc.h>

void styleloss_malloc_configure(int mapped_bytes, int trim_bytes, int arenas) {
    mallopt(M_MMAP_THRESHOLD, mapped_bytes);
    mallopt(M_TRIM_THRESHOLD, trim_bytes);
    mallopt(M_ARENA_MAX, arenas);
}

void styleloss_malloc_trim(void) { malloc_trim(0); }

// Files compiled into the binary, so that one file is the whole service and nothing is looked up
// by path when it starts. Pages are mapped on demand: an untouched weight costs no memory.
#pragma once
#include <stddef.h>

extern const unsigned char styleloss_weights[];
extern const size_t styleloss_weights_count;

extern const unsigned char styleloss_openapi[];
extern const size_t styleloss_openapi_count;

// Swift imports no array of unknown length, only pointers.
static inline const void *_Nonnull styleloss_weights_bytes(void) { return styleloss_weights; }
static inline const void *_Nonnull styleloss_openapi_bytes(void) { return styleloss_openapi; }

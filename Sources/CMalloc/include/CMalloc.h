// What glibc's allocator is told and asked: <malloc.h> is not part of Swift's Glibc.
#pragma once

#include <stddef.h>

/// Blocks of at least `mapped_bytes` get pages of their own and give them back when freed; free
/// memory at the end of a heap beyond `trim_bytes` goes back at once; there are at most `arenas`
/// heaps. Called before there are threads.
void styleloss_malloc_configure(int mapped_bytes, int trim_bytes, int arenas);

/// Gives back whole free pages of all heaps.
void styleloss_malloc_trim(void);

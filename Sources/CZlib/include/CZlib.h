// What is used of zlib, behind functions that Swift can call: zlib's own stream struct holds
// pointers into the caller's memory between calls.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) : uint8_t {
    CZlibStatusProgress,          // bytes were taken or given; call again
    CZlibStatusStalled,           // nothing more comes of this input
    CZlibStatusEnded,             // the stream is whole and its checksum right
    CZlibStatusDamaged,
    CZlibStatusOutOfMemory,
} CZlibStatus;

typedef struct CZlibInflater CZlibInflater;

// An inflater of one gzip member (RFC 1952) or one zlib stream (RFC 1950); NULL when memory is out.
CZlibInflater *_Nullable czlib_create(bool is_gzip);

void czlib_destroy(CZlibInflater *_Nonnull inflater);

// Inflates from `in` to `out`; says how much of each was used. Not to be called again after Ended
// or Damaged.
CZlibStatus czlib_inflate(CZlibInflater *_Nonnull inflater, const uint8_t *_Nonnull in,
                          size_t in_count, size_t *_Nonnull in_used, uint8_t *_Nonnull out,
                          size_t out_count, size_t *_Nonnull out_used);

// The CRC-32 of PNG's annex D and RFC 1952 over more bytes; 0 begins one.
uint32_t czlib_crc32(uint32_t crc, const uint8_t *_Nonnull bytes, size_t count);

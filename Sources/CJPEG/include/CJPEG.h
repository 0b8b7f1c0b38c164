// JPEG rows behind a few C functions. libjpeg reports errors with longjmp, which must never cross
// Swift frames, so every call comes back as a status.
//
// libjpeg fills in what is missing or damaged and only warns of it. A warning that leaves a sample
// undefined is an error here: nobody should be told the loss of an image that was made up in part.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) : uint8_t {
    CJPEGStatusIncomplete,  // call cjpeg_step again
    CJPEGStatusComplete,    // every sample is there, and the file has its end
    CJPEGStatusTruncated,   // the bytes end before the image does
    CJPEGStatusDamaged,     // libjpeg refused, or would have made something up; see cjpeg_reason
    CJPEGStatusOutOfMemory, // the system does not give libjpeg its memory
} CJPEGStatus;

// What is odd about a Complete file without leaving a sample undefined: a set of bits.
enum {
    CJPEGOddityBytesBeforeImage = 1,  // bytes between segments that belong to none of them
    CJPEGOddityScanParameters = 2,    // a sequential scan with parameters of a progressive one
};

// What the caller read from the frame header, and the buffer it made from it.
typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t channels;          // 1 (gray) or 3 (RGB)
    uint8_t *_Nonnull samples;  // height * width * channels bytes, interleaved
} CJPEGTarget;

typedef struct CJPEGDecoder CJPEGDecoder;

// A decoder of a whole file into `target`; both and the bytes must outlive it. NULL when memory is
// out. Inverse DCT in integers of 13 bits (JDCT_ISLOW), chroma upsampled by triangles ("fancy"):
// libjpeg's defaults, which Pillow and most others take. No ICC.
CJPEGDecoder *_Nullable cjpeg_create(CJPEGTarget target, const uint8_t *_Nonnull bytes, size_t count);

void cjpeg_destroy(CJPEGDecoder *_Nonnull decoder);

// Does the next piece of work, a row of blocks at most: so that the caller may look at the clock.
CJPEGStatus cjpeg_step(CJPEGDecoder *_Nonnull decoder);

// CJPEGOddity bits, of a Complete decoder.
unsigned cjpeg_oddities(const CJPEGDecoder *_Nonnull decoder);

// NUL-terminated printable ASCII; empty unless a status said Damaged.
const char *_Nonnull cjpeg_reason(const CJPEGDecoder *_Nonnull decoder);

// The most scans of a file that is read. Each costs a pass over the image however few bytes it has;
// encoders write about ten.
extern const int cjpeg_scans_max;

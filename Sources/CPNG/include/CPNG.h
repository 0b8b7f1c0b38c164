// PNG rows, read and written, behind a few C functions. libpng reports errors with longjmp, which must never cross
// Swift frames, so every call comes back as a status. libpng is given IHDR, the palette of a
// palette image and the image data, all checked by the caller, and so never sees another chunk.
//
// libpng's classic API is used on purpose: the simplified one (png_image_*) applies the file's
// gamma and composes alpha, and so changes the stored samples. And its progressive reader: the
// other one, having read the last row, inflates whatever follows it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) : uint8_t {
    CPNGStatusIncomplete,         // rows are missing so far
    CPNGStatusComplete,           // every sample is there
    CPNGStatusDamaged,            // libpng refused; `cpng_reason` has its words
    CPNGStatusPaletteIndex,       // a pixel names a palette entry that does not exist
    CPNGStatusOutOfMemory,        // the system does not give libpng its memory
} CPNGStatus;

// What the caller read from IHDR, and the buffer it made from it.
typedef struct {
    uint32_t width;
    uint32_t height;
    // height * row_bytes bytes. A row is `width` pixels of one (gray) or three (RGB) samples, each
    // one byte, or two in host order when the file's depth is 16.
    uint8_t *_Nonnull samples;
    size_t row_bytes;
} CPNGTarget;

typedef struct CPNGDecoder CPNGDecoder;

// A decoder into `target`, which must outlive it; NULL when memory is out. Gray of 1, 2 and 4 bits
// is scaled to 8, a palette becomes RGB, alpha is dropped. No gamma, no ICC.
CPNGDecoder *_Nullable cpng_create(CPNGTarget target);

void cpng_destroy(CPNGDecoder *_Nonnull decoder);

// Takes the next bytes of the file: signature and IHDR, PLTE where the image has a palette, IDAT.
// CRCs are not looked at. Nothing more is read once a status says Damaged.
CPNGStatus cpng_feed(CPNGDecoder *_Nonnull decoder, const uint8_t *_Nonnull bytes, size_t count);

// Ends the file: the samples are meaningful only when the status is Complete and, of a palette image,
// every pixel is expanded.
CPNGStatus cpng_finish(CPNGDecoder *_Nonnull decoder);

// Whether the pixels are indices of a palette so far, which are to be expanded once the file has ended.
bool cpng_has_indices(const CPNGDecoder *_Nonnull decoder);

// Makes samples of the indices of the next `count` pixels, as many as there are in all: Incomplete while
// more are left, Complete after the last, PaletteIndex.
CPNGStatus cpng_expand(CPNGDecoder *_Nonnull decoder, size_t count);

// Whether the compressed data did not end where the rows did: something followed, the end was
// missing, or its Adler-32 was wrong. Of a Complete decoder, after `cpng_finish`.
bool cpng_has_odd_end(const CPNGDecoder *_Nonnull decoder);

// The most bytes of an RGB image of 8 bits as a PNG.
size_t cpng_encoded_bytes_max(uint32_t width, uint32_t height);

typedef struct CPNGEncoder CPNGEncoder;

// An encoder of an RGB image of 8 bits into `bytes`, as many as the above, which outlive it; NULL when
// memory is out.
CPNGEncoder *_Nullable cpng_encoder_create(
    uint32_t width, uint32_t height, uint8_t *_Nonnull bytes, size_t count);

void cpng_encoder_destroy(CPNGEncoder *_Nonnull encoder);

// Takes the next row, width x 3 samples; false when memory is out.
bool cpng_encode_row(CPNGEncoder *_Nonnull encoder, const uint8_t *_Nonnull row);

// Ends the file after its last row and returns its size; 0 when memory is out.
size_t cpng_encoder_finish(CPNGEncoder *_Nonnull encoder);

// NUL-terminated printable ASCII; empty unless a status said Damaged.
const char *_Nonnull cpng_reason(const CPNGDecoder *_Nonnull decoder);

// PNG decoding behind one C function. libpng reports errors with longjmp, which must never cross
// Swift frames, so the whole decode runs here and comes back as a status.
//
// libpng's classic API is used on purpose: the simplified one (png_image_*) applies the file's
// gamma and composes alpha, and so changes the stored samples.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) : uint8_t {
    CPNGStatusDecoded,
    CPNGStatusTruncated,          // the bytes end before IEND
    CPNGStatusDamaged,            // libpng refused; `reason` has its words
    CPNGStatusPaletteIndex,       // a pixel names a palette entry that does not exist
    CPNGStatusOutOfMemory,
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

// Decodes a whole PNG file into `target`. Gray of 1, 2 and 4 bits is scaled to 8, a palette becomes
// RGB, alpha and tRNS are dropped; `had_transparency` says whether there was any. No gamma, no ICC.
// A CRC error in a critical chunk, a wrong Adler-32, missing rows and surplus image data are
// refused.
// `reason` receives a NUL-terminated ASCII text when the status is Damaged. The samples are
// meaningful only when the status is Decoded.
CPNGStatus cpng_decode(const uint8_t *_Nonnull bytes, size_t byte_count, CPNGTarget target,
                       bool *_Nonnull had_transparency, char *_Nonnull reason,
                       size_t reason_capacity);

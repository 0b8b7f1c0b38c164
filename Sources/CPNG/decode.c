#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

// Nothing is kept of ancillary chunks (see skip_ancillary_chunks), so these only bound libpng's own
// book-keeping: libpng's default for the largest chunk, and next to nothing for the count.
enum { chunk_bytes_max = 8000000, chunk_cache_max = 16 };

typedef struct {
    const uint8_t *next;
    size_t left;
    CPNGStatus failure;
    char *reason;
    size_t reason_capacity;
} Decode;

static void fail(png_structp png, png_const_charp message) {
    Decode *decode = png_get_error_ptr(png);
    size_t count = 0;
    for (; message[count] != 0 && count + 1 < decode->reason_capacity; count++) {
        char c = message[count];
        decode->reason[count] = c >= ' ' && c <= '~' ? c : '?';
    }
    decode->reason[count] = 0;
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
    Decode *decode = png_get_io_ptr(png);
    if (count > decode->left) {
        decode->failure = CPNGStatusTruncated;
        png_error(png, "end of file");
    }
    memcpy(to, decode->next, count);
    decode->next += count;
    decode->left -= count;
}

// With a count of -1 libpng skips every chunk but IHDR, PLTE, tRNS, IDAT and IEND without storing
// or inflating it, so zTXt, iTXt and iCCP bombs cost nothing.
static void skip_ancillary_chunks(png_structp png) {
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_chunk_cache_max(png, chunk_cache_max);
    png_set_chunk_malloc_max(png, chunk_bytes_max);
}

static void set_transformations(png_structp png, int color_type, int bit_depth) {
    if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_packing(png);
    if (color_type == PNG_COLOR_TYPE_GRAY && bit_depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (color_type & PNG_COLOR_MASK_ALPHA) png_set_strip_alpha(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (bit_depth == 16) png_set_swap(png);
#endif
}

static void read_rows(png_structp png, int passes, uint8_t *rows, size_t row_bytes,
                      uint32_t height) {
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < height; y++) png_read_row(png, rows + y * row_bytes, NULL);
    }
}

// `samples` is 3 * count bytes whose last `count` are indices. Going forward, pixel i is written at
// 3i...3i+2 and its index read at 2 * count + i, which no earlier write has reached.
static bool expand_palette(uint8_t *samples, size_t count, const png_color *palette, int entries) {
    const uint8_t *indices = samples + 2 * count;
    for (size_t i = 0; i < count; i++) {
        int index = indices[i];
        if (index >= entries) return false;
        png_color color = palette[index];
        samples[3 * i] = color.red;
        samples[3 * i + 1] = color.green;
        samples[3 * i + 2] = color.blue;
    }
    return true;
}

// Runs under decode_guarded's setjmp; every libpng failure leaves through it.
static CPNGStatus decode_image(png_structp png, png_infop info, Decode *decode, CPNGTarget target,
                               bool *had_transparency) {
    png_set_read_fn(png, decode, read_bytes);
    png_set_user_limits(png, target.width, target.height);
    png_set_benign_errors(png, 0);
    png_set_check_for_invalid_index(png, 0);  // expand_palette checks
    skip_ancillary_chunks(png);
    png_read_info(png, info);

    int color_type = png_get_color_type(png, info);
    bool is_palette = color_type == PNG_COLOR_TYPE_PALETTE;
    set_transformations(png, color_type, png_get_bit_depth(png, info));
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    size_t row_bytes = is_palette ? target.width : target.row_bytes;
    bool is_expected = png_get_image_width(png, info) == target.width &&
                       png_get_image_height(png, info) == target.height &&
                       png_get_rowbytes(png, info) == row_bytes &&
                       (!is_palette || target.row_bytes == 3 * row_bytes);
    if (!is_expected) png_error(png, "unexpected row size");

    size_t pixels = (size_t)target.width * target.height;
    uint8_t *rows = target.samples + (is_palette ? 2 * pixels : 0);
    read_rows(png, passes, rows, row_bytes, target.height);
    png_read_end(png, NULL);

    *had_transparency =
        (color_type & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (!is_palette) return CPNGStatusDecoded;

    png_colorp palette = NULL;
    int entries = 0;
    png_get_PLTE(png, info, &palette, &entries);
    return expand_palette(target.samples, pixels, palette, entries) ? CPNGStatusDecoded
                                                                    : CPNGStatusPaletteIndex;
}

// No local of this function changes between setjmp and longjmp (C11 7.13.2.1p3): `decode` belongs
// to the caller, and `status` is assigned after either.
static CPNGStatus decode_guarded(Decode *decode, CPNGTarget target, bool *had_transparency) {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decode, fail, ignore_warning);
    if (png == NULL) return CPNGStatusOutOfMemory;
    png_infop info = png_create_info_struct(png);
    if (info == NULL) {
        png_destroy_read_struct(&png, NULL, NULL);
        return CPNGStatusOutOfMemory;
    }
    CPNGStatus status;
    if (setjmp(png_jmpbuf(png)) == 0) {
        status = decode_image(png, info, decode, target, had_transparency);
    } else {
        status = decode->failure;
    }
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}

CPNGStatus cpng_decode(const uint8_t *bytes, size_t byte_count, CPNGTarget target,
                       bool *had_transparency, char *reason, size_t reason_capacity) {
    Decode decode = {bytes, byte_count, CPNGStatusDamaged, reason, reason_capacity};
    *had_transparency = false;
    reason[0] = 0;
    return decode_guarded(&decode, target, had_transparency);
}

#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

struct CPNGDecoder {
    png_structp png;
    png_infop info;
    CPNGTarget target;
    uint8_t *rows;  // where libpng's rows go: the samples, or the indices of a palette image
    size_t row_bytes;
    bool is_palette;
    size_t expanded;  // pixels of a palette image that are samples already
    bool has_failed;
    bool is_out_of_memory;
    bool has_odd_end;
    char reason[80];
};

static bool is_complete(const CPNGDecoder *decoder) {
    if (png_get_interlace_type(decoder->png, decoder->info) != PNG_INTERLACE_NONE)
        return png_get_current_pass_number(decoder->png) >= PNG_INTERLACE_ADAM7_PASSES;
    return png_get_current_row_number(decoder->png) >= decoder->target.height;
}

static CPNGStatus status(const CPNGDecoder *decoder) {
    if (is_complete(decoder)) return CPNGStatusComplete;
    if (decoder->is_out_of_memory) return CPNGStatusOutOfMemory;
    return decoder->has_failed ? CPNGStatusDamaged : CPNGStatusIncomplete;
}

static void fail(png_structp png, png_const_charp message) {
    CPNGDecoder *decoder = png_get_error_ptr(png);
    size_t count = 0;
    for (; message[count] != 0 && count + 1 < sizeof decoder->reason; count++) {
        char c = message[count];
        decoder->reason[count] = c >= ' ' && c <= '~' ? c : '?';
    }
    decoder->reason[count] = 0;
    png_longjmp(png, 1);
}

// libpng warns of what follows the last row, and of nothing else that it is given here.
static void warn(png_structp png, png_const_charp message) {
    (void)message;
    CPNGDecoder *decoder = png_get_error_ptr(png);
    if (is_complete(decoder)) decoder->has_odd_end = true;
}

static png_voidp allocate(png_structp png, png_alloc_size_t size) {
    CPNGDecoder *decoder = png_get_mem_ptr(png);
    void *memory = malloc(size);
    if (memory == NULL) decoder->is_out_of_memory = true;
    return memory;
}

static void release(png_structp png, png_voidp memory) {
    (void)png;
    free(memory);
}

static void set_transformations(png_structp png, int color_type, int bit_depth) {
    if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_packing(png);
    if (color_type == PNG_COLOR_TYPE_GRAY && bit_depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (color_type & PNG_COLOR_MASK_ALPHA) png_set_strip_alpha(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (bit_depth == 16) png_set_swap(png);
#endif
}

static void did_read_info(png_structp png, png_infop info) {
    CPNGDecoder *decoder = png_get_progressive_ptr(png);
    int color_type = png_get_color_type(png, info);
    set_transformations(png, color_type, png_get_bit_depth(png, info));
    png_set_interlace_handling(png);
    png_read_update_info(png, info);

    CPNGTarget target = decoder->target;
    decoder->is_palette = color_type == PNG_COLOR_TYPE_PALETTE;
    decoder->row_bytes = decoder->is_palette ? target.width : target.row_bytes;
    decoder->rows = target.samples;
    // Three bytes a pixel will be made of one: indices wait in the last third, see cpng_expand.
    if (decoder->is_palette) decoder->rows += 2 * (size_t)target.width * target.height;
    bool is_expected = png_get_image_width(png, info) == target.width &&
                       png_get_image_height(png, info) == target.height &&
                       png_get_rowbytes(png, info) == decoder->row_bytes &&
                       (!decoder->is_palette || target.row_bytes == 3 * decoder->row_bytes);
    if (!is_expected) png_error(png, "unexpected row size");
}

static void did_read_row(png_structp png, png_bytep row, png_uint_32 y, int pass) {
    (void)pass;
    CPNGDecoder *decoder = png_get_progressive_ptr(png);
    if (row == NULL || y >= decoder->target.height) return;
    png_progressive_combine_row(png, decoder->rows + y * decoder->row_bytes, row);
}

CPNGDecoder *cpng_create(CPNGTarget target) {
    CPNGDecoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) return NULL;
    decoder->target = target;
    decoder->png = png_create_read_struct_2(
        PNG_LIBPNG_VER_STRING, decoder, fail, warn, decoder, allocate, release);
    if (decoder->png != NULL) decoder->info = png_create_info_struct(decoder->png);
    if (decoder->info == NULL) {
        cpng_destroy(decoder);
        return NULL;
    }
    png_set_progressive_read_fn(decoder->png, decoder, did_read_info, did_read_row, NULL);
    png_set_user_limits(decoder->png, target.width, target.height);
    png_set_benign_errors(decoder->png, 0);
    png_set_check_for_invalid_index(decoder->png, 0);  // cpng_expand checks
    png_set_crc_action(decoder->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    // Some writers declare a smaller window than they use; readers use the largest for all.
    png_set_option(decoder->png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
    return decoder;
}

void cpng_destroy(CPNGDecoder *decoder) {
    png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
    free(decoder);
}

// No local changes between setjmp and longjmp (C11 7.13.2.1p3).
CPNGStatus cpng_feed(CPNGDecoder *decoder, const uint8_t *bytes, size_t count) {
    if (decoder->has_failed) return status(decoder);
    if (setjmp(png_jmpbuf(decoder->png)) == 0) {
        png_process_data(decoder->png, decoder->info, (png_bytep)bytes, count);
    } else {
        decoder->has_failed = true;
        // With every row there, what failed is the end of the compressed data.
        decoder->has_odd_end = is_complete(decoder);
    }
    return status(decoder);
}

CPNGStatus cpng_finish(CPNGDecoder *decoder) {
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    CPNGStatus status = cpng_feed(decoder, end, sizeof end);
    return status == CPNGStatusIncomplete ? CPNGStatusDamaged : status;
}

bool cpng_has_indices(const CPNGDecoder *decoder) {
    CPNGTarget target = decoder->target;
    return decoder->is_palette && decoder->expanded < (size_t)target.width * target.height;
}

// The samples are three bytes a pixel, whose last third are the indices. Going forward, pixel i is
// written at 3i...3i+2 and its index read at 2 * pixels + i, which no earlier write has reached.
CPNGStatus cpng_expand(CPNGDecoder *decoder, size_t count) {
    uint8_t *samples = decoder->target.samples;
    size_t pixels = (size_t)decoder->target.width * decoder->target.height;
    const uint8_t *indices = samples + 2 * pixels;
    png_colorp palette = NULL;
    int entries = 0;
    png_get_PLTE(decoder->png, decoder->info, &palette, &entries);

    for (; count > 0 && decoder->expanded < pixels; count--, decoder->expanded++) {
        size_t i = decoder->expanded;
        int index = indices[i];
        if (index >= entries) return CPNGStatusPaletteIndex;
        png_color color = palette[index];
        samples[3 * i] = color.red;
        samples[3 * i + 1] = color.green;
        samples[3 * i + 2] = color.blue;
    }
    return decoder->expanded < pixels ? CPNGStatusIncomplete : CPNGStatusComplete;
}

bool cpng_has_odd_end(const CPNGDecoder *decoder) { return decoder->has_odd_end; }

const char *cpng_reason(const CPNGDecoder *decoder) { return decoder->reason; }

#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct CPNGEncoder {
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    bool has_failed;
};

static void fail(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}

static void say_nothing(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void append(png_structp png, png_bytep bytes, size_t count) {
    CPNGEncoder *encoder = png_get_io_ptr(png);
    if (count > encoder->capacity - encoder->count) png_error(png, "no room");
    memcpy(encoder->bytes + encoder->count, bytes, count);
    encoder->count += count;
}

static void flush(png_structp png) { (void)png; }

size_t cpng_encoded_bytes_max(uint32_t width, uint32_t height) {
    const png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

// No local changes between setjmp and longjmp (C11 7.13.2.1p3).
static void begin(CPNGEncoder *encoder, uint32_t width, uint32_t height) {
    if (setjmp(png_jmpbuf(encoder->png)) != 0) {
        encoder->has_failed = true;
        return;
    }
    png_set_write_fn(encoder->png, encoder, append, flush);
    png_set_user_limits(encoder->png, width, height);
    png_set_IHDR(
        encoder->png, encoder->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(encoder->png, encoder->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(encoder->png, encoder->info);
}

CPNGEncoder *cpng_encoder_create(
    uint32_t width, uint32_t height, uint8_t *bytes, size_t count) {
    CPNGEncoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) return NULL;
    encoder->bytes = bytes;
    encoder->capacity = count;
    encoder->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, encoder, fail, say_nothing);
    if (encoder->png != NULL) encoder->info = png_create_info_struct(encoder->png);
    if (encoder->info != NULL) begin(encoder, width, height);
    if (encoder->info == NULL || encoder->has_failed) {
        cpng_encoder_destroy(encoder);
        return NULL;
    }
    return encoder;
}

void cpng_encoder_destroy(CPNGEncoder *encoder) {
    png_destroy_write_struct(&encoder->png, &encoder->info);
    free(encoder);
}

bool cpng_encode_row(CPNGEncoder *encoder, const uint8_t *row) {
    if (encoder->has_failed) return false;
    if (setjmp(png_jmpbuf(encoder->png)) == 0)
        png_write_row(encoder->png, row);
    else
        encoder->has_failed = true;
    return !encoder->has_failed;
}

size_t cpng_encoder_finish(CPNGEncoder *encoder) {
    if (encoder->has_failed) return 0;
    if (setjmp(png_jmpbuf(encoder->png)) == 0)
        png_write_end(encoder->png, encoder->info);
    else
        encoder->has_failed = true;
    return encoder->has_failed ? 0 : encoder->count;
}

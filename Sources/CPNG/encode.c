#include "CPNG.h"

#include <png.h>

// libpng's simplified API: it writes samples as they are, and keeps its longjmp to itself.
static png_image image_of(uint32_t width, uint32_t height) {
    return (png_image){
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
}

size_t cpng_encoded_bytes_max(uint32_t width, uint32_t height) {
    const png_image image = image_of(width, height);
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t cpng_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *bytes, size_t count) {
    png_image image = image_of(width, height);
    png_alloc_size_t size = count;
    return png_image_write_to_memory(&image, bytes, &size, 0, rgb, 0, NULL) ? size : 0;
}

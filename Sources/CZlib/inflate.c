#include "CZlib.h"

#include <stdlib.h>
#include <zlib.h>

struct CZlibInflater {
    z_stream stream;
};

// zlib counts in 32 bits.
static const size_t count_max = 1u << 30;

CZlibInflater *czlib_create(bool is_gzip) {
    CZlibInflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL) return NULL;
    if (inflateInit2(&inflater->stream, is_gzip ? MAX_WBITS + 16 : MAX_WBITS) == Z_OK)
        return inflater;
    free(inflater);
    return NULL;
}

void czlib_destroy(CZlibInflater *inflater) {
    inflateEnd(&inflater->stream);
    free(inflater);
}

CZlibStatus czlib_inflate(CZlibInflater *inflater, const uint8_t *in, size_t in_count,
                          size_t *in_used, uint8_t *out, size_t out_count, size_t *out_used) {
    z_stream *stream = &inflater->stream;
    uInt in_max = (uInt)(in_count < count_max ? in_count : count_max);
    uInt out_max = (uInt)(out_count < count_max ? out_count : count_max);
    stream->next_in = (Bytef *)in;
    stream->avail_in = in_max;
    stream->next_out = out;
    stream->avail_out = out_max;
    int result = inflate(stream, Z_NO_FLUSH);
    *in_used = in_max - stream->avail_in;
    *out_used = out_max - stream->avail_out;
    switch (result) {
    case Z_STREAM_END: return CZlibStatusEnded;
    case Z_OK:
    case Z_BUF_ERROR:
        return *in_used > 0 || *out_used > 0 ? CZlibStatusProgress : CZlibStatusStalled;
    case Z_MEM_ERROR: return CZlibStatusOutOfMemory;
    default: return CZlibStatusDamaged;
    }
}

uint32_t czlib_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
    return (uint32_t)crc32_z(crc, bytes, count);
}

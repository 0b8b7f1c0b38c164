#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

const int cjpeg_scans_max = 100;

struct CJPEGDecoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf jump;
    CJPEGTarget target;
    enum { PhaseHeader, PhaseScans, PhaseRows, PhaseEnd } phase;
    CJPEGStatus status;
    unsigned oddities;
    char reason[JMSG_LENGTH_MAX];
};

static void fail_with(CJPEGDecoder *decoder, const char *message) {
    size_t count = 0;
    for (; message[count] != 0 && count + 1 < sizeof decoder->reason; count++) {
        char c = message[count];
        decoder->reason[count] = c >= ' ' && c <= '~' ? c : '?';
    }
    decoder->reason[count] = 0;
    decoder->status = CJPEGStatusDamaged;
    longjmp(decoder->jump, 1);
}

static void fail(j_common_ptr common) {
    char message[JMSG_LENGTH_MAX] = "";
    if (common->err->msg_code == JERR_OUT_OF_MEMORY) {
        CJPEGDecoder *decoder = common->client_data;
        decoder->status = CJPEGStatusOutOfMemory;
        longjmp(decoder->jump, 1);
    }
    common->err->format_message(common, message);
    fail_with(common->client_data, message);
}

// Levels from 0 on are traces; -1 is a warning.
static void warn(j_common_ptr common, int level) {
    CJPEGDecoder *decoder = common->client_data;
    if (level >= 0) return;
    switch (common->err->msg_code) {
    case JWRN_JPEG_EOF:
        decoder->status = CJPEGStatusTruncated;
        longjmp(decoder->jump, 1);
    case JWRN_JFIF_MAJOR: return;  // a version that is not known; nothing depends on it
    case JWRN_NOT_SEQUENTIAL:
        decoder->oddities |= CJPEGOddityScanParameters;
        return;
    case JWRN_EXTRANEOUS_DATA:
        // In and after image data they are what is left when a wrong bit has made codes shorter.
        if (decoder->phase != PhaseHeader) break;
        decoder->oddities |= CJPEGOddityBytesBeforeImage;
        return;
    }
    fail(common);
}

static void say_nothing(j_common_ptr common) { (void)common; }

CJPEGDecoder *cjpeg_create(CJPEGTarget target, const uint8_t *bytes, size_t count) {
    CJPEGDecoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) return NULL;
    decoder->target = target;
    j_decompress_ptr jpeg = &decoder->jpeg;
    jpeg->err = jpeg_std_error(&decoder->errors);
    jpeg->client_data = decoder;
    decoder->errors.error_exit = fail;
    decoder->errors.emit_message = warn;
    decoder->errors.output_message = say_nothing;
    if (setjmp(decoder->jump) != 0) {
        cjpeg_destroy(decoder);
        return NULL;
    }
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = 0;  // whatever JPEGMEM in the environment says
    jpeg_mem_src(jpeg, bytes, count);
    return decoder;
}

void cjpeg_destroy(CJPEGDecoder *decoder) {
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder);
}

static void read_header(CJPEGDecoder *decoder) {
    j_decompress_ptr jpeg = &decoder->jpeg;
    CJPEGTarget target = decoder->target;
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->image_width != target.width || jpeg->image_height != target.height ||
        (jpeg->num_components == 1 ? 1 : 3) != target.channels)
        fail_with(decoder, "unexpected size");
    jpeg->out_color_space = target.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    // Scans of several passes are taken in before the first row comes out. Done by libjpeg itself
    // that is one long call; this mode leaves every step of it to the caller.
    jpeg->buffered_image = jpeg_has_multiple_scans(jpeg);
    decoder->phase = jpeg->buffered_image ? PhaseScans : PhaseRows;
    jpeg_start_decompress(jpeg);
}

// A component without a scan has no samples, and libjpeg would take gray for it; coefficients that
// progressive scans did not send it guesses from their neighbours, each version in its own way.
static void check_scans(CJPEGDecoder *decoder) {
    j_decompress_ptr jpeg = &decoder->jpeg;
    for (int i = 0; i < jpeg->num_components; i++) {
        if (jpeg->comp_info[i].quant_table == NULL)
            fail_with(decoder, "a colour component has no scan");
        for (int k = 0; jpeg->coef_bits != NULL && k < DCTSIZE2; k++)
            if (jpeg->coef_bits[i][k] != 0)
                fail_with(decoder, "progressive scans stop before the last detail");
    }
}

static void read_scans(CJPEGDecoder *decoder) {
    j_decompress_ptr jpeg = &decoder->jpeg;
    int result = jpeg_consume_input(jpeg);
    if (jpeg->input_scan_number > cjpeg_scans_max) fail_with(decoder, "too many scans");
    if (result != JPEG_REACHED_EOI) return;
    check_scans(decoder);
    jpeg_start_output(jpeg, jpeg->input_scan_number);
    decoder->phase = PhaseRows;
}

static void read_rows(CJPEGDecoder *decoder) {
    j_decompress_ptr jpeg = &decoder->jpeg;
    CJPEGTarget target = decoder->target;
    size_t row_bytes = (size_t)target.width * target.channels;
    for (int i = 0; i < DCTSIZE && jpeg->output_scanline < target.height; i++) {
        JSAMPROW row = target.samples + jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    if (jpeg->output_scanline < target.height) return;
    if (jpeg->buffered_image) jpeg_finish_output(jpeg);
    decoder->phase = PhaseEnd;
}

static void advance(CJPEGDecoder *decoder) {
    switch (decoder->phase) {
    case PhaseHeader: return read_header(decoder);
    case PhaseScans: return read_scans(decoder);
    case PhaseRows: return read_rows(decoder);
    case PhaseEnd:
        jpeg_finish_decompress(&decoder->jpeg);  // looks for the end of the image
        decoder->status = CJPEGStatusComplete;
    }
}

// No local changes between setjmp and longjmp (C11 7.13.2.1p3).
CJPEGStatus cjpeg_step(CJPEGDecoder *decoder) {
    if (decoder->status != CJPEGStatusIncomplete) return decoder->status;
    if (setjmp(decoder->jump) == 0) advance(decoder);
    return decoder->status;
}

unsigned cjpeg_oddities(const CJPEGDecoder *decoder) { return decoder->oddities; }

const char *cjpeg_reason(const CJPEGDecoder *decoder) { return decoder->reason; }

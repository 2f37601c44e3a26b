// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

#include "codec.h"

typedef struct {
    lcl_image image;
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    int scans;
    bool cmyk;
    jmp_buf escape;
} jpeg_image;

static jpeg_image *owner(j_common_ptr decoder) { return decoder->client_data; }

// The one way out of the library: note why, then leave it.
static _Noreturn void give_up(j_common_ptr decoder, lcl_image_status status) {
    jpeg_image *jpeg = owner(decoder);
    char text[JMSG_LENGTH_MAX];
    jpeg->errors.format_message(decoder, text);
    snprintf(jpeg->image.message, sizeof jpeg->image.message, "%.190s", text);
    jpeg->image.status = status;
    longjmp(jpeg->escape, 1);
}

static void on_error(j_common_ptr decoder) {
    switch (decoder->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        give_up(decoder, LCL_IMAGE_NO_MEMORY);
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
        give_up(decoder, LCL_IMAGE_UNSUPPORTED);
    default:
        give_up(decoder, LCL_IMAGE_CORRUPT);
    }
}

// The library's warnings that stand for lost pixels are errors here; it would fill them with grey.
static void on_message(j_common_ptr decoder, int level) {
    if (level >= 0) return;
    switch (decoder->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        give_up(decoder, LCL_IMAGE_CORRUPT);
    default:
        break;
    }
}

static void no_output(j_common_ptr decoder) { (void)decoder; }

static void init_source(j_decompress_ptr decoder) { (void)decoder; }

static boolean on_end_of_file(j_decompress_ptr decoder) {
    decoder->err->msg_code = JWRN_JPEG_EOF;
    give_up((j_common_ptr)decoder, LCL_IMAGE_TRUNCATED);
}

static void skip(j_decompress_ptr decoder, long count) {
    if (count <= 0) return;
    if ((size_t)count > decoder->src->bytes_in_buffer) on_end_of_file(decoder);
    decoder->src->next_input_byte += count;
    decoder->src->bytes_in_buffer -= (size_t)count;
}

static void on_progress(j_common_ptr decoder) {
    jpeg_image *jpeg = owner(decoder);
    if (jpeg->decoder.input_scan_number <= jpeg->scans) return;
    decoder->err->msg_code = JMSG_NOMESSAGE;
    give_up(decoder, LCL_IMAGE_TOO_MANY_SCANS);
}

static void start(lcl_image *image, int32_t eighths) {
    jpeg_image *jpeg = (jpeg_image *)image;
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    if (setjmp(jpeg->escape)) return;
    jpeg->cmyk = decoder->jpeg_color_space == JCS_CMYK || decoder->jpeg_color_space == JCS_YCCK;
    decoder->out_color_space = jpeg->cmyk ? JCS_CMYK : JCS_EXT_RGBX;
    decoder->scale_num = (unsigned)eighths;
    decoder->scale_denom = 8;
    jpeg_start_decompress(decoder);
    image->out_width = (int32_t)decoder->output_width;
    image->out_height = (int32_t)decoder->output_height;
}

// CMYK in JPEG is stored inverted (255 is no ink): Adobe's habit, which every writer follows. In place, to RGBX.
static void ink_to_light(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++, pixels += 4) {
        unsigned black = pixels[3];
        for (int c = 0; c < 3; c++) pixels[c] = (uint8_t)((pixels[c] * black + 127) / 255);
    }
}

static int32_t rows(lcl_image *image, uint8_t *rows, int32_t count) {
    jpeg_image *jpeg = (jpeg_image *)image;
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    size_t stride = (size_t)image->out_width * 4;
    volatile int32_t done = 0;
    if (setjmp(jpeg->escape)) return 0;
    while (done < count && decoder->output_scanline < decoder->output_height) {
        JSAMPROW targets[16];
        int32_t wanted = count - done < 16 ? count - done : 16;
        for (int32_t i = 0; i < wanted; i++) targets[i] = rows + (size_t)(done + i) * stride;
        done += (int32_t)jpeg_read_scanlines(decoder, targets, (JDIMENSION)wanted);
    }
    if (jpeg->cmyk) ink_to_light(rows, (size_t)image->out_width * (size_t)done);
    return done;
}

static void finish(lcl_image *image) {
    jpeg_image *jpeg = (jpeg_image *)image;
    if (setjmp(jpeg->escape)) return;
    jpeg_finish_decompress(&jpeg->decoder);
}

static void close_image(lcl_image *image) {
    jpeg_image *jpeg = (jpeg_image *)image;
    if (!setjmp(jpeg->escape)) jpeg_destroy_decompress(&jpeg->decoder);
    free(jpeg);
}

static const lcl_codec codec = {start, rows, finish, close_image};

lcl_image *lcl_jpeg_open(const uint8_t *bytes, size_t count, int32_t scans) {
    jpeg_image *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) return NULL;
    jpeg->image.codec = &codec;
    jpeg->scans = scans;

    jpeg->decoder.err = jpeg_std_error(&jpeg->errors);
    jpeg->errors.error_exit = on_error;
    jpeg->errors.emit_message = on_message;
    jpeg->errors.output_message = no_output;
    jpeg->decoder.client_data = jpeg;
    if (setjmp(jpeg->escape)) return &jpeg->image;

    jpeg_create_decompress(&jpeg->decoder);
    jpeg->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = count,
        .init_source = init_source,
        .fill_input_buffer = on_end_of_file,
        .skip_input_data = skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = init_source,
    };
    jpeg->decoder.src = &jpeg->source;
    jpeg->progress.progress_monitor = on_progress;
    jpeg->decoder.progress = &jpeg->progress;

    jpeg_read_header(&jpeg->decoder, TRUE);
    jpeg->image.width = (int32_t)jpeg->decoder.image_width;
    jpeg->image.height = (int32_t)jpeg->decoder.image_height;
    return &jpeg->image;
}

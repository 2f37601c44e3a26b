// SPDX-License-Identifier: Apache-2.0
#include "CTestCodecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

void lcl_test_jpeg(const uint8_t *pixels, int width, int height, lcl_test_colour colour, int quality, int full_chroma,
                   int progressive, const uint8_t *app1, size_t app1_count, uint8_t **out, size_t *out_count) {
    struct jpeg_compress_struct encoder;
    struct jpeg_error_mgr errors;
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg_mem_dest(&encoder, &bytes, &count);
    encoder.image_width = (JDIMENSION)width;
    encoder.image_height = (JDIMENSION)height;
    encoder.input_components = colour == LCL_TEST_GREY ? 1 : colour == LCL_TEST_RGB ? 3 : 4;
    encoder.in_color_space = colour == LCL_TEST_GREY ? JCS_GRAYSCALE : colour == LCL_TEST_RGB ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&encoder);
    if (colour == LCL_TEST_YCCK) jpeg_set_colorspace(&encoder, JCS_YCCK);
    jpeg_set_quality(&encoder, quality, TRUE);
    for (int i = 0; full_chroma && i < encoder.num_components; i++)
        encoder.comp_info[i].h_samp_factor = encoder.comp_info[i].v_samp_factor = 1;
    if (progressive) jpeg_simple_progression(&encoder);
    jpeg_start_compress(&encoder, TRUE);
    if (app1_count) jpeg_write_marker(&encoder, JPEG_APP0 + 1, app1, (unsigned)app1_count);
    size_t stride = (size_t)width * (size_t)encoder.input_components;
    while (encoder.next_scanline < encoder.image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + encoder.next_scanline * stride);
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    *out = bytes;
    *out_count = count;
}

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} sink;

static void append(png_structp writer, png_bytep bytes, size_t count) {
    sink *s = png_get_io_ptr(writer);
    if (s->count + count > s->capacity) {
        s->capacity = 2 * (s->count + count);
        s->bytes = realloc(s->bytes, s->capacity);
        if (!s->bytes) abort();
    }
    memcpy(s->bytes + s->count, bytes, count);
    s->count += count;
}

static void flush(png_structp writer) { (void)writer; }

void lcl_test_png(const uint8_t *rows, size_t stride, int width, int height, int colour_type, int depth, int interlaced,
                  const uint8_t *palette, int entries, const uint8_t *alphas, int alpha_count, const uint8_t *exif,
                  size_t exif_count, uint8_t **out, size_t *out_count) {
    png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(writer);
    sink s = {0};
    if (setjmp(png_jmpbuf(writer))) abort();
    png_set_write_fn(writer, &s, append, flush);
    png_set_IHDR(writer, info, (png_uint_32)width, (png_uint_32)height, depth, colour_type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (entries) png_set_PLTE(writer, info, (png_const_colorp)palette, entries);
    if (alpha_count) png_set_tRNS(writer, info, alphas, alpha_count, NULL);
    if (exif_count) png_set_eXIf_1(writer, info, (png_uint_32)exif_count, (png_bytep)exif);
    png_write_info(writer, info);
    int passes = png_set_interlace_handling(writer);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < height; y++) png_write_row(writer, rows + (size_t)y * stride);
    png_write_end(writer, info);
    png_destroy_write_struct(&writer, &info);
    *out = s.bytes;
    *out_count = s.count;
}

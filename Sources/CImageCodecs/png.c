// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "codec.h"

// Ancillary chunks (text, colour profiles) are not kept; one that needs more than this to be read is an error.
#define CHUNK_BYTES (8u << 20)
#define CHUNKS_KEPT 32u
// What the last row may take beside its own bytes: of compressed data, of chunks' heads.
#define LAST_ROW_BYTES (64u << 10)

typedef struct {
    lcl_image image;
    png_structp reader;
    png_infop info;
    lcl_source source;
    int32_t next_row;
    bool has_alpha;
    // While the last row is read: with it libpng inflates whatever follows, a thousand times as long; and what it may read of it.
    bool is_last;
    size_t left;
    // The whole picture, for interlaced files alone: height x width x 4.
    uint8_t *whole;
} png_image_file;

static void on_error(png_structp reader, png_const_charp text) {
    png_image_file *png = png_get_error_ptr(reader);
    // "Out of memory", and zlib's "insufficient memory": there is no code for it.
    if (png->image.status == LCL_IMAGE_OK) png->image.status = strstr(text, "memory") ? LCL_IMAGE_NO_MEMORY : LCL_IMAGE_CORRUPT;
    snprintf(png->image.message, sizeof png->image.message, "%.190s", text);
    png_longjmp(reader, 1);
}

static void on_warning(png_structp reader, png_const_charp text) {
    (void)reader;
    (void)text;
}

static void read_bytes(png_structp reader, png_bytep target, size_t count) {
    png_image_file *png = png_get_io_ptr(reader);
    if (count > png->source.count - png->source.position) {
        png->image.status = LCL_IMAGE_TRUNCATED;
        png_error(reader, "the data ends inside a chunk");
    }
    if (png->is_last) {
        if (count > png->left) png_error(reader, "there is more image data than the picture has rows");
        png->left -= count;
    }
    memcpy(target, png->source.bytes + png->source.position, count);
    png->source.position += count;
}

static void read_row(png_image_file *png, uint8_t *row, bool is_last) {
    png->is_last = is_last;
    png->left = (size_t)png->image.width * 8 + LAST_ROW_BYTES;
    png_read_row(png->reader, row, NULL);
    png->is_last = false;
}

static bool read_interlaced(png_image_file *png, int passes) {
    size_t stride = (size_t)png->image.width * 4, height = (size_t)png->image.height;
    png->whole = malloc(stride * height);
    if (!png->whole) {
        png->image.status = LCL_IMAGE_NO_MEMORY;
        return false;
    }
    // Passes may have no pixels of a small picture.
    int last = passes - 1;
    while (last > 0 && (!PNG_PASS_ROWS(png->image.height, last) || !PNG_PASS_COLS(png->image.width, last))) last--;
    size_t last_row = (size_t)PNG_ROW_FROM_PASS_ROW(PNG_PASS_ROWS(png->image.height, last) - 1, last);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) read_row(png, png->whole + y * stride, pass == last && y == last_row);
    return true;
}

// Whatever the file's kind of pixels, ask for 8-bit RGBA. Gamma and colour profiles are not applied.
static void start(lcl_image *image, int32_t eighths) {
    png_image_file *png = (png_image_file *)image;
    png_structp reader = png->reader;
    if (eighths != 8) {
        image->status = LCL_IMAGE_UNSUPPORTED;
        return;
    }
    if (setjmp(png_jmpbuf(reader))) return;
    int colour = png_get_color_type(reader, png->info);
    png->has_alpha = (colour & PNG_COLOR_MASK_ALPHA) || png_get_valid(reader, png->info, PNG_INFO_tRNS);
    png_set_expand(reader);
    png_set_scale_16(reader);
    if (!(colour & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(reader);
    if (!png->has_alpha) png_set_filler(reader, 0xff, PNG_FILLER_AFTER);
    int passes = png_set_interlace_handling(reader);
    png_read_update_info(reader, png->info);
    if (png_get_rowbytes(reader, png->info) != (size_t)image->width * 4) png_error(reader, "unexpected kind of pixels");
    image->out_width = image->width;
    image->out_height = image->height;
    if (passes > 1) read_interlaced(png, passes);
}

static void over_white(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++, pixels += 4) {
        unsigned alpha = pixels[3];
        for (int c = 0; c < 3; c++) pixels[c] = (uint8_t)((pixels[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static int32_t rows(lcl_image *image, uint8_t *rows, int32_t count) {
    png_image_file *png = (png_image_file *)image;
    size_t stride = (size_t)image->width * 4;
    if (count > image->height - png->next_row) count = image->height - png->next_row;
    if (setjmp(png_jmpbuf(png->reader))) return 0;
    if (png->whole)
        memcpy(rows, png->whole + (size_t)png->next_row * stride, stride * (size_t)count);
    else
        for (int32_t y = 0; y < count; y++) read_row(png, rows + (size_t)y * stride, png->next_row + y == image->height - 1);
    if (png->has_alpha) over_white(rows, (size_t)image->width * (size_t)count);
    png->next_row += count;
    return count;
}

static void finish(lcl_image *image) {
    png_image_file *png = (png_image_file *)image;
    if (setjmp(png_jmpbuf(png->reader))) return;
    png_read_end(png->reader, NULL);
}

static void close_image(lcl_image *image) {
    png_image_file *png = (png_image_file *)image;
    png_destroy_read_struct(&png->reader, &png->info, NULL);
    free(png->whole);
    free(png);
}

static const lcl_codec codec = {start, rows, finish, close_image};

static void read_header(png_image_file *png) {
    png_structp reader = png->reader;
    if (setjmp(png_jmpbuf(reader))) return;
    png_set_read_fn(reader, png, read_bytes);
    // Our own limits come first: any size the format allows may be reported.
    png_set_user_limits(reader, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(reader, CHUNK_BYTES);
    png_set_chunk_cache_max(reader, CHUNKS_KEPT);
    png_set_keep_unknown_chunks(reader, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader, png->info);
    png->image.width = (int32_t)png_get_image_width(reader, png->info);
    png->image.height = (int32_t)png_get_image_height(reader, png->info);
}

lcl_image *lcl_png_open(const uint8_t *bytes, size_t count) {
    png_image_file *png = calloc(1, sizeof *png);
    if (!png) return NULL;
    png->image.codec = &codec;
    png->source = (lcl_source){bytes, count, 0};
    png->reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, png, on_error, on_warning);
    png->info = png->reader ? png_create_info_struct(png->reader) : NULL;
    if (png->info)
        read_header(png);
    else
        png->image.status = LCL_IMAGE_NO_MEMORY;
    return &png->image;
}

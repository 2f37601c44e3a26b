// SPDX-License-Identifier: Apache-2.0
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

// JPEG (libjpeg-turbo) and PNG (libpng) from memory to rows of RGBX, and the two inner loops of resampling.
//
// Both libraries report errors by longjmp; it ends in the functions below, which report by `status` instead. After a
// status other than LCL_IMAGE_OK only lcl_image_close may follow.

typedef enum {
    LCL_IMAGE_OK = 0,
    LCL_IMAGE_TRUNCATED,
    LCL_IMAGE_CORRUPT,
    LCL_IMAGE_UNSUPPORTED,
    LCL_IMAGE_TOO_MANY_SCANS,
    LCL_IMAGE_NO_MEMORY,
} lcl_image_status;

// An open picture. It points into the file's bytes, which must outlive it.
typedef struct lcl_image {
    lcl_image_status status;
    // What the library said, empty while all is well.
    char message[200];
    // As stored; known after opening.
    int32_t width, height;
    // Of the rows to come; known after lcl_image_start.
    int32_t out_width, out_height;
    const struct lcl_codec *codec;
} lcl_image;

// Read the header. NULL only when there is no memory at all. `scans` limits the scans of a progressive JPEG.
lcl_image *lcl_jpeg_open(const uint8_t *bytes, size_t count, int32_t scans);
lcl_image *lcl_png_open(const uint8_t *bytes, size_t count);

// Prepare to decode at eighths/8 of the size (1 to 8; PNG knows 8 alone).
void lcl_image_start(lcl_image *image, int32_t eighths);

// Decode up to `count` next rows of out_width x 4 bytes: R, G, B and a byte without meaning; alpha is laid over white.
// Returns how many rows came: at least 1 until out_height rows were read, or 0 with a status.
int32_t lcl_image_rows(lcl_image *image, uint8_t *rows, int32_t count);

// Read on to the end of the file's picture, so that a missing end is noticed.
void lcl_image_finish(lcl_image *image);

void lcl_image_close(lcl_image *image);

// One output row of horizontal resampling.
// rgbx: width x 4 bytes; wide: scratch for width x 4 floats; out: count x 4 floats, whole numbers 0...255.
// Output pixel i is the sum over t < taps of weights[i * taps + t] * rgbx[first[i] + t].
void lcl_resample_row(const uint8_t *rgbx, int32_t width, float *wide, const int32_t *first, const float *weights,
                      int32_t taps, int32_t count, float *out);

// One output row of vertical resampling, over rows first ... first + taps - 1 of a ring of `ring` rows of count x 4
// floats; out: count x 3 bytes, RGB.
void lcl_resample_column(const float *rows, int32_t ring, int32_t first, const float *weights, int32_t taps,
                         int32_t count, uint8_t *out);

// The same two in Pillow's arithmetic: weights with 22 bits after the point, rows and output of RGBX bytes.
void lcl_resample_row_exact(const uint8_t *rgbx, const int32_t *first, const int32_t *weights, int32_t taps, int32_t count, uint8_t *out);
void lcl_resample_column_exact(const uint8_t *rows, int32_t ring, int32_t first, const int32_t *weights, int32_t taps, int32_t count,
                               uint8_t *out);

#endif

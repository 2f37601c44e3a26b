// SPDX-License-Identifier: Apache-2.0
#ifndef CTESTCODECS_H
#define CTESTCODECS_H

#include <stddef.h>
#include <stdint.h>

// The encoders that tests make their pictures with. They abort on misuse; *out is the caller's to free.

typedef enum { LCL_TEST_RGB = 0, LCL_TEST_GREY, LCL_TEST_CMYK, LCL_TEST_YCCK } lcl_test_colour;

// pixels: height x width x 3 (RGB, GREY takes 1) or 4 (CMYK, YCCK: inverted ink). app1: an APP1 segment's content.
void lcl_test_jpeg(const uint8_t *pixels, int width, int height, lcl_test_colour colour, int quality, int full_chroma,
                   int progressive, const uint8_t *app1, size_t app1_count, uint8_t **out, size_t *out_count);

// rows: height rows of `stride` bytes in PNG's own layout for `colour_type` and `depth`.
// palette: entries x 3; alphas: their first `alpha_count` alphas; exif: an eXIf chunk's content.
void lcl_test_png(const uint8_t *rows, size_t stride, int width, int height, int colour_type, int depth, int interlaced,
                  const uint8_t *palette, int entries, const uint8_t *alphas, int alpha_count, const uint8_t *exif,
                  size_t exif_count, uint8_t **out, size_t *out_count);

#endif

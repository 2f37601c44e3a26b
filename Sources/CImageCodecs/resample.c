// SPDX-License-Identifier: Apache-2.0
#include "CImageCodecs.h"

// One pixel: R, G, B and a lane without meaning.
typedef float pixel __attribute__((vector_size(16)));
typedef uint8_t byte_pixel __attribute__((vector_size(4)));
typedef int32_t int_pixel __attribute__((vector_size(16)));

// Whole numbers 0...255, halves upwards, in every lane.
static inline pixel to_levels(pixel p) {
    int_pixel level = __builtin_convertvector(p + 0.5f, int_pixel);
    level &= ~(level >> 31);
    int_pixel over = level > 255;
    level = (level & ~over) | (over & 255);
    return __builtin_convertvector(level, pixel);
}

void lcl_resample_row(const uint8_t *rgbx, int32_t width, float *wide, const int32_t *first, const float *weights,
                      int32_t taps, int32_t count, float *out) {
    const byte_pixel *bytes = (const byte_pixel *)rgbx;
    pixel *source = (pixel *)wide, *target = (pixel *)out;
    for (int32_t i = first[0], end = first[count - 1] + taps; i < end && i < width; i++)
        source[i] = __builtin_convertvector(bytes[i], pixel);
    for (int32_t i = 0; i < count; i++, weights += taps) {
        const pixel *from = source + first[i];
        pixel even = {0, 0, 0, 0}, odd = {0, 0, 0, 0};
        int32_t t = 0;
        for (; t + 1 < taps; t += 2) {
            even += weights[t] * from[t];
            odd += weights[t + 1] * from[t + 1];
        }
        if (t < taps) even += weights[t] * from[t];
        target[i] = to_levels(even + odd);
    }
}

void lcl_resample_column(const float *rows, int32_t ring, int32_t first, const float *weights, int32_t taps,
                         int32_t count, uint8_t *out) {
    const pixel *source = (const pixel *)rows;
    // Blocks of pixels that keep their sums in registers while the rows go by.
    enum { BLOCK = 8 };
    for (int32_t x = 0; x < count; x += BLOCK) {
        int32_t here = count - x < BLOCK ? count - x : BLOCK;
        pixel sum[BLOCK] = {0};
        int32_t row = first % ring;
        for (int32_t t = 0; t < taps; t++) {
            const pixel *from = source + (size_t)row * (size_t)count + x;
            if (here == BLOCK)
                for (int32_t i = 0; i < BLOCK; i++) sum[i] += weights[t] * from[i];
            else
                for (int32_t i = 0; i < here; i++) sum[i] += weights[t] * from[i];
            if (++row == ring) row = 0;
        }
        for (int32_t i = 0; i < here; i++, out += 3) {
            pixel level = to_levels(sum[i]);
            for (int c = 0; c < 3; c++) out[c] = (uint8_t)level[c];
        }
    }
}

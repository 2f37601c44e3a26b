// SPDX-License-Identifier: Apache-2.0
// Resampling in whole numbers, as Pillow does it: https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
#include "CImageCodecs.h"

#if defined(__x86_64__) && defined(__linux__)
#define VARIANTS __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define VARIANTS
#endif

enum { FRACTION = 22 };

typedef int32_t int_pixel __attribute__((vector_size(16)));
typedef uint8_t byte_pixel __attribute__((vector_size(4), aligned(1)));

static inline __attribute__((always_inline)) int_pixel load(const uint8_t *p) {
    return __builtin_convertvector(*(const byte_pixel *)p, int_pixel);
}

static inline __attribute__((always_inline)) byte_pixel to_bytes(int_pixel sum) {
    int_pixel level = sum >> FRACTION;
    level &= ~(level >> 31);
    const int_pixel over = level > 255;
    return __builtin_convertvector((level & ~over) | (over & 255), byte_pixel);
}

VARIANTS void lcl_resample_row_exact(const uint8_t *rgbx, const int32_t *first, const int32_t *weights, int32_t taps, int32_t count,
                                     uint8_t *out) {
    for (int32_t i = 0; i < count; i++, weights += taps) {
        const uint8_t *from = rgbx + 4 * (size_t)first[i];
        int_pixel sum = {1 << (FRACTION - 1), 1 << (FRACTION - 1), 1 << (FRACTION - 1), 1 << (FRACTION - 1)};
        for (int32_t t = 0; t < taps; t++) sum += weights[t] * load(from + 4 * (size_t)t);
        *(byte_pixel *)(out + 4 * (size_t)i) = to_bytes(sum);
    }
}

VARIANTS void lcl_resample_column_exact(const uint8_t *rows, int32_t ring, int32_t first, const int32_t *weights, int32_t taps,
                                        int32_t count, uint8_t *out) {
    for (int32_t x = 0; x < count; x++) {
        int_pixel sum = {1 << (FRACTION - 1), 1 << (FRACTION - 1), 1 << (FRACTION - 1), 1 << (FRACTION - 1)};
        int32_t row = first % ring;
        for (int32_t t = 0; t < taps; t++) {
            sum += weights[t] * load(rows + 4 * ((size_t)row * (size_t)count + (size_t)x));
            if (++row == ring) row = 0;
        }
        *(byte_pixel *)(out + 4 * (size_t)x) = to_bytes(sum);
    }
}

// SPDX-License-Identifier: Apache-2.0
// Blocks of quantised weights to floats. Each product and each sum is rounded by itself, so the result is the reference's
// to the last bit. Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
#include "language.h"
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// IEEE binary16 at any address. The shifted bits are the value times 2^-112, subnormals included; infinities and NaNs
/// keep their exponent.
INLINE float half_at(const uint8_t *p) {
    const uint32_t half = p[0] | (uint32_t)p[1] << 8;
    uint32_t bits = (half & 0x7fff) << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    value *= 0x1p112f;
    memcpy(&bits, &value, sizeof bits);
    if ((half & 0x7c00) == 0x7c00) bits = 0x7f800000 | (half & 0x3ff) << 13;
    bits |= (half & 0x8000) << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// Q4_0, Q4_1, Q5_0, Q5_1: 32 elements, the low nibbles before the high ones; `high` holds fifth bits.
INLINE void nibbles(const uint8_t *q, uint32_t high, float d, float m, int offset, const bool has_minimum, float *out) {
    for (int i = 0; i < 16; i++) {
        const int low = (q[i] & 15) | (int)(high >> i & 1) << 4;
        const int up = q[i] >> 4 | (int)(high >> (i + 16) & 1) << 4;
        out[i] = has_minimum ? d * (float)low + m : d * (float)(low - offset);
        out[i + 16] = has_minimum ? d * (float)up + m : d * (float)(up - offset);
    }
}

INLINE uint32_t word_at(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

VARIANTS static void q4_0(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 18, out += 32) nibbles(b + 2, 0, half_at(b), 0, 8, false, out);
}

VARIANTS static void q4_1(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 20, out += 32) nibbles(b + 4, 0, half_at(b), half_at(b + 2), 0, true, out);
}

VARIANTS static void q5_0(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 22, out += 32) nibbles(b + 6, word_at(b + 2), half_at(b), 0, 16, false, out);
}

VARIANTS static void q5_1(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 24, out += 32) nibbles(b + 8, word_at(b + 4), half_at(b), half_at(b + 2), 0, true, out);
}

VARIANTS static void q8_0(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 34, out += 32) {
        const float d = half_at(b);
        for (int i = 0; i < 32; i++) out[i] = (float)(int8_t)b[2 + i] * d;
    }
}

/// The 6-bit scale and minimum of group `j` of 8 in a K-quant's 12 bytes.
INLINE void scale_minimum(const uint8_t *s, int j, int *scale, int *minimum) {
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *minimum = s[j + 4] >> 4 | (s[j] >> 6) << 4;
    }
}

/// Q4_K and Q5_K: 256 elements in 8 groups; `high` has one bit plane per group, or is NULL.
INLINE void k_groups(const uint8_t *b, const uint8_t *high, const uint8_t *q, float *out) {
    const float d = half_at(b), dmin = half_at(b + 2);
    for (int j = 0; j < 8; j++) {
        int scale, minimum;
        scale_minimum(b + 4, j, &scale, &minimum);
        const float group = d * (float)scale, least = dmin * (float)minimum;
        for (int i = 0; i < 32; i++) {
            const int low = j & 1 ? q[j / 2 * 32 + i] >> 4 : q[j / 2 * 32 + i] & 15;
            const int value = high ? low | (high[i] >> j & 1) << 4 : low;
            out[j * 32 + i] = group * (float)value - least;
        }
    }
}

VARIANTS static void q4_k(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 144, out += 256) k_groups(b, NULL, b + 16, out);
}

VARIANTS static void q5_k(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 176, out += 256) k_groups(b, b + 16, b + 48, out);
}

VARIANTS static void q6_k(const uint8_t *b, float *out, size_t blocks) {
    for (; blocks--; b += 210, out += 256) {
        const float d = half_at(b + 208);
        for (int j = 0; j < 8; j++) {
            const uint8_t *low = b + j / 4 * 64 + j % 2 * 32, *high = b + 128 + j / 4 * 32;
            for (int i = 0; i < 32; i++) {
                const int four = j % 4 < 2 ? low[i] & 15 : low[i] >> 4;
                const int value = (four | (high[i] >> (j % 4 * 2) & 3) << 4) - 32;
                out[j * 32 + i] = d * (float)(int8_t)b[192 + j * 2 + i / 16] * (float)value;
            }
        }
    }
}

VARIANTS static void f16(const uint8_t *b, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = half_at(b + 2 * i);
}

static void bf16(const uint8_t *b, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)b[2 * i] << 16 | (uint32_t)b[2 * i + 1] << 24;
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void f32(const uint8_t *b, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = word_at(b + 4 * i);
        memcpy(out + i, &bits, sizeof bits);
    }
}

lcl_dequantizer lcl_dequantizer_of(uint32_t type) {
    switch (type) {
    case 0: return f32;
    case 1: return f16;
    case 2: return q4_0;
    case 3: return q4_1;
    case 6: return q5_0;
    case 7: return q5_1;
    case 8: return q8_0;
    case 12: return q4_k;
    case 13: return q5_k;
    case 14: return q6_k;
    case 30: return bf16;
    default: return NULL;
    }
}

// SPDX-License-Identifier: Apache-2.0
// Portable C, written to be read: what the vector code is tested against, and what runs where there is none.
#include "kernels.h"
#include <math.h>
#include <string.h>

static float relu6(float x) { return x < 0 ? 0 : x > 6 ? 6 : x; }

static void linear(const lcl_linear *p) {
    size_t width;
    for (size_t first = 0; first < p->n; first += width) {
        width = lcl_panel_width(p->n, first);
        const float *panel = p->weights + first * p->k;
        for (size_t row = 0; row < p->m; row++) {
            const size_t at = row * p->c_row + row / p->c_group * p->c_gap + first / LCL_LANES * p->c_plane;
            float sum[3 * LCL_LANES];
            memcpy(sum, p->bias + first, width * sizeof(float));
            for (size_t k = 0; k < p->k; k++) {
                const float x = p->a[row * p->a_row + k / LCL_LANES * p->a_plane + k % LCL_LANES];
                for (size_t j = 0; j < width; j++) sum[j] += x * panel[k * width + j];
            }
            for (size_t j = 0; j < width; j++) {
                const size_t to = at + j / LCL_LANES * p->c_plane + j % LCL_LANES;
                const float y = p->residual ? sum[j] + p->residual[to] : sum[j];
                p->c[to] = p->relu6 ? relu6(y) : y;
            }
        }
    }
}

static void depthwise(const lcl_depthwise *p) {
    const size_t kernel = p->kernel;
    for (size_t plane = 0; plane < p->planes; plane++)
        for (size_t y = 0; y < p->out_rows; y++)
            for (size_t x = 0; x < p->out_width; x++) {
                float sum[LCL_LANES];
                memcpy(sum, p->bias + plane * LCL_LANES, sizeof sum);
                for (size_t tap = 0; tap < kernel * kernel; tap++) {
                    const size_t iy = y * p->stride + tap / kernel, ix = x * p->stride + tap % kernel;
                    const float *in = p->in + plane * p->in_plane + iy * p->in_row + ix * LCL_LANES;
                    const float *w = p->weights + (plane * kernel * kernel + tap) * LCL_LANES;
                    for (int j = 0; j < LCL_LANES; j++) sum[j] += in[j] * w[j];
                }
                float *out = p->out + plane * p->out_plane + (y * p->out_width + x) * LCL_LANES;
                for (int j = 0; j < LCL_LANES; j++) out[j] = relu6(sum[j]);
            }
}

/// IEEE 754-2008, 3.6: sign, 5 bits of exponent (bias 15), 10 bits of fraction.
static float half_to_float(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, fraction = half & 0x3ff;
    uint32_t bits;
    float value;
    if (exponent == 0) {
        value = ldexpf((float)fraction, -24);
        memcpy(&bits, &value, sizeof bits);
    } else if (exponent == 31) {
        bits = 0x7f800000 | fraction << 13 | (fraction ? 1u << 22 : 0);  // NaNs become quiet, as the hardware makes them
    } else {
        bits = (uint32_t)(exponent - 15 + 127) << 23 | fraction << 13;
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void halves_to_floats(const uint16_t *half, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = half_to_float(half[i]);
}

const lcl_kernels *lcl_kernels_plain(void) {
    static const lcl_kernels plain = {"plain", linear, depthwise, halves_to_floats, lcl_sha256_plain};
    return &plain;
}

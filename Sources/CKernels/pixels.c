// SPDX-License-Identifier: Apache-2.0
// The two ends of the network, where the compiler's own vectorisation does.
#include "CKernels.h"

void lcl_unpack_pixels(const uint8_t *const rows[3], size_t width, float *out) {
    for (int y = 0; y < 3; y++) {
        const uint8_t *in = rows[y];
        float *to = out + 3 * y;
        for (size_t x = 0; x < width; x++, to += 9)
            for (int c = 0; c < 3; c++) to[c] = in ? ((float)in[3 * x + c] - 127) / 128 : 0;
        for (int c = 0; c < 3; c++) to[c] = 0;
    }
}

static void pool_max(const float *in, size_t pixels, float *max) {
    float best[LCL_LANES];
    for (int j = 0; j < LCL_LANES; j++) best[j] = max[j];
    for (size_t i = 0; i < pixels; i++)
        for (int j = 0; j < LCL_LANES; j++) best[j] = in[i * LCL_LANES + j] > best[j] ? in[i * LCL_LANES + j] : best[j];
    for (int j = 0; j < LCL_LANES; j++) max[j] = best[j];
}

static void pool_sum(const float *in, size_t pixels, float *sum) {
    double total[LCL_LANES];  // 12,544 values of one sign would lose three digits in single precision
    for (int j = 0; j < LCL_LANES; j++) total[j] = sum[j];
    for (size_t i = 0; i < pixels; i++)
        for (int j = 0; j < LCL_LANES; j++) total[j] += in[i * LCL_LANES + j];
    for (int j = 0; j < LCL_LANES; j++) sum[j] = (float)total[j];
}

void lcl_pool(const float *in, size_t pixels, size_t planes, size_t plane_stride, float *max, float *sum) {
    for (size_t plane = 0; plane < planes; plane++) {
        if (max) pool_max(in + plane * plane_stride, pixels, max + plane * LCL_LANES);
        if (sum) pool_sum(in + plane * plane_stride, pixels, sum + plane * LCL_LANES);
    }
}

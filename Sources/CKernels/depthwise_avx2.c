// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution, AVX2 and FMA: 14, 7 or 1 neighbouring outputs of 8 channels at a time, so that each weight is
// loaded once for all of them.
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

AVX2 INLINE void outputs(const int count, const int kernel, const int stride, const float *in, size_t in_row,
                         const float *w, const float *bias, float *out) {
    __m256 acc[14];
#pragma unroll
    for (int i = 0; i < count; i++) acc[i] = _mm256_loadu_ps(bias);
#pragma unroll 1
    for (int ky = 0; ky < kernel; ky++, in += in_row)
#pragma unroll
        for (int kx = 0; kx < kernel; kx++, w += LCL_LANES) {
            __m256 weight = _mm256_loadu_ps(w);
#pragma unroll
            for (int i = 0; i < count; i++)
                acc[i] = _mm256_fmadd_ps(_mm256_loadu_ps(in + (i * stride + kx) * LCL_LANES), weight, acc[i]);
        }
#pragma unroll
    for (int i = 0; i < count; i++)
        _mm256_storeu_ps(out + i * LCL_LANES, _mm256_min_ps(_mm256_max_ps(acc[i], _mm256_setzero_ps()), _mm256_set1_ps(6)));
}

AVX2 INLINE void convolve(const int kernel, const int stride, const lcl_depthwise *p) {
    for (size_t plane = 0; plane < p->planes; plane++) {
        const float *in = p->in + plane * p->in_plane;
        const float *w = p->weights + plane * kernel * kernel * LCL_LANES, *bias = p->bias + plane * LCL_LANES;
        float *out = p->out + plane * p->out_plane;
        for (size_t y = 0; y < p->out_rows; y++, in += stride * p->in_row) {
            const float *at = in;
            size_t left = p->out_width;
            for (; left >= 14; left -= 14, at += 14 * stride * LCL_LANES, out += 14 * LCL_LANES)
                outputs(14, kernel, stride, at, p->in_row, w, bias, out);
            for (; left >= 7; left -= 7, at += 7 * stride * LCL_LANES, out += 7 * LCL_LANES)
                outputs(7, kernel, stride, at, p->in_row, w, bias, out);
            for (; left > 0; left--, at += stride * LCL_LANES, out += LCL_LANES)
                outputs(1, kernel, stride, at, p->in_row, w, bias, out);
        }
    }
}

AVX2 static void convolve_3x3_1(const lcl_depthwise *p) { convolve(3, 1, p); }
AVX2 static void convolve_3x3_2(const lcl_depthwise *p) { convolve(3, 2, p); }
AVX2 static void convolve_5x5_1(const lcl_depthwise *p) { convolve(5, 1, p); }
AVX2 static void convolve_5x5_2(const lcl_depthwise *p) { convolve(5, 2, p); }

void lcl_depthwise_avx2(const lcl_depthwise *p) {
    if (p->kernel == 3) return p->stride == 1 ? convolve_3x3_1(p) : convolve_3x3_2(p);
    return p->stride == 1 ? convolve_5x5_1(p) : convolve_5x5_2(p);
}
#endif

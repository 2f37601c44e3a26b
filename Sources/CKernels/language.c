// SPDX-License-Identifier: Apache-2.0
// Row by row arithmetic of transformers. Sums run over 8 lanes, then over the lanes in order: a row's bits depend on nothing
// else. Vectors are the compiler's own, so that one text serves every instruction set.
#include "language.h"

// Passing these vectors has no agreed form without AVX; every function that takes one is inlined, so none is passed.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v8 __attribute__((vector_size(32), aligned(4)));
typedef int32_t i8 __attribute__((vector_size(32), aligned(4)));

INLINE v8 load(const float *p) { return *(const v8 *)p; }
INLINE void store(float *p, v8 x) { *(v8 *)p = x; }
INLINE v8 all(float x) { return (v8){x, x, x, x, x, x, x, x}; }
INLINE v8 pick(i8 mask, v8 yes, v8 no) { return (v8)((mask & (i8)yes) | (~mask & (i8)no)); }
INLINE float sum(v8 x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }

/// e^x to 1e-7 of its value; 0 below -87, where the smallest normal number ends. Range reduction to |r| <= ln 2 / 2 and
/// the Taylor polynomial of degree 7.
INLINE v8 exp8(v8 x) {
    const v8 magic = all(0x1.8p23f);
    const i8 vanishes = x < all(-87);
    x = pick(x < all(-87), all(-87), pick(x > all(88), all(88), x));
    const v8 n = (x * all(1.44269504f) + magic) - magic;
    const v8 r = (x - n * all(0.693359375f)) + n * all(2.12194440e-4f);
    v8 y = all(1.f / 5040);
    y = y * r + all(1.f / 720);
    y = y * r + all(1.f / 120);
    y = y * r + all(1.f / 24);
    y = y * r + all(1.f / 6);
    y = y * r + all(0.5f);
    y = y * r + all(1);
    y = y * r + all(1);
    const i8 power = (__builtin_convertvector(n, i8) + 127) << 23;
    return pick(vanishes, all(0), y * (v8)power);
}

VARIANTS void lcl_softmax(float *x, size_t n) {
    v8 top = load(x);
    for (size_t i = 8; i < n; i += 8) top = pick(load(x + i) > top, load(x + i), top);
    float highest = top[0];
    for (int i = 1; i < 8; i++) highest = top[i] > highest ? top[i] : highest;
    v8 total = all(0);
    for (size_t i = 0; i < n; i += 8) {
        const v8 y = exp8(load(x + i) - all(highest));
        store(x + i, y);
        total += y;
    }
    const v8 scale = all(1 / sum(total));
    for (size_t i = 0; i < n; i += 8) store(x + i, load(x + i) * scale);
}

VARIANTS void lcl_log_sum_exp(const float *x, size_t n, float *highest, float *total) {
    float top = x[0];
    size_t i = 0;
    if (n >= 8) {
        v8 tops = load(x);
        for (i = 8; i + 8 <= n; i += 8) tops = pick(load(x + i) > tops, load(x + i), tops);
        for (int j = 0; j < 8; j++) top = tops[j] > top ? tops[j] : top;
    }
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    v8 totals = all(0);
    for (i = 0; i + 8 <= n; i += 8) totals += exp8(load(x + i) - all(top));
    v8 rest = all(-1000);
    for (int j = 0; i < n; i++, j++) rest[j] = x[i] - top;
    *highest = top;
    *total = sum(totals + exp8(rest));
}

VARIANTS void lcl_rms_norm(const float *x, const float *weight, float epsilon, size_t n, float *out) {
    v8 squares = all(0);
    for (size_t i = 0; i < n; i += 8) squares += load(x + i) * load(x + i);
    const v8 scale = all(1 / __builtin_sqrtf(sum(squares) / (float)n + epsilon));
    for (size_t i = 0; i < n; i += 8) store(out + i, load(x + i) * scale * load(weight + i));
}

VARIANTS void lcl_layer_norm(const float *x, const float *weight, const float *bias, float epsilon, size_t n, float *out) {
    v8 total = all(0), squares = all(0);
    for (size_t i = 0; i < n; i += 8) total += load(x + i);
    const v8 mean = all(sum(total) / (float)n);
    for (size_t i = 0; i < n; i += 8) squares += (load(x + i) - mean) * (load(x + i) - mean);
    const v8 scale = all(1 / __builtin_sqrtf(sum(squares) / (float)n + epsilon));
    for (size_t i = 0; i < n; i += 8) store(out + i, (load(x + i) - mean) * scale * load(weight + i) + load(bias + i));
}

/// The error function to 2e-7: Abramowitz and Stegun, 7.1.26.
INLINE v8 erf8(v8 x) {
    const v8 far = pick(x < all(0), -x, x), t = all(1) / (all(1) + all(0.3275911f) * far);
    const v8 tail = ((((all(1.061405429f) * t - all(1.453152027f)) * t + all(1.421413741f)) * t - all(0.284496736f)) * t + all(0.254829592f)) * t;
    const v8 y = all(1) - tail * exp8(-far * far);
    return pick(x < all(0), -y, y);
}

INLINE void gelu(float *x, size_t n, const int kind) {
    for (size_t i = 0; i < n; i += 8) {
        const v8 y = load(x + i);
        if (kind == LCL_GELU)
            store(x + i, all(0.5f) * y * (all(1) + erf8(y * all(0.70710678f))));
        else  // x (1 + tanh u) / 2 = x / (1 + e^-2u)
            store(x + i, y / (all(1) + exp8(kind == LCL_GELU_QUICK ? all(-1.702f) * y : all(-1.5957691f) * (y + all(0.044715f) * y * y * y))));
    }
}

VARIANTS void lcl_gelu(float *x, size_t n, int kind) {
    switch (kind) {
    case LCL_GELU: return gelu(x, n, LCL_GELU);
    case LCL_GELU_TANH: return gelu(x, n, LCL_GELU_TANH);
    default: return gelu(x, n, LCL_GELU_QUICK);
    }
}

VARIANTS void lcl_silu_product(float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        const v8 x = load(gate + i);
        store(gate + i, x / (all(1) + exp8(-x)) * load(up + i));
    }
}

VARIANTS void lcl_rotate_pairs(float *x, const float *cosine, const float *sine, size_t half, bool adjacent) {
    for (size_t i = 0; i < half; i++) {
        float *a = adjacent ? x + 2 * i : x + i, *b = adjacent ? a + 1 : a + half;
        const float p = *a, q = *b;
        *a = p * cosine[i] - q * sine[i];
        *b = q * cosine[i] + p * sine[i];
    }
}

VARIANTS void lcl_dots(const float *q, const float *keys, size_t stride, size_t count, size_t size, float *out) {
    for (size_t j = 0; j < count; j++, keys += stride) {
        v8 total = all(0);
        for (size_t i = 0; i < size; i += 8) total += load(q + i) * load(keys + i);
        out[j] = sum(total);
    }
}

VARIANTS void lcl_weighted_sum(const float *weights, const float *values, size_t stride, size_t count, size_t size, float *out) {
    for (size_t j = 0; j < count; j++, values += stride)
        for (size_t i = 0; i < size; i += 8) store(out + i, load(out + i) + all(weights[j]) * load(values + i));
}

#define ZIP(A, B, ...) __builtin_shufflevector(A, B, __VA_ARGS__)

/// An 8 x 8 transposition: pairs, pairs of pairs, halves.
INLINE void transpose(const float *in, size_t stride, float *out, size_t out_stride) {
    v8 a[8], b[8];
    for (int i = 0; i < 8; i++) a[i] = load(in + i * stride);
    for (int i = 0; i < 8; i += 2) {
        b[i] = ZIP(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        b[i + 1] = ZIP(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            a[i + 2 * j] = ZIP(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            a[i + 2 * j + 1] = ZIP(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        store(out + i * out_stride, ZIP(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
        store(out + (i + 4) * out_stride, ZIP(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
    }
}

VARIANTS void lcl_pack_panel(const float *weights, size_t stride, size_t k, float *packed) {
    size_t i = 0;
    for (; i + 8 <= k; i += 8)
        for (int j = 0; j < 16; j += 8) transpose(weights + j * stride + i, stride, packed + i * 16 + j, 16);
    for (; i < k; i++)
        for (int j = 0; j < 16; j++) packed[i * 16 + j] = weights[j * stride + i];
}

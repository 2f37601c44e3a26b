// SPDX-License-Identifier: Apache-2.0
// The arithmetic that Swift cannot express: code for one instruction set, chosen at run time. Nothing here allocates,
// keeps state or checks shapes; LCLTensor and LCLDigest do that before they call.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Activations lie in *planes* of 8 channels: element (row, channel) of a matrix is at
/// `base + row * row_stride + (channel / 8) * plane_stride + channel % 8`. A plain row-major matrix is the special case
/// `plane_stride = 8`, `row_stride = columns`; a picture in planes has `row_stride = 8`, a row being one pixel.
enum { LCL_LANES = 8 };

/// c = f(a * weights + bias [+ residual]) on m rows, f = ReLU6 or nothing. Also a 1x1 convolution.
/// Every element is one chain of additions, k ascending, from the bias on: its bits do not depend on m or its row.
typedef struct {
    size_t m, k, n;              ///< rows; inputs; outputs, rounded up to LCL_LANES by the packing
    const float *a;
    size_t a_row, a_plane;       ///< strides, in floats
    const float *weights;        ///< packed by lcl_pack_weights
    const float *bias;           ///< n values, zeros up to a multiple of LCL_LANES
    const float *residual;       ///< placed like c, which it must not overlap; or NULL
    float *c;
    size_t c_row, c_plane;
    size_t c_group, c_gap;       ///< after every c_group rows of c, c_gap floats are skipped (borders of a padded picture)
    bool relu6;
} lcl_linear;

/// Depthwise convolution with bias and ReLU6 on planes: `out_rows x out_width` pixels, from a padded picture.
typedef struct {
    size_t planes, kernel, stride;
    const float *in;             ///< its first row and column are the first that the first output reads
    size_t in_row, in_plane;     ///< strides, in floats; a pixel is LCL_LANES floats
    const float *weights;        ///< [planes][kernel][kernel][LCL_LANES]
    const float *bias;           ///< [planes][LCL_LANES]
    float *out;
    size_t out_rows, out_width, out_plane;
} lcl_depthwise;

/// One instruction set's code. All of them compute the same thing, to the last bits of rounding.
typedef struct {
    const char *name;
    void (*linear)(const lcl_linear *);
    void (*depthwise)(const lcl_depthwise *);
    /// IEEE binary16 to binary32, exact.
    void (*half_to_float)(const uint16_t *half, float *out, size_t count);
    /// Runs the SHA-256 compression function over whole blocks of 64 bytes.
    void (*sha256)(uint32_t state[8], const uint8_t *blocks, size_t count);
} lcl_kernels;

/// Portable C: the reference that the others are tested against, and the fallback.
const lcl_kernels *lcl_kernels_plain(void);
/// The fastest that this processor runs; the same for the life of the process.
const lcl_kernels *lcl_kernels_best(void);
/// Without AVX-512, where there is AVX2: what faster code must equal to the last bit.
const lcl_kernels *lcl_kernels_avx2(void);

/// Floats that the packed form of [n x k] weights takes.
size_t lcl_packed_size(size_t n, size_t k);
/// Width of the panel of outputs that starts at output `first` of n: 8, 16 or 24.
size_t lcl_panel_width(size_t n, size_t first);
/// Packs weights [n x k], row-major, as panels of outputs: [panel][k][width], the last padded with zeros.
void lcl_pack_weights(const float *weights, size_t n, size_t k, float *packed);

/// One row of 3x3 patches with stride 2: input rows y, y+1, y+2 of RGB bytes (a NULL row is outside) to
/// out[width + 1][3 rows][3 colours], (byte - 127) / 128; outside is 0. Patch x starts at out + 18 x.
void lcl_unpack_pixels(const uint8_t *const rows[3], size_t width, float *out);

/// Maximum and sum over a picture's pixels, each channel by itself, folded into max and sum (either may be NULL).
void lcl_pool(const float *in, size_t pixels, size_t planes, size_t plane_stride, float *max, float *sum);

/// Blocks of weights, as a GGUF file stores them, to floats.
typedef void (*lcl_dequantizer)(const uint8_t *blocks, float *out, size_t count);
/// For GGML's number of a tensor type (F32 0, F16 1, Q4_0 2, ...); NULL where it is not known.
lcl_dequantizer lcl_dequantizer_of(uint32_t type);

// Transformers, row by row. Sizes called "whole" are multiples of LCL_LANES.

/// x[n] becomes e^x / sum e^x, n whole; -INFINITY becomes 0, but one value at least is finite.
void lcl_softmax(float *x, size_t n);
/// The maximum of x[n], n > 0, and sum e^(x - maximum).
void lcl_log_sum_exp(const float *x, size_t n, float *highest, float *total);
/// out = x / sqrt(mean x^2 + epsilon) * weight, n whole. Zhang and Sennrich, arXiv 1910.07467.
void lcl_rms_norm(const float *x, const float *weight, float epsilon, size_t n, float *out);
/// out = (x - mean x) / sqrt(variance x + epsilon) * weight + bias, n whole. Ba et al., arXiv 1607.06450.
void lcl_layer_norm(const float *x, const float *weight, const float *bias, float epsilon, size_t n, float *out);
/// GELU (Hendrycks and Gimpel, arXiv 1606.08415), as written, or one of its two approximations.
enum { LCL_GELU, LCL_GELU_TANH, LCL_GELU_QUICK };
/// x[n] becomes GELU(x), n whole.
void lcl_gelu(float *x, size_t n, int kind);
/// gate = gate / (1 + e^-gate) * up, n whole. Shazeer, arXiv 2002.05202.
void lcl_silu_product(float *gate, const float *up, size_t n);
/// Rotates the pairs (2i, 2i + 1) or (i, i + half) of one head by the angles given. Su et al., arXiv 2104.09864.
void lcl_rotate_pairs(float *x, const float *cosine, const float *sine, size_t half, bool adjacent);
/// out[j] = q . keys[j], size whole.
void lcl_dots(const float *q, const float *keys, size_t stride, size_t count, size_t size, float *out);
/// out += sum over j of weights[j] * values[j], size whole.
void lcl_weighted_sum(const float *weights, const float *values, size_t stride, size_t count, size_t size, float *out);
/// One panel of 16 outputs as lcl_pack_weights makes it, from rows of k floats, `stride` apart; faster.
void lcl_pack_panel(const float *weights, size_t stride, size_t k, float *packed);

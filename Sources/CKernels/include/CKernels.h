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

// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"

static size_t lanes(size_t n) { return (n + LCL_LANES - 1) / LCL_LANES; }

// Panels of 16; an odd number of lanes begins with one panel of 24, so that only n <= 8 has a narrow one.
size_t lcl_panel_width(size_t n, size_t first) {
    size_t left = lanes(n) - first / LCL_LANES;
    if (left % 2 == 0) return 2 * LCL_LANES;
    return left >= 3 ? 3 * LCL_LANES : LCL_LANES;
}

size_t lcl_packed_size(size_t n, size_t k) { return lanes(n) * LCL_LANES * k; }

void lcl_pack_weights(const float *weights, size_t n, size_t k, float *packed) {
    size_t width;
    for (size_t first = 0; first < n; first += width) {
        width = lcl_panel_width(n, first);
        for (size_t i = 0; i < k; i++)
            for (size_t j = first; j < first + width; j++) *packed++ = j < n ? weights[j * k + i] : 0;
    }
}

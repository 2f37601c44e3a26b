// SPDX-License-Identifier: Apache-2.0
// Between the files of this module.
#pragma once
#include "CKernels.h"

/// Rows at a time such that their inputs stay in the second-level cache while all outputs are computed.
static inline size_t lcl_rows_per_chunk(size_t k) {
    size_t rows = 160 * 1024 / (sizeof(float) * (k ? k : 1));
    return rows < 48 ? 48 : rows;
}

#if defined(__x86_64__)
void lcl_linear_avx2(const lcl_linear *);
void lcl_depthwise_avx2(const lcl_depthwise *);
void lcl_half_to_float_f16c(const uint16_t *half, float *out, size_t count);
void lcl_sha256_ni(uint32_t state[8], const uint8_t *blocks, size_t count);
#endif
void lcl_sha256_plain(uint32_t state[8], const uint8_t *blocks, size_t count);

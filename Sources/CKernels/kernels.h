// SPDX-License-Identifier: Apache-2.0
// Between the files of this module.
#pragma once
#include "CKernels.h"

#if defined(__x86_64__)
void lcl_linear_avx2(const lcl_linear *);
void lcl_linear_avx512(const lcl_linear *);
void lcl_depthwise_avx2(const lcl_depthwise *);
void lcl_half_to_float_f16c(const uint16_t *half, float *out, size_t count);
void lcl_sha256_ni(uint32_t state[8], const uint8_t *blocks, size_t count);
#endif
void lcl_sha256_plain(uint32_t state[8], const uint8_t *blocks, size_t count);

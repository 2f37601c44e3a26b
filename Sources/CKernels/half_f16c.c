// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx,f16c"))) void lcl_half_to_float_f16c(const uint16_t *half, float *out, size_t count) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(half + i))));
    for (; i < count; i++) out[i] = _cvtsh_ss(half[i]);
}
#endif

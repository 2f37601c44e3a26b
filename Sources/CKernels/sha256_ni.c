// SPDX-License-Identifier: Apache-2.0
// SHA-256 on the SHA extensions (Intel SDM volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2): four rounds a step. The
// instructions want the state as two vectors, {a, b, e, f} and {c, d, g, h}, highest word first.
#include "sha256.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define SHA __attribute__((target("sha,sse4.1,ssse3")))

SHA void lcl_sha256_ni(uint32_t state[8], const uint8_t *blocks, size_t count) {
    const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    const __m128i *constants = (const __m128i *)lcl_sha256_constants;
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);

    for (; count > 0; count--, blocks += 64) {
        const __m128i before_abef = abef, before_cdgh = cdgh;
        __m128i w[4];
#pragma unroll
        for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)blocks + i), swap);
#pragma unroll
        for (int i = 0; i < 16; i++) {
            const __m128i now = w[i % 4], plus = _mm_add_epi32(now, _mm_load_si128(constants + i));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, plus);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(plus, 0x0e));
            // The four words sixteen rounds on; those of the last four steps are never read.
            const __m128i last = w[(i + 3) % 4];
            const __m128i seven_back = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
            w[i % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) % 4]), seven_back), last);
        }
        abef = _mm_add_epi32(abef, before_abef);
        cdgh = _mm_add_epi32(cdgh, before_cdgh);
    }

    state[0] = (uint32_t)_mm_extract_epi32(abef, 3);
    state[1] = (uint32_t)_mm_extract_epi32(abef, 2);
    state[4] = (uint32_t)_mm_extract_epi32(abef, 1);
    state[5] = (uint32_t)_mm_extract_epi32(abef, 0);
    state[2] = (uint32_t)_mm_extract_epi32(cdgh, 3);
    state[3] = (uint32_t)_mm_extract_epi32(cdgh, 2);
    state[6] = (uint32_t)_mm_extract_epi32(cdgh, 1);
    state[7] = (uint32_t)_mm_extract_epi32(cdgh, 0);
}
#endif

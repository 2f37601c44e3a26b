// SPDX-License-Identifier: Apache-2.0
// SHA-256's compression function as FIPS 180-4 section 6.2.2 writes it.
#include "sha256.h"

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t big_endian(const uint8_t *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/// One round. Instead of moving the eight words one place on, the next round is called with their names moved.
static inline void sha_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g, uint32_t *h,
                             uint32_t constant_and_word) {
    const uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25), choice = (e & f) ^ (~e & g);
    const uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22), majority = (a & b) ^ (a & c) ^ (b & c);
    const uint32_t t1 = *h + sum1 + choice + constant_and_word;
    *d += t1;
    *h = t1 + sum0 + majority;
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++) w[t] = big_endian(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        const uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        const uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    for (int t = 0; t < 64; t++) w[t] += lcl_sha256_constants[t];

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t += 8) {
        sha_round(a, b, c, &d, e, f, g, &h, w[t]);
        sha_round(h, a, b, &c, d, e, f, &g, w[t + 1]);
        sha_round(g, h, a, &b, c, d, e, &f, w[t + 2]);
        sha_round(f, g, h, &a, b, c, d, &e, w[t + 3]);
        sha_round(e, f, g, &h, a, b, c, &d, w[t + 4]);
        sha_round(d, e, f, &g, h, a, b, &c, w[t + 5]);
        sha_round(c, d, e, &f, g, h, a, &b, w[t + 6]);
        sha_round(b, c, d, &e, f, g, h, &a, w[t + 7]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void lcl_sha256_plain(uint32_t state[8], const uint8_t *blocks, size_t count) {
    for (; count > 0; count--, blocks += 64) compress(state, blocks);
}

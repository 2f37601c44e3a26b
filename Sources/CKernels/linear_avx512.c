// SPDX-License-Identifier: Apache-2.0
// The matrix product, AVX-512: a register tile of up to 12 rows x 32 outputs, two packed panels of 16 side by side. Every element is
// the same chain of fused additions as in linear_avx2.c, so the results are the same bits.
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>

// VL, although no instruction of it is meant: without it every vector that is ever cut in half must be one of the lower 16 registers,
// and the sums of a tile spill.
#define AVX512 __attribute__((target("avx512f,avx512vl,avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

// Two panels of 384 x 16 weights are 48 KiB: they stream from the second-level cache where the first has no more. Partial sums wait in c.
enum { K_BLOCK = 384, MAX_ROWS = 12, WIDTH = 16 };

/// Rows at a time, about: their inputs stay in the second-level cache while all outputs are computed.
static size_t rows_per_chunk(size_t k) {
    const size_t rows = 320 * 1024 / (sizeof(float) * (k ? k : 1));
    return rows < 72 ? 72 : rows;
}

typedef struct {
    const float *a, *w[2], *bias, *residual;
    float *c;
    size_t at[MAX_ROWS];         ///< where each row of the tile begins, from c and from residual
    size_t a_row, a_plane, k, c_plane;
    bool first, last, relu6;
} tile_args;

/// 16 outputs: one register where planes are adjacent (dense), else two halves.
AVX512 INLINE __m512 load16(const bool dense, const float *p, size_t plane) {
    if (dense) return _mm512_loadu_ps(p);
    const __m512 low = _mm512_castps256_ps512(_mm256_loadu_ps(p));
    return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(low), _mm256_castps_pd(_mm256_loadu_ps(p + plane)), 1));
}

AVX512 INLINE void store16(const bool dense, float *p, size_t plane, __m512 x) {
    if (dense) {
        _mm512_storeu_ps(p, x);
        return;
    }
    _mm256_storeu_ps(p, _mm512_castps512_ps256(x));
    _mm256_storeu_ps(p + plane, _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1)));
}

/// One step of k for a whole tile; rows three by three, so that few registers hold their addresses.
AVX512 INLINE void step(const int mr, const int nv, const float *const a[4], size_t a_row, const float *const w[2], size_t k,
                        __m512 acc[MAX_ROWS][2]) {
    __m512 b[2];
#pragma unroll
    for (int j = 0; j < nv; j++) b[j] = _mm512_loadu_ps(w[j] + k * WIDTH);
#pragma unroll
    for (int i = 0; i < mr; i++) {
        const __m512 x = _mm512_set1_ps(a[i / 3][(size_t)(i % 3) * a_row + k]);
#pragma unroll
        for (int j = 0; j < nv; j++) acc[i][j] = _mm512_fmadd_ps(x, b[j], acc[i][j]);
    }
    // The compiler would load the next steps' values early, and spill sums for them; the processor looks ahead by itself.
    __asm__ volatile("" ::: "memory");
}

// Each sum of the tile, unrolled, so that all of them stay in registers.
#define EACH(...)                       \
    _Pragma("unroll") for (int i = 0; i < mr; i++) \
        _Pragma("unroll") for (int j = 0; j < nv; j++) { __VA_ARGS__; }

AVX512 INLINE void tile(const int mr, const int nv, const bool dense, const tile_args *t) {
    __m512 acc[MAX_ROWS][2];
    if (t->first) {
        EACH(acc[i][j] = _mm512_loadu_ps(t->bias + j * WIDTH))
    } else {
        EACH(acc[i][j] = load16(dense, t->c + t->at[i] + (size_t)j * 2 * t->c_plane, t->c_plane))
    }

    const size_t a_row = t->a_row;
    const float *a[4] = {t->a, t->a + 3 * a_row, t->a + 6 * a_row, t->a + 9 * a_row}, *w[2] = {t->w[0], t->w[1]};
    for (size_t plane = t->k / LCL_LANES; plane > 0; plane--) {
#pragma unroll
        for (int k = 0; k < LCL_LANES; k++) step(mr, nv, a, a_row, w, (size_t)k, acc);
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] += t->a_plane;
#pragma unroll
        for (int j = 0; j < nv; j++) w[j] += LCL_LANES * WIDTH;
    }
    for (size_t k = 0; k < t->k % LCL_LANES; k++) step(mr, nv, a, a_row, w, k, acc);

    if (t->last && t->residual) {
        EACH(acc[i][j] = _mm512_add_ps(acc[i][j], load16(dense, t->residual + t->at[i] + (size_t)j * 2 * t->c_plane, t->c_plane)))
    }
    if (t->last && t->relu6) {
        EACH(acc[i][j] = _mm512_min_ps(_mm512_max_ps(acc[i][j], _mm512_setzero_ps()), _mm512_set1_ps(6)))
    }
    EACH(store16(dense, t->c + t->at[i] + (size_t)j * 2 * t->c_plane, t->c_plane, acc[i][j]))
}

#define TILE(MR, NV, DENSE) AVX512 static void tile_##MR##x##NV##_##DENSE(const tile_args *t) { tile(MR, NV, DENSE, t); }
#define ROW(MR) TILE(MR, 1, 0) TILE(MR, 2, 0) TILE(MR, 1, 1) TILE(MR, 2, 1)
ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11) ROW(12)

typedef void (*tile_function)(const tile_args *);
#define PANELS(MR) {{tile_##MR##x1_0, tile_##MR##x2_0}, {tile_##MR##x1_1, tile_##MR##x2_1}}
/// [rows - 1][dense][panels - 1]
static const tile_function tiles[MAX_ROWS][2][2] = {PANELS(1), PANELS(2), PANELS(3), PANELS(4),  PANELS(5),  PANELS(6),
                                                    PANELS(7), PANELS(8), PANELS(9), PANELS(10), PANELS(11), PANELS(12)};

/// Walks over the rows of c: where the next one begins, and how many of its group came before it.
typedef struct {
    size_t next, in_group;
} row_cursor;

static void place_rows(const lcl_linear *p, row_cursor *cursor, size_t rows, size_t at[MAX_ROWS]) {
    for (size_t i = 0; i < rows; i++) {
        at[i] = cursor->next;
        cursor->next += p->c_row;
        if (++cursor->in_group == p->c_group) cursor->in_group = 0, cursor->next += p->c_gap;
    }
}

/// One or two panels of outputs for rows [row, end), in tiles of nearly equal height.
static void panels(const lcl_linear *p, size_t row, size_t end, size_t count_of_panels, const float *a, tile_args *t) {
    const size_t count = (end - row + MAX_ROWS - 1) / MAX_ROWS, least = (end - row) / count, higher = (end - row) % count;
    row_cursor cursor = {row * p->c_row + row / p->c_group * p->c_gap, row % p->c_group};
    a += row * p->a_row;
    for (size_t i = 0; i < count; i++) {
        const size_t rows = i < higher ? least + 1 : least;
        t->a = a;
        place_rows(p, &cursor, rows, t->at);
        tiles[rows - 1][p->c_plane == LCL_LANES][count_of_panels - 1](t);
        a += rows * p->a_row;
    }
}

/// The outputs [first, n) of rows [row, end), all in panels of 16.
static void rows_of_panels(const lcl_linear *p, size_t first, size_t row, size_t end) {
    tile_args t = {.a_row = p->a_row, .a_plane = p->a_plane, .c_plane = p->c_plane, .relu6 = p->relu6};
    size_t count;
    for (; first < p->n; first += count * WIDTH) {
        count = p->n - first >= 2 * WIDTH ? 2 : 1;
        const size_t to = first / LCL_LANES * p->c_plane;
        t.bias = p->bias + first;
        t.c = p->c + to;
        t.residual = p->residual ? p->residual + to : NULL;
        for (size_t k = 0; k < p->k; k += K_BLOCK) {
            t.first = k == 0;
            t.last = k + K_BLOCK >= p->k;
            t.k = t.last ? p->k - k : K_BLOCK;
            t.w[0] = p->weights + first * p->k + k * WIDTH;
            t.w[1] = count == 2 ? t.w[0] + WIDTH * p->k : t.w[0];
            panels(p, row, end, count, p->a + k / LCL_LANES * p->a_plane, &t);
        }
    }
}

void lcl_linear_avx512(const lcl_linear *p) {
    const size_t width = p->n > 0 ? lcl_panel_width(p->n, 0) : WIDTH, narrow = width == WIDTH ? 0 : width;
    if (narrow) {  // the odd panel of 8 or 24 comes first
        lcl_linear part = *p;
        part.n = narrow;
        lcl_linear_avx2(&part);
    }
    if (p->m == 0 || p->k == 0) return lcl_linear_avx2(p);
    const size_t chunks = (p->m + rows_per_chunk(p->k) - 1) / rows_per_chunk(p->k);
    for (size_t chunk = 0; chunk < chunks; chunk++) rows_of_panels(p, narrow, p->m * chunk / chunks, p->m * (chunk + 1) / chunks);
}
#endif

// SPDX-License-Identifier: Apache-2.0
// The matrix product, AVX2 and FMA: a register tile of up to 6 rows x 16 or 3 x 24 outputs, weights in packed panels.
// After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34(3), 2008).
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

// Inputs at a time: a panel of 16 x 256 weights is 16 KiB, half the first-level cache. Partial sums wait in c.
enum { K_BLOCK = 256, MAX_ROWS = 6 };

/// Rows at a time, about: their inputs stay in the second-level cache while all outputs are computed.
static size_t rows_per_chunk(size_t k) {
    const size_t rows = 160 * 1024 / (sizeof(float) * (k ? k : 1));
    return rows < 64 ? 64 : rows;
}

/// One step of k for a whole tile.
AVX2 INLINE void step(const int mr, const int nv, const float *a, size_t a_row, const float *w, __m256 acc[MAX_ROWS][3]) {
    __m256 b[3];
#pragma unroll
    for (int j = 0; j < nv; j++) b[j] = _mm256_load_ps(w + j * LCL_LANES);
#pragma unroll
    for (int i = 0; i < mr; i++) {
        __m256 x = _mm256_broadcast_ss(a + (size_t)i * a_row);
#pragma unroll
        for (int j = 0; j < nv; j++) acc[i][j] = _mm256_fmadd_ps(x, b[j], acc[i][j]);
    }
}

typedef struct {
    const float *a, *w, *bias, *residual;
    float *c;
    size_t at[MAX_ROWS];         ///< where each row of the tile begins, from c and from residual
    size_t a_row, a_plane, k, c_plane;
    bool first, last, relu6;
} tile_args;

AVX2 INLINE void tile(const int mr, const int nv, const tile_args *t) {
    __m256 acc[MAX_ROWS][3];
#pragma unroll
    for (int i = 0; i < mr; i++)
#pragma unroll
        for (int j = 0; j < nv; j++)
            acc[i][j] = t->first ? _mm256_load_ps(t->bias + j * LCL_LANES) : _mm256_loadu_ps(t->c + t->at[i] + (size_t)j * t->c_plane);

    const float *a = t->a, *w = t->w;
    const size_t a_row = t->a_row, a_plane = t->a_plane;
    for (size_t plane = t->k / LCL_LANES; plane > 0; plane--) {
#pragma unroll
        for (int k = 0; k < LCL_LANES; k++) step(mr, nv, a + k, a_row, w + k * nv * LCL_LANES, acc);
        a += a_plane;
        w += LCL_LANES * nv * LCL_LANES;
    }
    for (size_t k = 0; k < t->k % LCL_LANES; k++) step(mr, nv, a + k, a_row, w + k * nv * LCL_LANES, acc);

#pragma unroll
    for (int i = 0; i < mr; i++)
#pragma unroll
        for (int j = 0; j < nv; j++) {
            const size_t at = t->at[i] + (size_t)j * t->c_plane;
            __m256 y = acc[i][j];
            if (t->last && t->residual) y = _mm256_add_ps(y, _mm256_loadu_ps(t->residual + at));
            if (t->last && t->relu6) y = _mm256_min_ps(_mm256_max_ps(y, _mm256_setzero_ps()), _mm256_set1_ps(6));
            _mm256_storeu_ps(t->c + at, y);
        }
}

#define TILE(MR, NV) AVX2 static void tile_##MR##x##NV(const tile_args *t) { tile(MR, NV, t); }
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
TILE(1, 3) TILE(2, 3) TILE(3, 3)

typedef void (*tile_function)(const tile_args *);
static const tile_function tiles[3][MAX_ROWS] = {
    {tile_1x1, tile_2x1, tile_3x1, tile_4x1, tile_5x1, tile_6x1},
    {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2},
    {tile_1x3, tile_2x3, tile_3x3},
};

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

/// One panel of outputs for rows [row, end), in tiles of nearly equal height: a tile of one row would waste the pipeline.
static void panel(const lcl_linear *p, size_t row, size_t end, size_t width, const float *a, tile_args *t) {
    const size_t nv = width / LCL_LANES, highest = nv == 3 ? 3 : MAX_ROWS;  // 4 x 24 would spill a register
    const size_t count = (end - row + highest - 1) / highest, least = (end - row) / count, higher = (end - row) % count;
    row_cursor cursor = {row * p->c_row + row / p->c_group * p->c_gap, row % p->c_group};
    a += row * p->a_row;
    for (size_t i = 0; i < count; i++) {
        const size_t rows = i < higher ? least + 1 : least;
        t->a = a;
        place_rows(p, &cursor, rows, t->at);
        tiles[nv - 1][rows - 1](t);
        a += rows * p->a_row;
    }
}

void lcl_linear_avx2(const lcl_linear *p) {
    tile_args t = {.a_row = p->a_row, .a_plane = p->a_plane, .c_plane = p->c_plane, .relu6 = p->relu6};
    const size_t chunks = (p->m + rows_per_chunk(p->k) - 1) / rows_per_chunk(p->k);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        const size_t row = p->m * chunk / chunks, end = p->m * (chunk + 1) / chunks;
        size_t width;
        for (size_t first = 0; first < p->n; first += width) {
            width = lcl_panel_width(p->n, first);
            const size_t to = first / LCL_LANES * p->c_plane;
            t.bias = p->bias + first;
            t.c = p->c + to;
            t.residual = p->residual ? p->residual + to : NULL;
            for (size_t k = 0; k < p->k; k += K_BLOCK) {
                t.first = k == 0;
                t.last = k + K_BLOCK >= p->k;
                t.k = t.last ? p->k - k : K_BLOCK;
                t.w = p->weights + first * p->k + k * width;
                panel(p, row, end, width, p->a + k / LCL_LANES * p->a_plane, &t);
            }
        }
    }
}
#endif

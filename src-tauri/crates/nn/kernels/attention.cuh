// softmax(q kᵀ scale + bias) v without the matrix of scores: a block of 128 threads takes some queries
// through all keys, 64 at a time, and keeps the largest score and the sum of a row so far (the online
// softmax of Milakov and Gimelshein, in the order of FlashAttention).
#pragma once

#include "tiles.cuh"

constexpr int KEYS = 64;      // at a time
constexpr int WARPS = 4;      // of a block
constexpr float LOG2_E = 1.44269504f;
constexpr float NOTHING = -INFINITY;

// A matrix of numbers for each head: how many numbers from a batch, head and row to the next.
struct Strides {
    long long batch, head, row;
    __device__ __forceinline__ long long at(int b, int h) const { return b * batch + h * head; }
};

// What is added to the scores, in f32; a stride is 0 where all share it.
struct Bias {
    const float* start;
    long long batch, head, query;
};

// Scores of 16 · TILES queries of a warp and 64 keys, spread as the units leave them.
template <int TILES>
using Scores = float[TILES][KEYS / 8][4];

// Queries and keys in 16 bits.
template <typename T, int D>
struct Exact {
    const T *q, *k;
    Strides q_strides, k_strides;
    int group;  // heads of queries that a head of keys serves
    static constexpr int ROW = D * 2;

    __device__ void fill_queries(Tile<ROW> tile, int b, int h, int first, int rows, int end) const {
        tile.fill((const unsigned char*)(q + q_strides.at(b, h)), q_strides.row * 2, first, rows, end);
    }
    __device__ void fill_keys(Tile<ROW> tile, int b, int h, int first, int end) const {
        tile.fill((const unsigned char*)(k + k_strides.at(b, h / group)), k_strides.row * 2, first, KEYS, end);
    }

    template <int TILES>
    __device__ __forceinline__ void scores(Scores<TILES>& out, Tile<ROW> queries, Tile<ROW> keys,
                                           int, int, int, int) const {
        int lane = threadIdx.x % 32, matrix = lane / 8, row = lane % 8;
        int first = threadIdx.x / 32 * 16 * TILES;
        for (auto& tile : out)
            for (auto& part : tile)
                for (float& score : part) score = 0.f;
#pragma unroll
        for (int step = 0; step < D / 16; step++) {
            uint32_t a[TILES][4];
#pragma unroll
            for (int tile = 0; tile < TILES; tile++)
                load_matrices<false>(a[tile], queries.piece(first + tile * 16 + matrix % 2 * 8 + row,
                                                            step * 2 + matrix / 2));
#pragma unroll
            for (int part = 0; part < KEYS / 16; part++) {
                uint32_t b[4];
                load_matrices<false>(b, keys.piece(part * 16 + matrix / 2 * 8 + row,
                                                   step * 2 + matrix % 2));
                uint32_t low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
                for (int tile = 0; tile < TILES; tile++) {
                    multiply<T>(out[tile][part * 2], a[tile], low);
                    multiply<T>(out[tile][part * 2 + 1], a[tile], high);
                }
            }
        }
    }
};

// As above of whole numbers in 8 bits, with a scale for 16 queries and one for 64 keys.
template <int D>
struct Rounded {
    const int8_t *q, *k;
    const float *q_scales, *k_scales;
    int heads, group, queries, keys;
    static constexpr int ROW = D;

    __device__ long long head(int b, int h) const { return (long long)b * heads + h; }
    __device__ long long k_head(int b, int h) const {
        return (long long)b * (heads / group) + h / group;
    }
    __device__ void fill_queries(Tile<ROW> tile, int b, int h, int first, int rows, int end) const {
        tile.fill((const unsigned char*)q + head(b, h) * queries * D, D, first, rows, end);
    }
    __device__ void fill_keys(Tile<ROW> tile, int b, int h, int first, int end) const {
        tile.fill((const unsigned char*)k + k_head(b, h) * keys * D, D, first, KEYS, end);
    }

    template <int TILES>
    __device__ __forceinline__ void scores(Scores<TILES>& out, Tile<ROW> left, Tile<ROW> right,
                                           int b, int h, int query, int key) const {
        int lane = threadIdx.x % 32, matrix = lane / 8, row = lane % 8;
        int first = threadIdx.x / 32 * 16 * TILES;
        int sums[TILES][KEYS / 8][4] = {};
#pragma unroll
        for (int step = 0; step < D / 32; step++) {
            uint32_t a[TILES][4];
#pragma unroll
            for (int tile = 0; tile < TILES; tile++)
                load_matrices<false>(a[tile], left.piece(first + tile * 16 + matrix % 2 * 8 + row,
                                                         step * 2 + matrix / 2));
#pragma unroll
            for (int part = 0; part < KEYS / 16; part++) {
                uint32_t b[4];
                load_matrices<false>(b, right.piece(part * 16 + matrix / 2 * 8 + row,
                                                    step * 2 + matrix % 2));
                uint32_t low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
                for (int tile = 0; tile < TILES; tile++) {
                    multiply_int8(sums[tile][part * 2], a[tile], low);
                    multiply_int8(sums[tile][part * 2 + 1], a[tile], high);
                }
            }
        }
        int q_groups = (queries + 15) / 16, k_groups = (keys + KEYS - 1) / KEYS;
        float k_scale = k_scales[k_head(b, h) * k_groups + key / KEYS];
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            int group = (query + first) / 16 + tile;
            float scale = group < q_groups ? q_scales[head(b, h) * q_groups + group] * k_scale : 0.f;
#pragma unroll
            for (int part = 0; part < KEYS / 8; part++)
#pragma unroll
                for (int i = 0; i < 4; i++) out[tile][part][i] = sums[tile][part][i] * scale;
        }
    }
};

// What a warp knows of its rows: a thread has rows lane / 4 and 8 below it of each tile.
template <int TILES>
struct Rows {
    float most[TILES][2], sum[TILES][2];
};

// Scores to powers of two relative to the largest so far; what was summed before is scaled down. `scale`
// is above 0.
template <int TILES, int PARTS, int D>
__device__ __forceinline__ void weigh(float (&scores)[TILES][PARTS][4], Rows<TILES>& rows,
                                      float (&out)[TILES][D / 8][4], const Bias& bias, int b, int h,
                                      int query, int key, int queries, int keys, float scale) {
    int lane = threadIdx.x % 32;
    bool is_last = key + PARTS * 8 > keys;
#pragma unroll
    for (int tile = 0; tile < TILES; tile++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            if (bias.start) {
                int row = query + tile * 16 + half * 8 + lane / 4;
                const float* added = bias.start + b * bias.batch + h * bias.head +
                                     (row < queries ? row : queries - 1) * bias.query;
#pragma unroll
                for (int part = 0; part < PARTS; part++)
#pragma unroll
                    for (int i = 0; i < 2; i++) {
                        int at = key + part * 8 + lane % 4 * 2 + i;
                        if (at < keys) scores[tile][part][half * 2 + i] += added[at] * (LOG2_E / scale);
                    }
            }
            float most = rows.most[tile][half];
#pragma unroll
            for (int part = 0; part < PARTS; part++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& score = scores[tile][part][half * 2 + i];
                    if (is_last && key + part * 8 + lane % 4 * 2 + i >= keys) score = NOTHING;
                    most = fmaxf(most, score);
                }
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
            // A row that has seen nothing yet has no largest score.
            float base = most == NOTHING ? 0.f : most * scale;
            float fade = power_of_two(rows.most[tile][half] * scale - base);
            rows.most[tile][half] = most;
            float sum = 0.f;
#pragma unroll
            for (int part = 0; part < PARTS; part++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& score = scores[tile][part][half * 2 + i];
                    score = power_of_two(score * scale - base);
                    sum += score;
                }
            rows.sum[tile][half] = rows.sum[tile][half] * fade + sum;
#pragma unroll
            for (int part = 0; part < D / 8; part++)
#pragma unroll
                for (int i = 0; i < 2; i++) out[tile][part][half * 2 + i] *= fade;
        }
}

// out += weights · values.
template <typename T, int TILES, int D>
__device__ __forceinline__ void gather(float (&out)[TILES][D / 8][4], const Scores<TILES>& weights,
                                       Tile<D * 2> values) {
    int lane = threadIdx.x % 32, matrix = lane / 8, row = lane % 8;
#pragma unroll
    for (int step = 0; step < KEYS / 16; step++) {
        uint32_t a[TILES][4];
#pragma unroll
        for (int tile = 0; tile < TILES; tile++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float(&part)[4] = weights[tile][step * 2 + i / 2];
                a[tile][i] = pair<T>(part[i % 2 * 2], part[i % 2 * 2 + 1]);
            }
#pragma unroll
        for (int part = 0; part < D / 16; part++) {
            uint32_t b[4];
            load_matrices<true>(b, values.piece(step * 16 + matrix % 2 * 8 + row,
                                                part * 2 + matrix / 2));
            uint32_t low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
            for (int tile = 0; tile < TILES; tile++) {
                multiply<T>(out[tile][part * 2], a[tile], low);
                multiply<T>(out[tile][part * 2 + 1], a[tile], high);
            }
        }
    }
}

// Sums as parts of all weights of their rows, from row `first` on to where rows are `apart` numbers apart.
template <typename T, int TILES, int D>
__device__ __forceinline__ void give(const float (&sums)[TILES][D / 8][4], const Rows<TILES>& rows,
                                     T* out, long long apart, int first, int queries) {
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int tile = 0; tile < TILES; tile++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = rows.sum[tile][half];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            // A query that sees nothing is a row of nothing.
            float part_of = sum > 0.f ? 1.f / sum : 0.f;
            int row = first + tile * 16 + half * 8 + lane / 4;
            if (row >= queries) continue;
            T* made = out + row * apart;
#pragma unroll
            for (int part = 0; part < D / 8; part++) {
                const float* two = &sums[tile][part][half * 2];
                *(uint32_t*)(made + part * 8 + lane % 4 * 2) = pair<T>(two[0] * part_of, two[1] * part_of);
            }
        }
}

// blockIdx.x is a group of 64 · TILES queries, blockIdx.y a head of a batch. `scale` is for powers of two.
template <typename T, int D, int TILES, typename Source>
__device__ __forceinline__ void attend(const Source& source, const T* v, T* out, Strides v_strides,
                                       Strides out_strides, Bias bias, int heads, int group,
                                       int queries, int keys, float scale) {
    DYNAMIC_SHARED(memory);
    constexpr int ROWS = WARPS * 16 * TILES;
    Tile<Source::ROW> q_tile{memory};
    Tile<Source::ROW> k_tile{memory + ROWS * Source::ROW};
    Tile<D * 2> v_tile{memory + (ROWS + KEYS) * Source::ROW};
    int b = blockIdx.y / heads, h = blockIdx.y % heads, first = blockIdx.x * ROWS;
    const unsigned char* values = (const unsigned char*)(v + v_strides.at(b, h / group));
    float sums[TILES][D / 8][4] = {};
    Rows<TILES> rows;
    for (int tile = 0; tile < TILES; tile++)
        for (int half = 0; half < 2; half++) {
            rows.most[tile][half] = NOTHING;
            rows.sum[tile][half] = 0.f;
        }
    int own = first + threadIdx.x / 32 * 16 * TILES;

    source.fill_queries(q_tile, b, h, first, ROWS, queries);
    source.fill_keys(k_tile, b, h, 0, keys);
    for (int key = 0; key < keys; key += KEYS) {
        fetched();
        __syncthreads();  // keys are there, and nobody reads the values before these any more
        v_tile.fill(values, v_strides.row * 2, key, KEYS, keys);
        Scores<TILES> scores;
        source.template scores<TILES>(scores, q_tile, k_tile, b, h, first, key);
        fetched();
        __syncthreads();  // values are there, and nobody reads these keys any more
        if (key + KEYS < keys) source.fill_keys(k_tile, b, h, key + KEYS, keys);
        weigh<TILES, KEYS / 8, D>(scores, rows, sums, bias, b, h, own, key, queries, keys, scale);
        gather<T, TILES, D>(sums, scores, v_tile);
    }

    give<T, TILES, D>(sums, rows, out + out_strides.at(b, h), out_strides.row, own, queries);
}

#define ATTENTION(NUMBER, D, TILES)                                                              \
    extern "C" __global__ void __launch_bounds__(128) attention_##D##_##TILES##_##NUMBER(        \
        const NUMBER* q, const NUMBER* k, const NUMBER* v, NUMBER* out, const float* bias,       \
        long long q_batch, long long q_head, long long q_row, long long k_batch,                 \
        long long k_head, long long k_row, long long v_batch, long long v_head, long long v_row, \
        long long out_batch, long long out_head, long long out_row, long long bias_batch,        \
        long long bias_head, long long bias_query, int heads, int group, int queries, int keys,  \
        float scale) {                                                                           \
        Exact<NUMBER, D> source{q, k, {q_batch, q_head, q_row}, {k_batch, k_head, k_row},        \
                                group};                                                          \
        attend<NUMBER, D, TILES>(source, v, out, Strides{v_batch, v_head, v_row},                \
                                 Strides{out_batch, out_head, out_row},                          \
                                 Bias{bias, bias_batch, bias_head, bias_query}, heads, group,    \
                                 queries, keys, scale * LOG2_E);                                          \
    }                                                                                            \
    extern "C" __global__ void __launch_bounds__(128) rounded_attention_##D##_##TILES##_##NUMBER( \
        const int8_t* q, const int8_t* k, const float* q_scales, const float* k_scales,          \
        const NUMBER* v, NUMBER* out, const float* bias, long long v_batch, long long v_head,    \
        long long v_row, long long out_batch, long long out_head, long long out_row,             \
        long long bias_batch, long long bias_head, long long bias_query, int heads, int group,   \
        int queries, int keys, float scale) {                                                    \
        Rounded<D> source{q, k, q_scales, k_scales, heads, group, queries, keys};                \
        attend<NUMBER, D, TILES>(source, v, out, Strides{v_batch, v_head, v_row},                \
                                 Strides{out_batch, out_head, out_row},                          \
                                 Bias{bias, bias_batch, bias_head, bias_query}, heads, group,    \
                                 queries, keys, scale * LOG2_E);                                          \
    }
ATTENTION(bf16, 64, 1)
ATTENTION(bf16, 64, 2)
ATTENTION(bf16, 128, 1)
ATTENTION(bf16, 128, 2)
ATTENTION(f16, 64, 1)
ATTENTION(f16, 64, 2)
ATTENTION(f16, 128, 1)
ATTENTION(f16, 128, 2)

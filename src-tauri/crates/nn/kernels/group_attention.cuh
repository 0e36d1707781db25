// Attention by the units of Hopper: a block of two groups of four warps takes 128 queries through all keys,
// 128 at a time. The next keys and values are fetched meanwhile, and while one group weighs its scores,
// the units work for the other.
#pragma once

#include "attention.cuh"
#include "warpgroups.cuh"

// Rows of 128 numbers in 16 bits as the units read them: the first 64 numbers of every row, then the others.
struct Halves {
    static constexpr int ROWS = 128, BYTES = ROWS * 256;
    unsigned char* start;

    __device__ __forceinline__ unsigned char* half(int half) const {
        return start + half * (ROWS * 128);
    }

    // Rows from `first` on of a matrix whose rows are `apart` bytes apart; those from `end` on are zeros.
    __device__ __forceinline__ void fill(const unsigned char* from, long long apart, int first,
                                         int end) const {
        for (int half = 0; half < 2; half++)
            Tile<128>{this->half(half)}.fill(from + half * 128, apart, first, ROWS, end);
    }
};

template <typename T>
__device__ void attend_in_groups(const T* q, const T* k, const T* v, T* out, Strides q_strides,
                                 Strides k_strides, Strides v_strides, Strides out_strides, int heads,
                                 int group, int queries, int keys, float scale) {
    DYNAMIC_SHARED(memory);
    constexpr int D = 128, TAKEN = Halves::ROWS;
    // The pattern in which pieces are turned repeats after 1024 bytes.
    unsigned char* aligned = memory + (1024 - (size_t)memory % 1024) % 1024;
#ifndef __CUDACC__
    aligned = memory + (1024 - size_t(memory - emulator::dynamic_shared) % 1024) % 1024;
#endif
    Halves q_tile{aligned};
    auto k_tile = [&](int turn) { return Halves{aligned + (1 + turn % 2 * 2) * Halves::BYTES}; };
    auto v_tile = [&](int turn) { return Halves{aligned + (2 + turn % 2 * 2) * Halves::BYTES}; };
    int b = blockIdx.y / heads, h = blockIdx.y % heads, first = blockIdx.x * TAKEN;
    auto bytes = [](const T* start) { return (const unsigned char*)start; };
    const unsigned char* own_k = bytes(k + k_strides.at(b, h / group));
    const unsigned char* own_v = bytes(v + v_strides.at(b, h / group));
    auto fetch_turn = [&](int turn) {
        k_tile(turn).fill(own_k, k_strides.row * 2, turn * TAKEN, keys);
        v_tile(turn).fill(own_v, v_strides.row * 2, turn * TAKEN, keys);
    };

    int warps = threadIdx.x / 128, own = first + threadIdx.x / 32 * 16;
    float sums[1][D / 8][4] = {};
    Rows<1> rows{{{NOTHING, NOTHING}}, {{0.f, 0.f}}};
    q_tile.fill(bytes(q + q_strides.at(b, h)), q_strides.row * 2, first, queries);
    fetch_turn(0);
    int turns = (keys + TAKEN - 1) / TAKEN;
    for (int turn = 0; turn < turns; turn++) {
        fetched();
        show_units();
        __syncthreads();  // all is there, and nobody reads what was there two turns ago
        if (turn + 1 < turns) fetch_turn(turn + 1);

        float scores[1][TAKEN / 8][4] = {};
        begin_group(scores[0]);
#pragma unroll
        for (int step = 0; step < D / 16; step++) {
            int half = step / 4, in_row = step % 4 * 32;
            uint64_t left = place_of(q_tile.half(half) + warps * 64 * 128 + in_row, 16, 1024);
            uint64_t right = place_of(k_tile(turn).half(half) + in_row, 16, 1024);
            multiply_group<T>(scores[0], left, right, step > 0);
        }
        end_group(scores[0]);
        weigh<1, TAKEN / 8, D>(scores, rows, sums, Bias{}, b, h, own, turn * TAKEN, queries, keys, scale);

        uint32_t weights[TAKEN / 16][4];
#pragma unroll
        for (int step = 0; step < TAKEN / 16; step++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float(&part)[4] = scores[0][step * 2 + i / 2];
                weights[step][i] = pair<T>(part[i % 2 * 2], part[i % 2 * 2 + 1]);
            }
        begin_group(sums[0]);
#pragma unroll
        for (int step = 0; step < TAKEN / 16; step++)
            multiply_group<T>(sums[0], weights[step],
                              place_of(v_tile(turn).start + step * 16 * 128, TAKEN * 128, 1024));
        end_group(sums[0]);
    }
    give<T, 1, D>(sums, rows, out + out_strides.at(b, h), out_strides.row, own, queries);
}

#define GROUP_ATTENTION(NUMBER)                                                                   \
    extern "C" __global__ void __launch_bounds__(256) group_attention_128_##NUMBER(              \
        const NUMBER* q, const NUMBER* k, const NUMBER* v, NUMBER* out, long long q_batch,        \
        long long q_head, long long q_row, long long k_batch, long long k_head, long long k_row,  \
        long long v_batch, long long v_head, long long v_row, long long out_batch,                \
        long long out_head, long long out_row, int heads, int group, int queries, int keys,       \
        float scale) {                                                                            \
        attend_in_groups<NUMBER>(q, k, v, out, {q_batch, q_head, q_row}, {k_batch, k_head, k_row}, \
                                 {v_batch, v_head, v_row}, {out_batch, out_head, out_row}, heads, \
                                 group, queries, keys, scale * LOG2_E);                           \
    }
GROUP_ATTENTION(bf16)
GROUP_ATTENTION(f16)

// Matrices of whole numbers in 8 bits with a scale for each row, and what sums of their products are worth.
#pragma once

#include "rounding.cuh"
#include "unpack.cuh"

// How many steps of a row's scale make 1.
__device__ __forceinline__ float steps_of(float scale) { return scale > 0.f ? 1.f / scale : 0.f; }

// Rows of numbers, the largest of which becomes 127; blockIdx.x is a row, and a thread takes eight numbers at
// a time.
template <typename T>
__device__ void round_rows(const T* x, int8_t* out, float* scales, int width) {
    const Eight<T>* in = (const Eight<T>*)(x + (long long)blockIdx.x * width);
    float most = 0.f;
    for (int i = threadIdx.x; i < width / 8; i += blockDim.x) {
        Eight<T> eight = in[i];
        for (int j = 0; j < 8; j++) most = fmaxf(most, fabsf(wide(eight.at[j])));
    }
    float scale = block_max(most) / 127.f, steps = steps_of(scale);
    if (threadIdx.x == 0) scales[blockIdx.x] = scale;
    uint2* made = (uint2*)(out + (long long)blockIdx.x * width);
    for (int i = threadIdx.x; i < width / 8; i += blockDim.x) {
        Eight<T> eight = in[i];
        uint32_t words[2] = {0, 0};
        for (int j = 0; j < 8; j++) {
            int number = int(rintf(wide(eight.at[j]) * steps));
            words[j / 4] |= uint32_t(number & 255) << j % 4 * 8;
        }
        made[i] = uint2{words[0], words[1]};
    }
}
FOR_BOTH(round_rows, (const T* x, int8_t* out, float* scales, int width), (x, out, scales, width))

// The number of a row of packed blocks, times `scale`.
template <typename Format>
__device__ __forceinline__ float number_of(const uint8_t* packed, int width, int i, float scale) {
    const uint8_t* row = packed + (long long)blockIdx.x * (width / Format::NUMBERS) * Format::BYTES;
    return Format::number(row + i / Format::NUMBERS * Format::BYTES, i % Format::NUMBERS) * scale;
}

// The one scale that rows of packed blocks get, each of which has scales of its own, and what that costs:
// squares of differences as a share of all squares.
template <typename Format>
__device__ void scales_of(const uint8_t* packed, float* scales, float* costs, int width, float scale) {
    float most = 0.f;
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        most = fmaxf(most, fabsf(number_of<Format>(packed, width, i, scale)));
    float step = block_max(most) / 127.f, steps = steps_of(step), off = 0.f, all = 0.f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float number = number_of<Format>(packed, width, i, scale);
        float far = rintf(number * steps) * step - number;
        off += far * far;
        all += number * number;
    }
    off = block_sum(off);
    all = block_sum(all);
    if (threadIdx.x == 0) {
        scales[blockIdx.x] = step;
        costs[blockIdx.x] = all > 0.f ? off / all : 0.f;
    }
}

// Their numbers by those scales, eight a thread.
template <typename Format>
__device__ void rows_of(const uint8_t* packed, const float* scales, int8_t* out, int width, float scale) {
    float steps = steps_of(scales[blockIdx.x]);
    uint2* made = (uint2*)(out + (long long)blockIdx.x * width);
    for (int i = threadIdx.x; i < width / 8; i += blockDim.x) {
        uint32_t words[2] = {0, 0};
        for (int j = 0; j < 8; j++) {
            int number = int(rintf(number_of<Format>(packed, width, i * 8 + j, scale) * steps));
            words[j / 4] |= uint32_t(number & 255) << j % 4 * 8;
        }
        made[i] = uint2{words[0], words[1]};
    }
}
#define ROWS_OF(NAME, FORMAT)                                                                 \
    extern "C" __global__ void scales_of_##NAME(const uint8_t* packed, float* scales,         \
                                                float* costs, int width, float scale) {       \
        scales_of<FORMAT>(packed, scales, costs, width, scale);                               \
    }                                                                                         \
    extern "C" __global__ void rows_of_##NAME(const uint8_t* packed, const float* scales,     \
                                              int8_t* out, int width, float scale) {          \
        rows_of<FORMAT>(packed, scales, out, width, scale);                                   \
    }
ROWS_OF(q4_0, Q4_0)
ROWS_OF(q4_1, Q4_1)
ROWS_OF(q5_0, Q5_0)
ROWS_OF(q5_1, Q5_1)
ROWS_OF(q8_0, Q8_0)
ROWS_OF(q2_k, Q2K)
ROWS_OF(q3_k, Q3K)
ROWS_OF(q4_k, Q4K)
ROWS_OF(q5_k, Q5K)
ROWS_OF(q6_k, Q6K)

// Sums `[rows, width]` of products times the scales of both factors' rows, eight a thread.
template <typename T>
__device__ void worth(const int* sums, const float* rows, const float* columns, T* out, int width,
                      long long count) {
    long long first = 8 * ((long long)blockIdx.x * blockDim.x + threadIdx.x);
    if (first >= count) return;
    float row = rows[first / width];
    const float* column = columns + first % width;
    Eight<T> made;
    for (int j = 0; j < 8; j++) made.at[j] = narrow<T>(sums[first + j] * (row * column[j]));
    *(Eight<T>*)(out + first) = made;
}
FOR_BOTH(worth,
         (const int* sums, const float* rows, const float* columns, T* out, int width,
          long long count),
         (sums, rows, columns, out, width, count))

// The numbers of rows with a scale each, eight a thread.
template <typename T>
__device__ void unpack_rows(const int8_t* numbers, const float* scales, T* out, int width,
                            long long count) {
    long long first = 8 * ((long long)blockIdx.x * blockDim.x + threadIdx.x);
    if (first >= count) return;
    float scale = scales[first / width];
    Eight<T> made;
    for (int j = 0; j < 8; j++) made.at[j] = narrow<T>(numbers[first + j] * scale);
    *(Eight<T>*)(out + first) = made;
}
FOR_BOTH(unpack_rows,
         (const int8_t* numbers, const float* scales, T* out, int width, long long count),
         (numbers, scales, out, width, count))

// Numbers in 8 bits for products. Queries and keys, after SageAttention: the mean of all keys is taken away
// first, which adds the same to every score of a query and so changes no weight, but takes away the
// channels that are large for all of them.
#pragma once

#include "numbers.cuh"
#ifdef __CUDACC__
#include <cuda_fp8.h>
#endif

// The largest of a block's numbers, none below 0, in all of its threads.
__device__ __forceinline__ float block_max(float x) {
    __shared__ float of_warps[32];
    for (int distance = 16; distance > 0; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, distance));
    __syncthreads();  // what was found before may still be read
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = x;
    __syncthreads();
    for (int warp = 0; warp < int(blockDim.x) / 32; warp++) x = fmaxf(x, of_warps[warp]);
    return x;
}

// Sums of some tokens of a head, `[b heads, pieces, d]`. blockIdx.x is a piece, blockIdx.y a head; a
// thread is a channel.
template <typename T>
__device__ void token_sums(const T* x, float* sums, int heads, int tokens, int piece,
                           long long batch, long long head, long long row) {
    int d = blockDim.x, first = blockIdx.x * piece;
    int end = first + piece < tokens ? first + piece : tokens;
    const T* in = x + blockIdx.y / heads * batch + blockIdx.y % heads * head + threadIdx.x;
    float sum = 0.f;
    for (int token = first; token < end; token++) sum += wide(in[token * row]);
    sums[((long long)blockIdx.y * gridDim.x + blockIdx.x) * d + threadIdx.x] = sum;
}
FOR_BOTH(token_sums,
         (const T* x, float* sums, int heads, int tokens, int piece, long long batch,
          long long head, long long row),
         (x, sums, heads, tokens, piece, batch, head, row))

// x less the mean, if there are sums, to `out [b heads, tokens, d]` in 8 bits with a scale for each
// `group` tokens. blockIdx.x is a group, blockIdx.y a head; a thread is a channel.
template <typename T>
__device__ void round_tokens(const T* x, const float* sums, int8_t* out, float* scales, int pieces,
                             int heads, int tokens, int group, long long batch, long long head,
                             long long row) {
    int d = blockDim.x, first = blockIdx.x * group;
    int end = first + group < tokens ? first + group : tokens;
    const T* in = x + blockIdx.y / heads * batch + blockIdx.y % heads * head + threadIdx.x;
    float mean = 0.f;
    if (sums) {
        for (int piece = 0; piece < pieces; piece++)
            mean += sums[((long long)blockIdx.y * pieces + piece) * d + threadIdx.x];
        mean /= tokens;
    }
    float most = 0.f;
    for (int token = first; token < end; token++)
        most = fmaxf(most, fabsf(wide(in[token * row]) - mean));
    most = block_max(most);
    float step = most / 127.f, steps = most > 0.f ? 127.f / most : 0.f;
    if (threadIdx.x == 0) scales[(long long)blockIdx.y * gridDim.x + blockIdx.x] = step;
    int8_t* made = out + (long long)blockIdx.y * tokens * d + threadIdx.x;
    for (int token = first; token < end; token++)
        made[(long long)token * d] = int8_t(rintf((wide(in[token * row]) - mean) * steps));
}
FOR_BOTH(round_tokens,
         (const T* x, const float* sums, int8_t* out, float* scales, int pieces, int heads,
          int tokens, int group, long long batch, long long head, long long row),
         (x, sums, out, scales, pieces, heads, tokens, group, batch, head, row))

// The largest size of some of the numbers, `[blocks]`.
template <typename T>
__device__ void largest(const T* x, float* out, long long count) {
    float most = 0.f;
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
        most = fmaxf(most, fabsf(wide(x[i])));
    most = block_max(most);
    if (threadIdx.x == 0) out[blockIdx.x] = most;
}
FOR_BOTH(largest, (const T* x, float* out, long long count), (x, out, count))

constexpr float LARGEST_F8E4M3 = 448.f;

__device__ __forceinline__ uint8_t to_f8e4m3(float x) {
#ifdef __CUDACC__
    return __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3);
#else
    return emulator::to_f8e4m3(x);
#endif
}

// Numbers in 8 bits, 4 of them exponent, and the one scale of all.
template <typename T>
__device__ void round_all(const T* x, const float* pieces, uint8_t* out, float* scale, int n_pieces,
                          long long count) {
    float most = 0.f;
    for (int i = threadIdx.x; i < n_pieces; i += blockDim.x) most = fmaxf(most, pieces[i]);
    most = block_max(most);
    float up = most > 0.f ? LARGEST_F8E4M3 / most : 0.f;
    if (blockIdx.x == 0 && threadIdx.x == 0) *scale = most / LARGEST_F8E4M3;
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
        out[i] = to_f8e4m3(wide(x[i]) * up);
}
FOR_BOTH(round_all,
         (const T* x, const float* pieces, uint8_t* out, float* scale, int n_pieces,
          long long count),
         (x, pieces, out, scale, n_pieces, count))

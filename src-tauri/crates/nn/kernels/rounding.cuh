// Queries and keys in 8 bits for attention, after SageAttention: the mean of all keys is taken away
// first, which adds the same to every score of a query and so changes no weight, but takes away the
// channels that are large for all of them.
#pragma once

#include "numbers.cuh"

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
    __shared__ float of_warps[4];
    for (int distance = 16; distance > 0; distance /= 2)
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, distance));
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = most;
    __syncthreads();
    most = 0.f;
    for (int warp = 0; warp < d / 32; warp++) most = fmaxf(most, of_warps[warp]);
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

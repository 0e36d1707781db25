// Normalisation of rows, and what stands around it in a transformer block.
#pragma once

#include "numbers.cuh"

// Where the row of a modulation lies: one for each row of a batch, or one for each of its tokens.
struct Modulated {
    long long batch, token;
    __device__ __forceinline__ long long row(long long row, int tokens) const {
        return row / tokens * batch + row % tokens * token;
    }
};

// out = norm(x) (1 + scale) + shift, a row of `width` numbers a block; `width` is a multiple of 8.
template <typename T>
__device__ void modulate(const T* x, const T* shift, const T* scale, T* out, int tokens, int width,
                         Modulated at, float eps) {
    long long row = blockIdx.x;
    const Eight<T>* in = (const Eight<T>*)(x + row * width);
    int pieces = width / 8;
    float sum = 0.f;
    for (int piece = threadIdx.x; piece < pieces; piece += blockDim.x) {
        Eight<T> these = in[piece];
        for (int i = 0; i < 8; i++) sum += wide(these.at[i]);
    }
    float mean = block_sum(sum) / width;
    float squares = 0.f;
    for (int piece = threadIdx.x; piece < pieces; piece += blockDim.x) {
        Eight<T> these = in[piece];
        for (int i = 0; i < 8; i++) {
            float away = wide(these.at[i]) - mean;
            squares += away * away;
        }
    }
    float spread = rsqrtf(block_sum(squares) / width + eps);
    const Eight<T>* shifts = (const Eight<T>*)(shift + at.row(row, tokens));
    const Eight<T>* scales = (const Eight<T>*)(scale + at.row(row, tokens));
    for (int piece = threadIdx.x; piece < pieces; piece += blockDim.x) {
        Eight<T> these = in[piece], shift = shifts[piece], scale = scales[piece], made;
        for (int i = 0; i < 8; i++) {
            float normed = (wide(these.at[i]) - mean) * spread;
            made.at[i] = narrow<T>(normed * (1.f + wide(scale.at[i])) + wide(shift.at[i]));
        }
        ((Eight<T>*)(out + row * width))[piece] = made;
    }
}
FOR_BOTH(modulate,
         (const T* x, const T* shift, const T* scale, T* out, int tokens, int width,
          long long batch, long long token, float eps),
         (x, shift, scale, out, tokens, width, Modulated{batch, token}, eps))

// out = x / √(mean x² + eps) · weight, a row a block.
template <typename T>
__device__ void rms_norm(const T* x, const T* weight, T* out, int width, float eps) {
    long long row = blockIdx.x;
    x += row * width;
    float squares = 0.f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) squares += wide(x[i]) * wide(x[i]);
    float spread = rsqrtf(block_sum(squares) / width + eps);
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        out[row * width + i] = narrow<T>(wide(x[i]) * spread * wide(weight[i]));
}
FOR_BOTH(rms_norm, (const T* x, const T* weight, T* out, int width, float eps),
         (x, weight, out, width, eps))

// out = x + y · gate, eight numbers a thread; `width` is a multiple of 8.
template <typename T>
__device__ void gated_residual(const T* x, const T* y, const T* gate, T* out, long long rows,
                               int tokens, int width, Modulated at) {
    long long piece = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    int pieces = width / 8;
    if (piece >= rows * pieces) return;
    long long row = piece / pieces;
    Eight<T> gates = ((const Eight<T>*)(gate + at.row(row, tokens)))[piece % pieces];
    Eight<T> a = ((const Eight<T>*)x)[piece], b = ((const Eight<T>*)y)[piece], made;
    for (int i = 0; i < 8; i++)
        made.at[i] = narrow<T>(finite<T>(wide(a.at[i]) + wide(b.at[i]) * wide(gates.at[i])));
    ((Eight<T>*)out)[piece] = made;
}
FOR_BOTH(gated_residual,
         (const T* x, const T* y, const T* gate, T* out, long long rows, int tokens, int width,
          long long batch, long long token),
         (x, y, gate, out, rows, tokens, width, Modulated{batch, token}))

// out = silu(a) · b for rows of `width` numbers that lie `a_row` and `b_row` apart, all multiples of 8.
template <typename T>
__device__ void gated_product(const T* a, const T* b, T* out, long long rows, int width,
                              long long a_row, long long b_row) {
    long long piece = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    int pieces = width / 8;
    if (piece >= rows * pieces) return;
    long long row = piece / pieces;
    Eight<T> gate = ((const Eight<T>*)(a + row * a_row))[piece % pieces];
    Eight<T> up = ((const Eight<T>*)(b + row * b_row))[piece % pieces], made;
    for (int i = 0; i < 8; i++)
        made.at[i] = narrow<T>(silu(wide(gate.at[i])) * wide(up.at[i]));
    ((Eight<T>*)out)[piece] = made;
}
FOR_BOTH(gated_product,
         (const T* a, const T* b, T* out, long long rows, int width, long long a_row,
          long long b_row),
         (a, b, out, rows, width, a_row, b_row))

enum { NO_ROPE = 0, PAIRS = 1, HALVES = 2 };

// Rows `[b, n, ..]` to heads `[b, heads, n, d]`: a norm over each head where there is a weight, and
// positions where there are any. A warp is a head of a token; `d` is even and at most 512.
template <typename T>
__device__ void heads(const T* x, const T* weight, const float* cos, const float* sin, T* out,
                      long long count, int tokens, int heads, int d, long long row_length,
                      float eps, int rope) {
    long long index = ((long long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    int lane = threadIdx.x % 32, pairs = d / 2;
    if (index >= count) return;
    int head = index % heads;
    long long row = index / heads;
    const T* in = x + row * row_length + head * d;
    // Where the two numbers of a pair stand.
    int apart = rope == HALVES ? pairs : 1, step = rope == HALVES ? 1 : 2;
    float first[8], second[8], squares = 0.f;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int pair = lane + 32 * i;
        if (pair >= pairs) break;
        first[i] = wide(in[pair * step]);
        second[i] = wide(in[pair * step + apart]);
        squares += first[i] * first[i] + second[i] * second[i];
    }
    float spread = weight ? rsqrtf(warp_sum(squares) / d + eps) : 1.f;
    int token = row % tokens;
    T* made = out + ((row / tokens * heads + head) * tokens + token) * d;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int pair = lane + 32 * i;
        if (pair >= pairs) break;
        float a = first[i], b = second[i];
        if (weight) {
            a *= spread * wide(weight[pair * step]);
            b *= spread * wide(weight[pair * step + apart]);
        }
        if (rope != NO_ROPE) {
            float c = cos[(long long)token * pairs + pair], s = sin[(long long)token * pairs + pair];
            float turned = a * c - b * s;
            b = a * s + b * c;
            a = turned;
        }
        made[pair * step] = narrow<T>(a);
        made[pair * step + apart] = narrow<T>(b);
    }
}
FOR_BOTH(heads,
         (const T* x, const T* weight, const float* cos, const float* sin, T* out, long long count,
          int tokens, int n_heads, int d, long long row_length, float eps, int rope),
         (x, weight, cos, sin, out, count, tokens, n_heads, d, row_length, eps, rope))

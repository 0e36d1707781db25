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

// The approximation by a hyperbolic tangent.
__device__ __forceinline__ float gelu(float x) {
    constexpr float TWICE = 2.f * 0.7978845608f;  // √(2 / π)
    return x / (1.f + expf(-TWICE * (x + 0.044715f * x * x * x)));
}

// Rows of `first` numbers as they are, and behind them silu(a) · b, or gelu(a) where there is no b: `width`
// numbers. Rows lie as far apart as is said; all are multiples of 8.
template <typename T>
__device__ void beside(const T* before, const T* a, const T* b, T* out, long long rows, int first,
                       int width, long long before_row, long long a_row, long long b_row) {
    long long piece = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    int pieces = (first + width) / 8;
    if (piece >= rows * pieces) return;
    long long row = piece / pieces;
    int at = piece % pieces * 8;
    Eight<T> made;
    if (at < first) {
        made = *(const Eight<T>*)(before + row * before_row + at);
    } else {
        Eight<T> gate = *(const Eight<T>*)(a + row * a_row + at - first);
        if (b) {
            Eight<T> up = *(const Eight<T>*)(b + row * b_row + at - first);
            for (int i = 0; i < 8; i++)
                made.at[i] = narrow<T>(silu(wide(gate.at[i])) * wide(up.at[i]));
        } else {
            for (int i = 0; i < 8; i++) made.at[i] = narrow<T>(gelu(wide(gate.at[i])));
        }
    }
    ((Eight<T>*)out)[piece] = made;
}
FOR_BOTH(beside,
         (const T* before, const T* a, const T* b, T* out, long long rows, int first, int width,
          long long before_row, long long a_row, long long b_row),
         (before, a, b, out, rows, first, width, before_row, a_row, b_row))

enum { NO_ROPE = 0, PAIRS = 1, HALVES = 2 };

// Tokens of one kind: rows of heads, and the weight of a norm over each head, where there is one.
template <typename T>
struct Part {
    const T *x, *weight;
    long long row_length;
};

// Rows `[b, n, ..]` of one or two parts to heads `[b, heads, n, d]`, the first part's tokens first: a norm
// over each head where there is a weight, and positions where there are any. A warp is a head of a
// token; `d` is even and at most 512.
template <typename T>
__device__ void heads(Part<T> one, Part<T> two, int n_one, const float* cos, const float* sin, T* out,
                      long long count, int tokens, int heads, int d, float eps, int rope) {
    long long index = ((long long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    int lane = threadIdx.x % 32, pairs = d / 2;
    if (index >= count) return;
    int head = index % heads, token = index / heads % tokens, batch = index / heads / tokens;
    bool is_first = token < n_one;
    Part<T> part = is_first ? one : two;
    long long row = is_first ? (long long)batch * n_one + token
                             : (long long)batch * (tokens - n_one) + token - n_one;
    const T *in = part.x + row * part.row_length + head * d, *weight = part.weight;
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
    T* made = out + (((long long)batch * heads + head) * tokens + token) * d;
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
         (const T* x_one, const T* weight_one, long long row_one, const T* x_two,
          const T* weight_two, long long row_two, int n_one, const float* cos, const float* sin,
          T* out, long long count, int tokens, int n_heads, int d, float eps, int rope),
         (Part<T>{x_one, weight_one, row_one}, Part<T>{x_two, weight_two, row_two}, n_one, cos, sin,
          out, count, tokens, n_heads, d, eps, rope))

// Rows plus a bias, eight numbers a thread.
template <typename T>
__device__ void plus(const T* x, const T* bias, T* out, int width, long long count) {
    long long first = 8 * ((long long)blockIdx.x * blockDim.x + threadIdx.x);
    if (first >= count) return;
    Eight<T> eight = *(const Eight<T>*)(x + first), added = *(const Eight<T>*)(bias + first % width);
    for (int j = 0; j < 8; j++) eight.at[j] = narrow<T>(wide(eight.at[j]) + wide(added.at[j]));
    *(Eight<T>*)(out + first) = eight;
}
FOR_BOTH(plus, (const T* x, const T* bias, T* out, int width, long long count),
         (x, bias, out, width, count))

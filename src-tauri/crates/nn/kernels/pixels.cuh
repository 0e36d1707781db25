// What autoencoders do with maps `[b, channels, pixels]` beside products.
#pragma once

#include "numbers.cuh"

// Count, mean and squared distances from it of a piece of a group; groups lie one after the other.
template <typename T>
__device__ void group_pieces(const T* x, float* pieces, long long group, int piece) {
    long long start = (long long)blockIdx.x * piece;
    long long count = group - start < piece ? group - start : piece;
    const T* in = x + blockIdx.y * group + start;
    float sum = 0.f, squares = 0.f;
    for (int i = threadIdx.x; i < count; i += blockDim.x) sum += wide(in[i]);
    float mean = block_sum(sum) / count;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        float away = wide(in[i]) - mean;
        squares += away * away;
    }
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
        float* out = pieces + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * 3;
        out[0] = count;
        out[1] = mean;
        out[2] = squares;
    }
}
FOR_BOTH(group_pieces, (const T* x, float* pieces, long long group, int piece),
         (x, pieces, group, piece))

// What the statistics of a group make of its channels: a scale and a shift each. A block is a group.
extern "C" __global__ void group_affine(const float* pieces, const float* weight, const float* bias,
                                        float* affine, int count, int groups, int members,
                                        float eps) {
    const float* in = pieces + (long long)blockIdx.x * count * 3;
    float number = 0.f, sum = 0.f, squares = 0.f;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        number += in[3 * i];
        sum += in[3 * i] * in[3 * i + 1];
    }
    number = block_sum(number);
    float mean = block_sum(sum) / number;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        float away = in[3 * i + 1] - mean;
        squares += in[3 * i + 2] + in[3 * i] * away * away;
    }
    float spread = rsqrtf(block_sum(squares) / number + eps);
    for (int i = threadIdx.x; i < members; i += blockDim.x) {
        int channel = blockIdx.x % groups * members + i;
        float scale = weight[channel] * spread;
        affine[2 * ((long long)blockIdx.x * members + i)] = scale;
        affine[2 * ((long long)blockIdx.x * members + i) + 1] = bias[channel] - mean * scale;
    }
}

// out = x · scale + shift of its channel, and silu of that if it is wanted. blockIdx.y is a channel.
template <typename T>
__device__ void affine(const T* x, const float* affine, T* out, long long pixels, int activates) {
    long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= pixels) return;
    long long at = blockIdx.y * pixels + pixel;
    float made = wide(x[at]) * affine[2 * blockIdx.y] + affine[2 * blockIdx.y + 1];
    out[at] = narrow<T>(activates ? silu(made) : made);
}
FOR_BOTH(affine, (const T* x, const float* scales, T* out, long long pixels, int activates),
         (x, scales, out, pixels, activates))

// Every pixel over its channels: out = x / |x| · gain, and silu of that if it is wanted.
template <typename T>
__device__ void channel_norm(const T* x, const float* gain, T* out, int channels, long long pixels,
                             float smallest, int activates) {
    long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= pixels) return;
    long long first = blockIdx.y * channels * pixels + pixel;
    float squares = 0.f;
    for (int channel = 0; channel < channels; channel++) {
        float value = wide(x[first + channel * pixels]);
        squares += value * value;
    }
    float spread = 1.f / fmaxf(sqrtf(squares), smallest);
    for (int channel = 0; channel < channels; channel++) {
        long long at = first + channel * pixels;
        float made = wide(x[at]) * spread * gain[channel];
        out[at] = narrow<T>(activates ? silu(made) : made);
    }
}
FOR_BOTH(channel_norm,
         (const T* x, const float* gain, T* out, int channels, long long pixels, float smallest,
          int activates),
         (x, gain, out, channels, pixels, smallest, activates))

// The windows of a square convolution for some rows of its output, `[taps + more, rows · width]`: a
// thread is a tap of a window. Behind the taps is a row of ones, for the bias, and then zeros. `doubling`
// is 2 where every pixel of `x [channels, h, w]` stands for two by two.
template <typename T>
__device__ void windows(const T* x, T* out, int taps, int h, int w, int kernel, int padding,
                        int stride, int doubling, int first, int width, long long windows) {
    long long window = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (window >= windows) return;
    int tap = blockIdx.y, channel = tap / (kernel * kernel);
    if (tap >= taps) {
        out[tap * windows + window] = narrow<T>(tap == taps ? 1.f : 0.f);
        return;
    }
    int y = (first + int(window / width)) * stride + tap / kernel % kernel - padding;
    int at = int(window % width) * stride + tap % kernel - padding;
    bool inside = y >= 0 && y < h * doubling && at >= 0 && at < w * doubling;
    long long source = ((long long)channel * h + y / doubling) * w + at / doubling;
    out[tap * windows + window] = inside ? x[source] : narrow<T>(0.f);
}
FOR_BOTH(windows,
         (const T* x, T* out, int taps, int h, int w, int kernel, int padding, int stride,
          int doubling, int first, int width, long long count),
         (x, out, taps, h, w, kernel, padding, stride, doubling, first, width, count))

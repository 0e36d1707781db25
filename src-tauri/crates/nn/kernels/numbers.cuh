// Numbers of 16 bits, and eight of them at a time. Everything is computed in f32.
#pragma once

#include <cstdint>
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#else
#include "emulator/block.hpp"
#endif

struct bf16 {
    static constexpr bool IS_BF16 = true;
    uint16_t bits;
};
struct f16 {
    static constexpr bool IS_BF16 = false;
    uint16_t bits;
};
template <typename T>
struct alignas(16) Eight {
    T at[8];
};

__device__ __forceinline__ float as_float(uint32_t bits) {
#ifdef __CUDACC__
    return __uint_as_float(bits);
#else
    float value;
    memcpy(&value, &bits, 4);
    return value;
#endif
}

__device__ __forceinline__ float wide(bf16 x) { return as_float(uint32_t(x.bits) << 16); }
__device__ __forceinline__ float wide(f16 x) {
#ifdef __CUDACC__
    return __half2float(__ushort_as_half(x.bits));
#else
    return emulator::from_f16(x.bits);
#endif
}
__device__ __forceinline__ float wide(float x) { return x; }

template <typename T>
__device__ __forceinline__ T narrow(float x);
template <>
__device__ __forceinline__ bf16 narrow<bf16>(float x) {
#ifdef __CUDACC__
    return bf16{__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
    return bf16{emulator::to_bf16(x)};
#endif
}
template <>
__device__ __forceinline__ f16 narrow<f16>(float x) {
#ifdef __CUDACC__
    return f16{__half_as_ushort(__float2half_rn(x))};
#else
    return f16{emulator::to_f16(x)};
#endif
}
template <>
__device__ __forceinline__ float narrow<float>(float x) {
    return x;
}

// Two numbers in the order in which the matrix units read them.
template <typename T>
__device__ __forceinline__ uint32_t pair(float low, float high) {
    return uint32_t(narrow<T>(low).bits) | uint32_t(narrow<T>(high).bits) << 16;
}

// f16 ends at 65504, where the reference clamps its streams.
template <typename T>
__device__ __forceinline__ float finite(float x) {
    return x;
}
template <>
__device__ __forceinline__ float finite<f16>(float x) {
    return fminf(fmaxf(x, -65504.f), 65504.f);
}

__device__ __forceinline__ float silu(float x) { return x / (1.f + expf(-x)); }

// 2 to the power of x, off by 2⁻²² of it; numbers below 2⁻¹²⁶ are 0.
__device__ __forceinline__ float power_of_two(float x) {
#ifdef __CUDACC__
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
#else
    return std::exp2(x);
#endif
}

// The sum over the 32 threads of a warp, in all of them.
__device__ __forceinline__ float warp_sum(float x) {
    for (int distance = 16; distance > 0; distance /= 2)
        x += __shfl_xor_sync(0xffffffffu, x, distance);
    return x;
}

// The sum over a block of at most 1024 threads, in all of them.
__device__ __forceinline__ float block_sum(float x) {
    __shared__ float sums[32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    x = warp_sum(x);
    __syncthreads();  // the sums before these may still be read
    if (lane == 0) sums[warp] = x;
    __syncthreads();
    return warp_sum(lane < int(blockDim.x + 31) / 32 ? sums[lane] : 0.f);
}

// Makes a kernel for each number format T: NAME_bf16 and NAME_f16.
#define FOR_BOTH(NAME, PARAMETERS, ARGUMENTS) \
    FOR_ONE(NAME, bf16, PARAMETERS, ARGUMENTS) \
    FOR_ONE(NAME, f16, PARAMETERS, ARGUMENTS)
#define FOR_ONE(NAME, NUMBER, PARAMETERS, ARGUMENTS)                              \
    namespace NAME##_of_##NUMBER {                                                \
    using T = NUMBER;                                                             \
    extern "C" __global__ void NAME##_##NUMBER PARAMETERS { NAME<T> ARGUMENTS; }  \
    }

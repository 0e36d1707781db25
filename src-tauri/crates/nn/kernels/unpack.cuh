// Packed weights to numbers of 16 bits: the formats of `stored/format.rs`, each a function of a block's
// bytes and of the number's place in it. Layout of the blocks: ggml-common.h of GGML.
#pragma once

#include "numbers.cuh"

__device__ __forceinline__ float half_at(const uint8_t* block, int at) {
    return wide(f16{uint16_t(block[at] | block[at + 1] << 8)});
}

struct Q4_0 {
    static constexpr int NUMBERS = 32, BYTES = 18;
    static __device__ float number(const uint8_t* block, int j) {
        int q = block[2 + j % 16] >> j / 16 * 4 & 15;
        return (q - 8) * half_at(block, 0);
    }
};

struct Q4_1 {
    static constexpr int NUMBERS = 32, BYTES = 20;
    static __device__ float number(const uint8_t* block, int j) {
        int q = block[4 + j % 16] >> j / 16 * 4 & 15;
        return q * half_at(block, 0) + half_at(block, 2);
    }
};

// The fifth bit of number `j`, in the bytes from `at` on.
__device__ __forceinline__ int fifth_bit(const uint8_t* block, int at, int j) {
    return (block[at + j / 8] >> j % 8 & 1) << 4;
}

struct Q5_0 {
    static constexpr int NUMBERS = 32, BYTES = 22;
    static __device__ float number(const uint8_t* block, int j) {
        int q = (block[6 + j % 16] >> j / 16 * 4 & 15) | fifth_bit(block, 2, j);
        return (q - 16) * half_at(block, 0);
    }
};

struct Q5_1 {
    static constexpr int NUMBERS = 32, BYTES = 24;
    static __device__ float number(const uint8_t* block, int j) {
        int q = (block[8 + j % 16] >> j / 16 * 4 & 15) | fifth_bit(block, 4, j);
        return q * half_at(block, 0) + half_at(block, 2);
    }
};

struct Q8_0 {
    static constexpr int NUMBERS = 32, BYTES = 34;
    static __device__ float number(const uint8_t* block, int j) {
        return int8_t(block[2 + j]) * half_at(block, 0);
    }
};

struct Q2K {
    static constexpr int NUMBERS = 256, BYTES = 84;
    static __device__ float number(const uint8_t* block, int j) {
        int scale = block[j / 16];
        int q = block[16 + j / 128 * 32 + j % 32] >> j % 128 / 32 * 2 & 3;
        return half_at(block, 80) * (scale & 15) * q - half_at(block, 82) * (scale >> 4);
    }
};

struct Q3K {
    static constexpr int NUMBERS = 256, BYTES = 110;
    static __device__ float number(const uint8_t* block, int j) {
        const uint8_t* packed = block + 96;
        int group = j / 16;
        int low = packed[group % 8] >> group / 8 * 4 & 15;
        int high = packed[8 + group % 4] >> group / 4 * 2 & 3;
        int q = block[32 + j / 128 * 32 + j % 32] >> j % 128 / 32 * 2 & 3;
        int below = block[j % 32] >> j / 32 & 1 ? 0 : 4;
        return half_at(block, 108) * ((low | high << 4) - 32) * (q - below);
    }
};

// Scale and minimum of a group of 32, 6 bits each, in 12 bytes.
__device__ __forceinline__ void scale_and_min(const uint8_t* packed, int group, int& scale,
                                              int& min) {
    if (group < 4) {
        scale = packed[group] & 63;
        min = packed[group + 4] & 63;
    } else {
        scale = (packed[group + 4] & 15) | packed[group - 4] >> 6 << 4;
        min = packed[group + 4] >> 4 | packed[group] >> 6 << 4;
    }
}

struct Q4K {
    static constexpr int NUMBERS = 256, BYTES = 144;
    static __device__ float number(const uint8_t* block, int j) {
        int scale, min, group = j / 32;
        scale_and_min(block + 4, group, scale, min);
        int q = block[16 + group / 2 * 32 + j % 32] >> group % 2 * 4 & 15;
        return half_at(block, 0) * scale * q - half_at(block, 2) * min;
    }
};

struct Q5K {
    static constexpr int NUMBERS = 256, BYTES = 176;
    static __device__ float number(const uint8_t* block, int j) {
        int scale, min, group = j / 32;
        scale_and_min(block + 4, group, scale, min);
        int q = (block[48 + group / 2 * 32 + j % 32] >> group % 2 * 4 & 15) |
                (block[16 + j % 32] >> group & 1) << 4;
        return half_at(block, 0) * scale * q - half_at(block, 2) * min;
    }
};

struct Q6K {
    static constexpr int NUMBERS = 256, BYTES = 210;
    static __device__ float number(const uint8_t* block, int j) {
        int part = j / 128, group = j % 128 / 32;
        int low = block[part * 64 + group % 2 * 32 + j % 32] >> group / 2 * 4 & 15;
        int high = block[128 + part * 32 + j % 32] >> group * 2 & 3;
        return half_at(block, 208) * int8_t(block[192 + j / 16]) * ((low | high << 4) - 32);
    }
};

// 8 bits: a sign, `EXPONENT` bits of exponent and the rest of fraction. Moved to the place of an f32's
// exponent and fraction, the number is too small by a power of two, which a product puts right.
template <int EXPONENT, bool ENDS>
struct Tiny {
    static constexpr int NUMBERS = 1, BYTES = 1;
    static __device__ float number(const uint8_t* block, int) {
        constexpr int FRACTION = 7 - EXPONENT, BIAS = (1 << (EXPONENT - 1)) - 1;
        uint32_t raw = *block, size = raw & 127;
        bool largest = size >> FRACTION == (1u << EXPONENT) - 1;
        // Without infinities, the largest exponent has numbers too, except for its last fraction.
        if (largest && (!ENDS || size == 127))
            return as_float((raw >> 7) << 31 | 0x7f800000u |
                            (ENDS || (size & ((1u << FRACTION) - 1)) ? 0x400000u : 0u));
        float power = as_float(uint32_t(127 + 127 - BIAS) << 23);
        return as_float((raw >> 7) << 31 | size << (23 - FRACTION)) * power;
    }
};
using F8E4M3 = Tiny<4, true>;
using F8E5M2 = Tiny<5, false>;

// Numbers of `Format`, each times `scale`, two a thread.
template <typename T, typename Format>
__device__ void unpack(const uint8_t* packed, T* out, long long numbers, float scale) {
    long long first = 2 * ((long long)blockIdx.x * blockDim.x + threadIdx.x);
    for (long long i = first; i < first + 2 && i < numbers; i++) {
        const uint8_t* block = packed + i / Format::NUMBERS * Format::BYTES;
        out[i] = narrow<T>(Format::number(block, i % Format::NUMBERS) * scale);
    }
}
#define UNPACK(NAME, FORMAT)                                                               \
    extern "C" __global__ void unpack_##NAME##_bf16(const uint8_t* packed, bf16* out,      \
                                                    long long numbers, float scale) {      \
        unpack<bf16, FORMAT>(packed, out, numbers, scale);                                 \
    }                                                                                      \
    extern "C" __global__ void unpack_##NAME##_f16(const uint8_t* packed, f16* out,        \
                                                   long long numbers, float scale) {       \
        unpack<f16, FORMAT>(packed, out, numbers, scale);                                  \
    }
UNPACK(q4_0, Q4_0)
UNPACK(q4_1, Q4_1)
UNPACK(q5_0, Q5_0)
UNPACK(q5_1, Q5_1)
UNPACK(q8_0, Q8_0)
UNPACK(q2_k, Q2K)
UNPACK(q3_k, Q3K)
UNPACK(q4_k, Q4K)
UNPACK(q5_k, Q5K)
UNPACK(q6_k, Q6K)
UNPACK(f8e4m3, F8E4M3)
UNPACK(f8e5m2, F8E5M2)

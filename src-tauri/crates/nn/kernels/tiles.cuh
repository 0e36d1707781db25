// The matrix units of a warp, and tiles in shared memory that feed them. How numbers are spread over
// threads is the machine's: PTX ISA, "Matrix fragments" of mma.m16n8k16 and mma.m16n8k32.
#pragma once

#include "numbers.cuh"

#ifdef __CUDACC__
#define DYNAMIC_SHARED(NAME) extern __shared__ __align__(128) unsigned char NAME[]
#else
#include "emulator/warp.hpp"
#define DYNAMIC_SHARED(NAME) unsigned char* NAME = emulator::dynamic_shared
#endif

// c [16, 8] += a [16, 16] · b [16, 8].
template <typename T>
__device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[2]) {
#ifndef __CUDACC__
    emulator::multiply<T>(c, a, b);
#elif __CUDA_ARCH__ >= 800
    if constexpr (T::IS_BF16) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    } else {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
#else
    // Turing has no units for bf16, and takes half of the inner numbers at a time.
    if constexpr (T::IS_BF16) {
        __trap();
    } else {
        for (int half = 0; half < 2; half++)
            asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
                "{%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
    }
#endif
}

// c [16, 8] += a [16, 32] · b [32, 8] of whole numbers in 8 bits.
__device__ __forceinline__ void multiply_int8(int (&c)[4], const uint32_t (&a)[4],
                                              const uint32_t (&b)[2]) {
#ifndef __CUDACC__
    emulator::multiply_int8(c, a, b);
#elif __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    __trap();
#endif
}

// Four 8 × 8 matrices of 16-bit numbers; thread i gives the address of row i % 8 of matrix i / 8.
template <bool TURNED>
__device__ __forceinline__ void load_matrices(uint32_t (&out)[4], const void* row) {
#ifdef __CUDACC__
    unsigned address = __cvta_generic_to_shared(row);
    if constexpr (TURNED)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                     : "r"(address)
                     : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                     : "r"(address)
                     : "memory");
#else
    emulator::load_matrices(out, row, TURNED);
#endif
}

// 16 bytes from the card's memory to shared memory, without waiting for them where the card can; zeros
// where nothing is there.
__device__ __forceinline__ void fetch(void* to, const void* from, bool is_there) {
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
    unsigned address = __cvta_generic_to_shared(to);
    int bytes = is_there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
                 "r"(bytes)
                 : "memory");
#else
    *(uint4*)to = is_there ? *(const uint4*)from : uint4{0, 0, 0, 0};
#endif
}

// Waits until what this thread has fetched is there.
__device__ __forceinline__ void fetched() {
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;\ncp.async.wait_group 0;" ::: "memory");
#endif
}

// Rows of `BYTES` bytes (64, 128 or 256) in pieces of 16. Eight rows of one column lie in different
// banks, so that the units read them at once.
template <int BYTES>
struct Tile {
    static constexpr int PIECES = BYTES / 16;
    unsigned char* start;

    __device__ __forceinline__ void* piece(int row, int piece) const {
        int turn = PIECES >= 8 ? row % 8 : row / (8 / PIECES) % PIECES;
        return start + row * BYTES + (piece ^ turn) * 16;
    }

    // Rows from `first` on of a matrix whose rows are `apart` bytes apart; those from `end` on are zeros.
    __device__ __forceinline__ void fill(const unsigned char* from, long long apart, int first,
                                         int rows, int end) const {
        for (int i = threadIdx.x; i < rows * PIECES; i += blockDim.x) {
            int row = i / PIECES, at = i % PIECES;
            bool is_there = first + row < end;
            const unsigned char* source = is_there ? from + (first + row) * apart + at * 16 : from;
            fetch(piece(row, at), source, is_there);
        }
    }
};

// The matrix units of Hopper, which four warps (a group) use together: they read factors from shared
// memory by themselves. How numbers lie there and in registers: PTX ISA, "Asynchronous warpgroup level
// matrix instructions"; tiles in rows of 128 bytes whose pieces are turned as in `Tile<128>`, which is
// what that calls the swizzle of 128 bytes.
#pragma once

#include "tiles.cuh"

#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAS_WARPGROUPS 1
#endif

// Sums [64, 128] of a group, spread over its threads as those of 16 products m16n8 beside each other.
using GroupSums = float[16][4];

// Where a factor lies: a tile that begins at a multiple of 1024 bytes, or some way into its rows. `across`
// are the bytes from 64 columns to the next 64 where rows are summed over, `down` those from 8 rows to
// the next.
__device__ __forceinline__ uint64_t place_of(const void* start, uint32_t across, uint32_t down) {
#ifdef __CUDACC__
    uint32_t address = __cvta_generic_to_shared(start);
#else
    uint32_t address = uint32_t((const unsigned char*)start - emulator::dynamic_shared);
#endif
    return uint64_t(address >> 4 & 0x3fff) | uint64_t(across >> 4 & 0x3fff) << 16 |
           uint64_t(down >> 4 & 0x3fff) << 32 | uint64_t(1) << 62;
}

// What this thread wrote to shared memory is there for the units too, once all threads have met.
__device__ __forceinline__ void show_units() {
#ifdef HAS_WARPGROUPS
#ifdef __CUDACC__
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
#endif
}

#define FOUR(C, I) "+f"(C[I][0]), "+f"(C[I][1]), "+f"(C[I][2]), "+f"(C[I][3])
#define ALL_SUMS(C)                                                                              \
    FOUR(C, 0), FOUR(C, 1), FOUR(C, 2), FOUR(C, 3), FOUR(C, 4), FOUR(C, 5), FOUR(C, 6), FOUR(C, 7), \
        FOUR(C, 8), FOUR(C, 9), FOUR(C, 10), FOUR(C, 11), FOUR(C, 12), FOUR(C, 13), FOUR(C, 14), \
        FOUR(C, 15)
#define SUM_NAMES                                                                              \
    "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,"  \
    "%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45," \
    "%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}"

// The units may begin on these sums, which nothing that comes before changes any more.
__device__ __forceinline__ void begin_group([[maybe_unused]] GroupSums& c) {
#if defined(HAS_WARPGROUPS) && defined(__CUDACC__)
    asm volatile("wgmma.fence.sync.aligned;" : ALL_SUMS(c)::"memory");
#endif
}

// Waits for all products of this group; nothing that comes after reads these sums before.
__device__ __forceinline__ void end_group([[maybe_unused]] GroupSums& c) {
#if defined(HAS_WARPGROUPS) && defined(__CUDACC__)
    asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;"
                 : ALL_SUMS(c)::"memory");
#endif
}

// c [64, 128] (+)= a [64, 16] · bᵀ of b [128, 16], both in shared memory; without `adds`, c is new.
template <typename T>
__device__ __forceinline__ void multiply_group(GroupSums& c, uint64_t a, uint64_t b, bool adds) {
#ifndef __CUDACC__
    emulator::multiply_group<T>(c, nullptr, a, b, adds);
#elif defined(HAS_WARPGROUPS)
    if constexpr (T::IS_BF16)
        asm volatile("{.reg .pred adds;\nsetp.ne.b32 adds, %66, 0;\n"
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " SUM_NAMES
                     ", %64, %65, adds, 1, 1, 0, 0;}"
                     : ALL_SUMS(c)
                     : "l"(a), "l"(b), "r"(int(adds)));
    else
        asm volatile("{.reg .pred adds;\nsetp.ne.b32 adds, %66, 0;\n"
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 " SUM_NAMES
                     ", %64, %65, adds, 1, 1, 0, 0;}"
                     : ALL_SUMS(c)
                     : "l"(a), "l"(b), "r"(int(adds)));
#endif
}

// c [64, 128] += a [64, 16] · b [16, 128]; a in registers, b in shared memory.
template <typename T>
__device__ __forceinline__ void multiply_group(GroupSums& c, const uint32_t (&a)[4], uint64_t b) {
#ifndef __CUDACC__
    emulator::multiply_group<T>(c, a, 0, b, true);
#elif defined(HAS_WARPGROUPS)
    if constexpr (T::IS_BF16)
        asm volatile("{.reg .pred adds;\nsetp.eq.b32 adds, 0, 0;\n"
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " SUM_NAMES
                     ", {%64,%65,%66,%67}, %68, adds, 1, 1, 1;}"
                     : ALL_SUMS(c)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
    else
        asm volatile("{.reg .pred adds;\nsetp.eq.b32 adds, 0, 0;\n"
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 " SUM_NAMES
                     ", {%64,%65,%66,%67}, %68, adds, 1, 1, 1;}"
                     : ALL_SUMS(c)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
}

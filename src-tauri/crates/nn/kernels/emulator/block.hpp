// Thread blocks on a processor: every thread of a block is a fiber, and they take turns whenever one
// waits for others. So the very code that a card runs is tested where there is none.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __restrict__
#define __launch_bounds__(...)

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
struct alignas(8) uint2 {
    uint32_t x, y;
};
inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

inline float from_f16(uint16_t bits) {
    uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 0) return (sign ? -1.f : 1.f) * std::ldexp(float(fraction), -24);
    uint32_t wide = exponent == 31 ? sign | 0x7f800000 | fraction << 13
                                   : sign | (exponent + 112) << 23 | fraction << 13;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

// To the nearest, ties to even.
inline uint16_t to_f16(float x) {
    uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    float size = std::fabs(x);
    if (std::isnan(x)) return sign | 0x7e00;
    if (size >= 65520.f) return sign | 0x7c00;
    if (size < 6.103515625e-5f) return sign | uint16_t(std::nearbyint(std::ldexp(size, 24)));
    int exponent;
    float fraction = std::frexp(size, &exponent);  // from 0.5 to 1
    uint32_t steps = uint32_t(std::nearbyint(std::ldexp(fraction, 11)));
    return sign | uint16_t(((exponent + 13) << 10) + int(steps));
}

inline uint16_t to_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if (std::isnan(x)) return uint16_t(bits >> 16 | 64);
    return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// To the nearest, ties to even; what is too large becomes the largest.
inline uint8_t to_f8e4m3(float x) {
    uint8_t sign = std::signbit(x) ? 0x80 : 0;
    if (std::isnan(x)) return sign | 0x7f;
    float size = std::fmin(std::fabs(x), 448.f);
    int exponent;
    std::frexp(size, &exponent);
    exponent = std::max(exponent, -5);  // smaller numbers have the smallest one's step
    int steps = int(std::nearbyint(std::ldexp(size, 4 - exponent)));
    return sign | uint8_t(((exponent + 5) << 3) + steps);
}

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    bool done;
};

constexpr size_t STACK = 256 << 10;
inline std::vector<Fiber> fibers;
inline ucontext_t scheduler;
inline unsigned current;
inline std::function<void()> body;

inline void wait_a_turn() { swapcontext(&fibers[current].context, &scheduler); }

inline void enter() {
    body();
    fibers[current].done = true;
    wait_a_turn();
}

// Threads that meet: the last one does the work, the others wait for it.
struct Meeting {
    unsigned arrived = 0, round = 0;
    template <typename Work>
    void meet(unsigned count, Work work) {
        unsigned mine = round;
        if (++arrived == count) {
            work();
            arrived = 0;
            round += 1;
        } else {
            while (round == mine) wait_a_turn();
        }
    }
};

struct Warp {
    Meeting meeting;
    uint32_t words[32][12];
    const void* rows[32];
};
// Four warps, which some units take together.
struct Group {
    Meeting meeting;
    float sums[128][64];
    uint32_t left[128][4];
};
inline Meeting everybody;
inline Group groups[8];
inline Group& group() { return groups[threadIdx.x / 128]; }
inline Warp warps[32];
inline Warp& warp() { return warps[threadIdx.x / 32]; }
inline unsigned lane() { return threadIdx.x % 32; }
inline unsigned lanes() {
    unsigned first = threadIdx.x / 32 * 32;
    return blockDim.x - first < 32 ? blockDim.x - first : 32;
}

alignas(128) inline unsigned char dynamic_shared[256 << 10];

// Runs a kernel block by block; threads are numbered along x alone. Says whether every block kept to the
// `shared` bytes that it asked for.
inline bool run(dim3 grid, unsigned threads, unsigned shared, std::function<void()> kernel) {
    body = std::move(kernel);
    gridDim = grid;
    blockDim = {threads, 1, 1};
    fibers.resize(threads);
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                blockIdx = {x, y, z};
                // What nobody has written is no number.
                memset(dynamic_shared, 0xff, sizeof dynamic_shared);
                for (Fiber& fiber : fibers) {
                    fiber.done = false;
                    if (!fiber.stack) fiber.stack.reset(new char[STACK]);
                    getcontext(&fiber.context);
                    fiber.context.uc_stack.ss_sp = fiber.stack.get();
                    fiber.context.uc_stack.ss_size = STACK;
                    fiber.context.uc_link = nullptr;
                    makecontext(&fiber.context, enter, 0);
                }
                for (unsigned left = threads; left > 0;)
                    for (current = 0; current < threads; current++) {
                        if (fibers[current].done) continue;
                        threadIdx = {current, 0, 0};
                        swapcontext(&scheduler, &fibers[current].context);
                        left -= fibers[current].done;
                    }
                for (size_t i = shared; i < sizeof dynamic_shared; i++)
                    if (dynamic_shared[i] != 0xff) return false;
            }
    return true;
}

}  // namespace emulator

inline void __syncthreads() {
    emulator::everybody.meet(blockDim.x, [] {});
}

inline float __shfl_xor_sync(unsigned, float value, int distance) {
    emulator::Warp& warp = emulator::warp();
    unsigned lane = emulator::lane();
    memcpy(&warp.words[lane][0], &value, 4);
    warp.meeting.meet(emulator::lanes(), [&] {
        for (int other = 0; other < 32; other++) warp.words[other][1] = warp.words[other ^ distance][0];
    });
    memcpy(&value, &warp.words[lane][1], 4);
    return value;
}

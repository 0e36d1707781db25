// The matrix units of a warp on a processor, number by number, as the PTX ISA spreads them over threads.
#pragma once

#include "block.hpp"

struct alignas(16) uint4 {
    uint32_t x, y, z, w;
};

namespace emulator {

template <typename T>
float half_of(uint32_t word, int half) {
    uint16_t bits = uint16_t(word >> 16 * half);
    if (!T::IS_BF16) return from_f16(bits);
    uint32_t wide = uint32_t(bits) << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

template <typename T>
void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    Warp& all = warp();
    uint32_t(&mine)[12] = all.words[lane()];
    memcpy(mine, c, 16);
    memcpy(mine + 4, a, 16);
    memcpy(mine + 8, b, 8);
    all.meeting.meet(32, [&] {
        float left[16][16], right[16][8];
        for (int lane = 0; lane < 32; lane++) {
            int group = lane / 4, in_group = lane % 4;
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 4; i++)
                    left[group + i % 2 * 8][in_group * 2 + half + i / 2 * 8] =
                        half_of<T>(all.words[lane][4 + i], half);
                for (int i = 0; i < 2; i++)
                    right[in_group * 2 + half + i * 8][group] = half_of<T>(all.words[lane][8 + i], half);
            }
        }
        for (int lane = 0; lane < 32; lane++)
            for (int i = 0; i < 4; i++) {
                int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
                float sum;
                memcpy(&sum, &all.words[lane][i], 4);
                for (int k = 0; k < 16; k++) sum += left[row][k] * right[k][column];
                memcpy(&all.words[lane][i], &sum, 4);
            }
    });
    memcpy(c, mine, 16);
}

inline void multiply_int8(int (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    Warp& all = warp();
    uint32_t(&mine)[12] = all.words[lane()];
    memcpy(mine, c, 16);
    memcpy(mine + 4, a, 16);
    memcpy(mine + 8, b, 8);
    all.meeting.meet(32, [&] {
        int left[16][32], right[32][8];
        for (int lane = 0; lane < 32; lane++) {
            int group = lane / 4, in_group = lane % 4;
            for (int byte = 0; byte < 4; byte++) {
                for (int i = 0; i < 4; i++)
                    left[group + i % 2 * 8][in_group * 4 + byte + i / 2 * 16] =
                        int8_t(all.words[lane][4 + i] >> 8 * byte);
                for (int i = 0; i < 2; i++)
                    right[in_group * 4 + byte + i * 16][group] = int8_t(all.words[lane][8 + i] >> 8 * byte);
            }
        }
        for (int lane = 0; lane < 32; lane++)
            for (int i = 0; i < 4; i++) {
                int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
                int sum = int(all.words[lane][i]);
                for (int k = 0; k < 32; k++) sum += left[row][k] * right[k][column];
                all.words[lane][i] = uint32_t(sum);
            }
    });
    memcpy(c, mine, 16);
}

inline void load_matrices(uint32_t (&out)[4], const void* row, bool turned) {
    Warp& all = warp();
    if (uintptr_t(row) % 16 != 0) {
        fprintf(stderr, "the row of a matrix is not aligned\n");
        abort();
    }
    all.rows[lane()] = row;
    all.meeting.meet(32, [&] {
        for (int lane = 0; lane < 32; lane++)
            for (int matrix = 0; matrix < 4; matrix++) {
                uint16_t two[2];
                for (int i = 0; i < 2; i++) {
                    int at = lane % 4 * 2 + i, other = lane / 4;
                    int from = turned ? at : other, column = turned ? other : at;
                    two[i] = ((const uint16_t*)all.rows[matrix * 8 + from])[column];
                }
                all.words[lane][matrix] = uint32_t(two[0]) | uint32_t(two[1]) << 16;
            }
    });
    memcpy(out, all.words[lane()], 16);
}

// A factor in shared memory that a group of warps reads: its number `along` the sum in `row`, as the
// matrix descriptor of the PTX ISA places it under the swizzle of 128 bytes.
inline uint16_t placed(uint64_t place, int row, int along, bool is_turned) {
    if (place >> 62 != 1) {
        fprintf(stderr, "only tiles with turned pieces are known here\n");
        abort();
    }
    auto bytes = [&](int from) { return uint32_t(place >> from & 0x3fff) << 4; };
    uint32_t start = bytes(0), across = bytes(16), down = bytes(32);
    uint32_t at = start;
    if (is_turned)
        at += row / 64 * across + row % 64 * 2 + along / 8 * down + along % 8 * 128;
    else
        at += row / 8 * down + row % 8 * 128 + along * 2;
    at ^= (at >> 7 & 7) << 4;
    uint16_t bits;
    memcpy(&bits, dynamic_shared + at, 2);
    return bits;
}

// c [64, 128] (+)= a [64, 16] · b, in groups of warps: a in registers or, where it is none, in shared
// memory, and b as 128 rows of 16, or turned.
template <typename T>
void multiply_group(float (&c)[16][4], const uint32_t* a, uint64_t left, uint64_t right, bool adds) {
    Group& all = group();
    unsigned mine = threadIdx.x % 128;
    memcpy(all.sums[mine], c, sizeof c);
    if (a) memcpy(all.left[mine], a, 16);
    all.meeting.meet(128, [&] {
        float rows[64][16], columns[128][16];
        for (int row = 0; row < 64; row++)
            for (int k = 0; k < 16; k++) {
                // Thread of a fragment m16k16, and which of its words.
                int thread = row / 16 * 32 + row % 8 * 4 + k % 8 / 2, word = row % 16 / 8 + k / 8 * 2;
                rows[row][k] = a ? half_of<T>(all.left[thread][word], k % 2)
                                 : half_of<T>(placed(left, row, k, false), 0);
            }
        for (int column = 0; column < 128; column++)
            for (int k = 0; k < 16; k++)
                columns[column][k] = half_of<T>(placed(right, column, k, a != nullptr), 0);
        for (int thread = 0; thread < 128; thread++)
            for (int i = 0; i < 64; i++) {
                int row = thread / 32 * 16 + thread % 32 / 4 + i % 4 / 2 * 8;
                int column = i / 4 * 8 + thread % 4 * 2 + i % 2;
                float& sum = all.sums[thread][i];
                if (!adds) sum = 0.f;
                for (int k = 0; k < 16; k++) sum += rows[row][k] * columns[column][k];
            }
    });
    memcpy(c, all.sums[mine], sizeof c);
}

}  // namespace emulator

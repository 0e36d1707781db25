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

}  // namespace emulator

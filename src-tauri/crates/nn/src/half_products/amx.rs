//! Tiles of Intel's AMX: 16 × 16 sums of products of pairs of bf16 numbers at a time.
//!
//! Instructions: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, `TDPBF16PS`.
//! What the model stores, `right`, is read where it lies; only the other factor is packed.
#![expect(unsafe_code, reason = "there is no other way to these instructions")]

use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::LazyLock,
};

use rayon::prelude::*;

/// Rows of `right` that stay in a core's own cache while all of the left factor goes by.
const BLOCK_BYTES: usize = 768 << 10;
/// Sums of a tile: 16 × 16.
const TILE: usize = 256;

/// Whether the processor has tiles of bf16 and the system lets this process use them.
pub(super) fn is_available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
        /// `arch_prctl`, and what it is asked: the use of tiles.
        const ARCH_PRCTL: i64 = 158;
        const REQUEST: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        let has = __cpuid_count(7, 0).edx & BF16_AND_TILES == BF16_AND_TILES;
        if !has {
            return false;
        }
        let answer: i64;
        // SAFETY: this system call reads its registers and changes nothing but what the process may do.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") ARCH_PRCTL => answer,
                in("rdi") REQUEST,
                in("rsi") TILE_DATA,
                out("rcx") _,
                out("r11") _,
                options(nostack)
            );
        }
        answer == 0
    });
    *AVAILABLE
}

/// Where threads write sums: each its own columns of every row.
struct Out(*mut f32);

// SAFETY: threads write disjoint columns, and nobody reads before all are done.
unsafe impl Sync for Out {}

/// See [`super::Packed::product`], which has checked the sizes.
pub(super) fn product(
    words: &[u32],
    (rows, columns): (usize, usize),
    right: &[u8],
    outputs: usize,
    (out, all, first): (&mut [f32], usize, usize),
) {
    let block = (BLOCK_BYTES / (columns * 2) / 32 * 32).clamp(32, outputs);
    let out = Out(out.as_mut_ptr());
    let out = &out;
    let blocks = outputs.div_ceil(block);
    // Narrow factors have few blocks: rows are shared out as well.
    let parts = (2 * rayon::current_num_threads()).div_ceil(blocks).min(rows.div_ceil(32)).max(1);
    let panels = rows.div_ceil(32);
    let share = panels.div_ceil(parts);
    (0..blocks * parts).into_par_iter().for_each(|task| {
        let (start, part) = (task / parts * block, task % parts);
        configure();
        let mut sums = [0f32; 4 * TILE];
        for panel in part * share..((part + 1) * share).min(panels) {
            let packed = &words[panel * 16 * columns..][..16 * columns];
            for output in (start..outputs.min(start + block)).step_by(32) {
                let stored = &right[output * columns * 2..][..32 * columns * 2];
                multiply(stored, packed, columns, &mut sums);
                for (tile, sums) in sums.chunks_exact(TILE).enumerate() {
                    let (down, across) = (output + tile / 2 * 16, panel * 32 + tile % 2 * 16);
                    for row in 0..16.min(rows.saturating_sub(across)) {
                        for column in 0..16 {
                            let place = (across + row) * all + first + down + column;
                            // SAFETY: inside `out`, by the sizes that were checked; these columns of
                            // these rows are this task's.
                            unsafe { *out.0.add(place) = sums[column * 16 + row] };
                        }
                    }
                }
            }
        }
        release();
    });
}

/// Eight tiles of 16 rows of 64 bytes.
fn configure() {
    #[repr(C, align(64))]
    struct Configuration {
        palette: u8,
        start: u8,
        reserved: [u8; 14],
        row_bytes: [u16; 16],
        rows: [u8; 16],
    }
    let mut configuration = Configuration {
        palette: 1,
        start: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    configuration.row_bytes[..8].fill(64);
    configuration.rows[..8].fill(16);
    // SAFETY: the layout is the one that the manual gives, and tiles are available.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack)) };
}

fn release() {
    // SAFETY: nothing of the tiles is needed after this.
    unsafe { asm!("tilerelease", options(nostack)) };
}

/// 32 rows of `stored [32, columns]` times 32 packed rows: four tiles of sums, row by row.
fn multiply(stored: &[u8], packed: &[u32], columns: usize, sums: &mut [f32; 4 * TILE]) {
    assert!(stored.len() == 64 * columns && packed.len() == 16 * columns);
    let stride = columns * 2;
    // SAFETY: the loop reads 32 rows of `columns` numbers of `stored` and both halves of `packed`, all
    // of which the lengths above hold; it writes the four tiles of `sums`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {stride} * 1]",
            "tileloadd tmm6, [{b} + {line} * 1]",
            "tileloadd tmm5, [{c} + {stride} * 1]",
            "tileloadd tmm7, [{d} + {line} * 1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, 64",
            "add {c}, 64",
            "add {b}, 1024",
            "add {d}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {line} * 1], tmm0",
            "tilestored [{sums} + {line} * 1 + 1024], tmm1",
            "tilestored [{sums} + {line} * 1 + 2048], tmm2",
            "tilestored [{sums} + {line} * 1 + 3072], tmm3",
            a = inout(reg) stored.as_ptr() => _,
            c = inout(reg) stored.as_ptr().add(16 * stride) => _,
            b = inout(reg) packed.as_ptr() => _,
            d = inout(reg) packed.as_ptr().add(8 * columns) => _,
            steps = inout(reg) columns / 32 => _,
            stride = in(reg) stride,
            line = in(reg) 64usize,
            sums = in(reg) sums.as_mut_ptr(),
            options(nostack)
        );
    }
}

//! Tiles of Intel's AMX: 16 × 16 sums of products of pairs of bf16 numbers, or of four bytes, at a time.
//!
//! Instructions: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, `TDPBF16PS` and
//! `TDPBSSD`.
#![expect(unsafe_code, reason = "there is no other way to these instructions")]

use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::LazyLock,
};

use super::{Apart, Between, Line, TILE};

/// Whether the processor has tiles of bf16 and of bytes, and the system lets this process use them.
pub(super) fn is_available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        const HALVES_AND_TILES_AND_BYTES: u32 = 1 << 22 | 1 << 24 | 1 << 25;
        /// `arch_prctl`, and what it is asked: the use of tiles.
        const ARCH_PRCTL: i64 = 158;
        const REQUEST: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        let has = __cpuid_count(7, 0).edx & HALVES_AND_TILES_AND_BYTES;
        // Numbers are prepared by vectors of the same size.
        if has != HALVES_AND_TILES_AND_BYTES || !std::is_x86_feature_detected!("avx512bw") {
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

/// Runs `work` with eight tiles of 16 rows of 64 bytes.
pub(super) fn with(work: impl FnOnce()) {
    #[repr(C, align(64))]
    struct Configuration {
        palette: u8,
        start: u8,
        reserved: [u8; 14],
        row_bytes: [u16; 16],
        rows: [u8; 16],
    }
    /// Lets go of the tiles, also when `work` panics.
    struct Release;
    impl Drop for Release {
        fn drop(&mut self) {
            // SAFETY: nothing of the tiles is needed after this.
            unsafe { asm!("tilerelease", options(nostack)) };
        }
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
    let _release = Release;
    work();
}

/// The loop over columns: two tiles of each factor, four products. `$between` is called now and then.
macro_rules! multiply {
    ($product:literal, $left:expr, $right:expr, $steps:expr, $between:expr) => {
        let (every, between) = $between;
        for from in (0..$steps).step_by(every) {
            let here = |tiles: [&[u8]; 2]| tiles.map(|tiles| tiles[from * TILE..].as_ptr());
            multiply_part!($product, here($left), here($right), every.min($steps - from));
            between();
        }
    };
}
macro_rules! multiply_part {
    ($product:literal, $left:expr, $right:expr, $steps:expr) => {{
        let ([a, b], [c, d]) = ($left, $right);
        // SAFETY: the loop reads `steps` tiles of each of the four, which the caller has checked.
        unsafe {
            asm!(
                "2:",
                "tileloadd tmm4, [{a} + {line}]",
                "tileloadd tmm5, [{b} + {line}]",
                "tileloadd tmm6, [{c} + {line}]",
                "tileloadd tmm7, [{d} + {line}]",
                concat!($product, " tmm0, tmm4, tmm6"),
                concat!($product, " tmm1, tmm4, tmm7"),
                concat!($product, " tmm2, tmm5, tmm6"),
                concat!($product, " tmm3, tmm5, tmm7"),
                "add {a}, 1024",
                "add {b}, 1024",
                "add {c}, 1024",
                "add {d}, 1024",
                "dec {steps}",
                "jnz 2b",
                a = inout(reg) a => _,
                b = inout(reg) b => _,
                c = inout(reg) c => _,
                d = inout(reg) d => _,
                line = in(reg) 64usize,
                steps = inout(reg) $steps => _,
                options(nostack)
            )
        }
    }};
}

pub(super) fn halves(
    left: [&[u8]; 2],
    right: [&[u8]; 2],
    steps: usize,
    (sums, adds): (&mut [Line], bool),
    between: Between<'_>,
) {
    if adds {
        // SAFETY: four tiles of sums, which the caller has checked.
        unsafe {
            asm!(
                "tileloadd tmm0, [{sums} + {line}]",
                "tileloadd tmm1, [{sums} + {line} + 1024]",
                "tileloadd tmm2, [{sums} + {line} + 2048]",
                "tileloadd tmm3, [{sums} + {line} + 3072]",
                sums = in(reg) sums.as_ptr(),
                line = in(reg) 64usize,
                options(nostack, readonly)
            );
        }
    } else {
        clear();
    }
    multiply!("tdpbf16ps", left, right, steps, between);
    store(sums);
}

pub(super) fn halves_apart(
    left: [&[u8]; 2],
    right: &Apart<'_>,
    sums: &mut [Line],
    (every, between): Between<'_>,
) {
    clear();
    for (step, place) in right.steps.iter().enumerate() {
        let [a, b] = left.map(|tiles| tiles[step * TILE..].as_ptr());
        let [c, d] = right.starts.map(|start| right.bytes[start + place..].as_ptr());
        // SAFETY: a tile of each of the four, which the caller has checked.
        unsafe {
            asm!(
                "tileloadd tmm4, [{a} + {line}]",
                "tileloadd tmm6, [{c} + {row}]",
                "tileloadd tmm7, [{d} + {row}]",
                "tileloadd tmm5, [{b} + {line}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                a = in(reg) a,
                b = in(reg) b,
                c = in(reg) c,
                d = in(reg) d,
                line = in(reg) 64usize,
                row = in(reg) right.row,
                options(nostack, readonly)
            );
        }
        if step % every == every - 1 {
            between();
        }
    }
    store(sums);
}

pub(super) fn whole(
    left: [&[u8]; 2],
    right: [&[u8]; 2],
    steps: usize,
    sums: &mut [Line],
    between: Between<'_>,
) {
    clear();
    multiply!("tdpbssd", left, right, steps, between);
    store(sums);
}

fn clear() {
    // SAFETY: the tiles of sums are this module's.
    unsafe {
        asm!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", options(nostack));
    }
}

fn store(sums: &mut [Line]) {
    // SAFETY: four tiles of sums, which the caller has checked.
    unsafe {
        asm!(
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 1024], tmm1",
            "tilestored [{sums} + {line} + 2048], tmm2",
            "tilestored [{sums} + {line} + 3072], tmm3",
            sums = in(reg) sums.as_mut_ptr(),
            line = in(reg) 64usize,
            options(nostack)
        );
    }
}

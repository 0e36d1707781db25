//! The units that multiply tiles: what each processor has, and what it does with two tiles of each factor.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod vectors;

use super::{PANEL, ROW, ROWS, Rounding, TILE, lines::Line};

/// Other work, and after how many steps of a product a piece of it may be done: it finds vector units idle
/// where those of tiles are busy.
pub(super) type Between<'a> = (usize, &'a mut dyn FnMut());

/// Tiles of a right factor in bf16 that lie in something larger, their rows apart: 16 pixels each of a map.
pub(super) struct Apart<'a> {
    pub(super) bytes: &'a [u8],
    /// Bytes from row to row.
    pub(super) row: usize,
    /// Where the first of each of two tiles begins.
    pub(super) starts: [usize; 2],
    /// Where those of each step begin, from there on.
    pub(super) steps: &'a [usize],
}

/// A unit that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Intel's AMX: both roundings.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Tiles,
    /// AVX-512 with products of pairs of bf16 and of four bytes.
    #[cfg(target_arch = "x86_64")]
    Wide,
    /// AVX-VNNI: products of four bytes.
    #[cfg(target_arch = "x86_64")]
    Narrow,
}

impl Unit {
    /// The fastest one for a rounding.
    pub(crate) fn best(rounding: Rounding) -> Option<Self> {
        Self::all(rounding).next()
    }

    /// Those that there are for a rounding, the fastest first.
    pub(super) fn all(rounding: Rounding) -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let units = {
            #[cfg(target_os = "linux")]
            let tiles = amx::is_available().then_some(Self::Tiles);
            #[cfg(not(target_os = "linux"))]
            let tiles = None;
            let wide = vectors::is_wide(rounding).then_some(Self::Wide);
            let narrow =
                (rounding == Rounding::Int8 && vectors::is_narrow()).then_some(Self::Narrow);
            [tiles, wide, narrow]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let units: [Option<Self>; 0] = {
            let _ = rounding;
            []
        };
        units.into_iter().flatten()
    }

    /// Runs `work`, in which the unit may be used on this thread.
    pub(super) fn with(self, work: impl FnOnce()) {
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles => amx::with(work),
            #[cfg(target_arch = "x86_64")]
            Self::Wide | Self::Narrow => work(),
        }
    }

    /// `sums [2, 2, 16, 16]` of two tiles of each factor, in bf16, over `steps` tiles of columns; what is
    /// there already is added where `adds`. Units that leave nothing idle do nothing between.
    pub(super) fn halves(
        self,
        left: [&[u8]; 2],
        right: [&[u8]; 2],
        steps: usize,
        (sums, adds): (&mut [Line], bool),
        between: Between<'_>,
    ) {
        check(left, right, steps, sums, &between);
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles => amx::halves(left, right, steps, (sums, adds), between),
            #[cfg(target_arch = "x86_64")]
            Self::Wide => vectors::halves(left, right, steps, sums, adds),
            #[cfg(target_arch = "x86_64")]
            Self::Narrow => unreachable!("this unit is never chosen for bf16"),
        }
    }

    /// As [`Self::halves`], where the right factor's tiles lie elsewhere.
    pub(super) fn halves_apart(
        self,
        left: [&[u8]; 2],
        right: &Apart<'_>,
        sums: &mut [Line],
        between: Between<'_>,
    ) {
        let farthest = right.steps.iter().max().copied().unwrap_or(0);
        let last = right.starts[0].max(right.starts[1]) + farthest + (ROWS - 1) * right.row + ROW;
        assert!(last <= right.bytes.len() && right.row >= ROW);
        check(left, left, right.steps.len(), sums, &between);
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles => amx::halves_apart(left, right, sums, between),
            #[cfg(target_arch = "x86_64")]
            Self::Wide => vectors::halves_apart(left, right, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Narrow => unreachable!("this unit is never chosen for bf16"),
        }
    }

    /// As [`Self::halves`] of bytes with signs; sums are of i32, and never added to.
    pub(super) fn whole(
        self,
        left: [&[u8]; 2],
        right: [&[u8]; 2],
        steps: usize,
        sums: &mut [Line],
        between: Between<'_>,
    ) {
        check(left, right, steps, sums, &between);
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles => amx::whole(left, right, steps, sums, between),
            #[cfg(target_arch = "x86_64")]
            Self::Wide => vectors::whole_wide(left, right, steps, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Narrow => vectors::whole_narrow(left, right, steps, sums),
        }
    }
}

/// What every kernel relies on.
fn check(left: [&[u8]; 2], right: [&[u8]; 2], steps: usize, sums: &[Line], between: &Between<'_>) {
    let are_long = left.iter().chain(&right).all(|tiles| tiles.len() >= steps * TILE);
    assert!(steps > 0 && are_long && sums.len() * ROW >= PANEL * PANEL * 4 && between.0 > 0);
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::{super::lines, *};

    /// Two factors of 32 rows in tiles, and the product as their numbers give it.
    fn factors(rounding: Rounding, steps: usize) -> ([Vec<Line>; 2], Vec<f64>) {
        let columns = steps * rounding.step();
        let number = |side: usize, row: usize, column: usize| {
            let wave = ((row * 37 + column * (11 + side) + side) as f64 * 0.7).sin();
            match rounding {
                Rounding::Bf16 => f64::from(bf16::from_f64(wave).to_f32()),
                Rounding::Int8 => (wave * 127.0).round(),
            }
        };
        let tiles = [0, 1].map(|side| {
            let mut tiles = lines::zeros(2 * steps * TILE);
            let out = lines::bytes_mut(&mut tiles);
            for row in 0..PANEL {
                for column in 0..columns {
                    let value = number(side, row, column);
                    let byte = column * rounding.bytes();
                    let tile = (row / 16 * steps + byte / ROW) * TILE;
                    // The right one has a word of each row side by side.
                    let place = match side {
                        0 => tile + row % 16 * ROW + byte % ROW,
                        _ => tile + byte % ROW / 4 * ROW + row % 16 * 4 + byte % 4,
                    };
                    match rounding {
                        Rounding::Bf16 => out[place..place + 2]
                            .copy_from_slice(&bf16::from_f64(value).to_le_bytes()),
                        Rounding::Int8 => out[place] = (value as i8).cast_unsigned(),
                    }
                }
            }
            tiles
        });
        let product = (0..PANEL * PANEL)
            .map(|at| {
                (0..columns).map(|i| number(0, at / PANEL, i) * number(1, at % PANEL, i)).sum()
            })
            .collect();
        (tiles, product)
    }

    #[test]
    fn every_unit_multiplies_as_its_numbers_tell() {
        for rounding in [Rounding::Bf16, Rounding::Int8] {
            for (unit, steps) in Unit::all(rounding).flat_map(|unit| [(unit, 1), (unit, 7)]) {
                let ([left, right], expected) = factors(rounding, steps);
                let of = |tiles| lines::bytes(tiles).split_at(steps * TILE);
                let (left, right) = (<[&[u8]; 2]>::from(of(&left)), <[&[u8]; 2]>::from(of(&right)));
                let mut sums = lines::zeros(4 * TILE);
                let mut twice = lines::zeros(4 * TILE);
                let mut none = || ();
                unit.with(|| match rounding {
                    Rounding::Bf16 => {
                        unit.halves(left, right, steps, (&mut sums, false), (steps, &mut none));
                        unit.halves(left, right, steps, (&mut twice, false), (steps, &mut none));
                        unit.halves(left, right, steps, (&mut twice, true), (steps, &mut none));
                    }
                    Rounding::Int8 => unit.whole(left, right, steps, &mut sums, (steps, &mut none)),
                });
                for (at, expected) in expected.iter().enumerate() {
                    let (row, column) = (at / PANEL, at % PANEL);
                    let place = (row / 16 * 2 + column / 16) * 256 + row % 16 * 16 + column % 16;
                    let raw = lines::numbers_mut(&mut sums)[place];
                    let made = match rounding {
                        Rounding::Bf16 => f64::from(raw),
                        Rounding::Int8 => f64::from(raw.to_bits().cast_signed()),
                    };
                    let far = (made - expected).abs();
                    assert!(
                        far < 1e-4 * steps as f64,
                        "{unit:?} {rounding:?}: {made}, not {expected}"
                    );
                    if rounding == Rounding::Bf16 {
                        let made = f64::from(lines::numbers_mut(&mut twice)[place]);
                        assert!((made - 2.0 * expected).abs() < 1e-3, "{unit:?}: {made}");
                    }
                }
            }
        }
    }
}

//! A picture in tiles of its own, of which an edited copy shares all that did not change.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use rayon::prelude::*;

use crate::{Area, Error, Grid, Result};

/// Pixels along a tile's side; tiles at the right and lower edge are cut.
pub const SIDE: u32 = 256;
/// Levels are halved no more often than this: a tile of the last one covers 65 536 pixels.
const MAX_LEVEL: u32 = 8;
/// The level that each tile keeps of itself; smaller ones are made of it.
const SMALL_LEVEL: u32 = 3;

/// A picture or mask whose copies share tiles.
#[derive(Debug, Clone)]
pub struct Tiled {
    width: u32,
    height: u32,
    channels: usize,
    /// Rows of tiles from the top.
    tiles: Vec<Arc<Tile>>,
}

#[derive(Debug)]
struct Tile {
    bytes: Box<[u8]>,
    /// The same at [`SMALL_LEVEL`], made when it is first asked for: what a whole large picture is shown of.
    small: OnceLock<Grid>,
}

impl Tile {
    fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), small: OnceLock::new() })
    }
}

impl Tiled {
    /// Cuts `bytes` up: rows of `width` pixels of `channels` bytes, as many as `height`. Empty tiles are one.
    ///
    /// # Errors
    /// If there are more or fewer bytes.
    pub fn new(width: u32, height: u32, channels: usize, bytes: &[u8]) -> Result<Self> {
        if bytes.len() != width as usize * height as usize * channels {
            return Err(Error::Invalid(format!(
                "{} bytes are not {width} × {height} pixels",
                bytes.len()
            )));
        }
        let mut tiled = Self { width, height, channels, tiles: Vec::new() };
        let stride = width as usize * channels;
        let nothing = Tile::new(vec![0; (SIDE * SIDE) as usize * channels]);
        let cut = |index: usize| {
            let area = tiled.area_of(index);
            let mut tile = Vec::with_capacity((area.width * area.height) as usize * channels);
            for row in 0..area.height as usize {
                let start = (area.y as usize + row) * stride + area.x as usize * channels;
                tile.extend_from_slice(&bytes[start..start + area.width as usize * channels]);
            }
            if tile[..] == nothing.bytes[..] { Arc::clone(&nothing) } else { Tile::new(tile) }
        };
        let tiles = (0..tiled.columns() * tiled.rows()).into_par_iter().map(cut).collect();
        tiled.tiles = tiles;
        Ok(tiled)
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The whole picture.
    #[must_use]
    pub fn to_grid(&self) -> Grid {
        self.part(Area { x: 0, y: 0, width: self.width, height: self.height })
    }

    /// A part of it; what reaches outside is left out.
    #[must_use]
    pub fn part(&self, area: Area) -> Grid {
        let area = area.meet(Area { x: 0, y: 0, width: self.width, height: self.height });
        let row_bytes = area.width as usize * self.channels;
        let mut bytes = vec![0; row_bytes * area.height as usize];
        if bytes.is_empty() {
            return Grid::of(area.width, area.height, self.channels, bytes);
        }
        for (y, target) in (area.y as u32..).zip(bytes.chunks_exact_mut(row_bytes)) {
            let mut x = area.x as u32;
            let mut rest = target;
            while !rest.is_empty() {
                let (index, tile) = self.tile_at(x, y);
                let own = self.area_of(index);
                let from =
                    ((y - own.y as u32) * own.width + (x - own.x as u32)) as usize * self.channels;
                let count =
                    ((own.width - (x - own.x as u32)) as usize * self.channels).min(rest.len());
                let (now, later) = rest.split_at_mut(count);
                now.copy_from_slice(&tile[from..from + count]);
                x += (count / self.channels) as u32;
                rest = later;
            }
        }
        Grid::of(area.width, area.height, self.channels, bytes)
    }

    /// A copy with `pixels` written at `x`, `y`, and the bytes that it does not share.
    ///
    /// # Errors
    /// If they do not fit inside.
    pub fn patched(&self, x: i32, y: i32, pixels: &Grid) -> Result<(Self, usize)> {
        let area = Area { x, y, width: pixels.width(), height: pixels.height() };
        let whole = Area { x: 0, y: 0, width: self.width, height: self.height };
        if area.meet(whole) != area || pixels.channels() != self.channels {
            return Err(Error::Invalid(format!(
                "{} × {} pixels at {x}, {y} do not fit into {} × {}",
                area.width, area.height, self.width, self.height
            )));
        }
        let mut copy = self.clone();
        let mut taken = 0;
        for index in 0..self.tiles.len() {
            let own = self.area_of(index);
            let both = own.meet(area);
            if both.is_empty() {
                continue;
            }
            let mut tile = self.tiles[index].bytes.to_vec();
            for row in 0..both.height {
                let source = pixels.row((both.x - x) as u32, (both.y - y) as u32 + row, both.width);
                let start = ((both.y - own.y) as u32 + row) * own.width + (both.x - own.x) as u32;
                let start = start as usize * self.channels;
                tile[start..start + source.len()].copy_from_slice(source);
            }
            if tile[..] != self.tiles[index].bytes[..] {
                taken += tile.len();
                copy.tiles[index] = Tile::new(tile);
            }
        }
        Ok((copy, taken))
    }

    /// The bytes of tiles that `others` do not hold.
    #[must_use]
    pub fn bytes_beyond(&self, others: &[&Self]) -> usize {
        let known: HashSet<*const Tile> =
            others.iter().flat_map(|other| &other.tiles).map(Arc::as_ptr).collect();
        let mut seen = HashSet::new();
        self.tiles
            .iter()
            .filter(|tile| !known.contains(&Arc::as_ptr(tile)) && seen.insert(Arc::as_ptr(tile)))
            .map(|tile| tile.bytes.len())
            .sum()
    }

    /// A tile of a level, as [`level_tile`] makes it; levels above the third are means of that one's levels.
    ///
    /// # Errors
    /// If there is no such level or tile.
    pub fn level_tile(&self, level: u32, tile: (u32, u32)) -> Result<Grid> {
        let area = level_area((self.width, self.height), level, tile)?;
        if level <= SMALL_LEVEL {
            return level_tile((self.width, self.height), level, tile, |area| self.part(area));
        }
        let (first, last) = (
            (area.x as u32 / SIDE, area.y as u32 / SIDE),
            ((area.right() as u32).div_ceil(SIDE), (area.bottom() as u32).div_ceil(SIDE)),
        );
        let halved = |side: u32| side.div_ceil(1 << SMALL_LEVEL);
        let mut part =
            Grid::filled(halved(area.width), halved(area.height), &vec![0; self.channels])?;
        for row in first.1..last.1 {
            for column in first.0..last.0 {
                let small = self.small(row as usize * self.columns() + column as usize);
                let (x, y) = (halved((column - first.0) * SIDE), halved((row - first.1) * SIDE));
                part.put(x, y, small);
            }
        }
        Ok(reduce(&part, 1 << (level - SMALL_LEVEL)))
    }

    fn small(&self, index: usize) -> &Grid {
        let area = self.area_of(index);
        let tile = &self.tiles[index];
        tile.small.get_or_init(|| {
            let grid = Grid::of(area.width, area.height, self.channels, tile.bytes.to_vec());
            reduce(&grid, 1 << SMALL_LEVEL)
        })
    }

    fn columns(&self) -> usize {
        self.width.div_ceil(SIDE) as usize
    }

    fn rows(&self) -> usize {
        self.height.div_ceil(SIDE) as usize
    }

    fn area_of(&self, index: usize) -> Area {
        let columns = self.columns().max(1);
        let (x, y) = ((index % columns) as u32 * SIDE, (index / columns) as u32 * SIDE);
        let (width, height) = (SIDE.min(self.width - x), SIDE.min(self.height - y));
        Area { x: x as i32, y: y as i32, width, height }
    }

    fn tile_at(&self, x: u32, y: u32) -> (usize, &[u8]) {
        let index = (y / SIDE) as usize * self.columns() + (x / SIDE) as usize;
        (index, &self.tiles[index].bytes)
    }
}

/// The size of level `level` of a picture: halved that often, rounded up.
#[must_use]
pub fn level_size(width: u32, height: u32, level: u32) -> (u32, u32) {
    let halved = |side: u32| side.div_ceil(1 << level.min(MAX_LEVEL));
    (halved(width), halved(height))
}

/// Which pixels of the whole picture tile (`column`, `row`) of a level covers.
///
/// # Errors
/// If there is no such level or tile.
fn level_area(size: (u32, u32), level: u32, (column, row): (u32, u32)) -> Result<Area> {
    let none = || Error::Invalid(format!("there is no tile {column}, {row} at level {level}"));
    if level > MAX_LEVEL {
        return Err(none());
    }
    let covered = u64::from(SIDE) << level;
    let edge = |index: u32, side: u32| (u64::from(index) * covered).min(u64::from(side)) as i64;
    let area = Area::between(
        edge(column, size.0),
        edge(row, size.1),
        edge(column.saturating_add(1), size.0),
        edge(row.saturating_add(1), size.1),
    );
    if area.is_empty() { Err(none()) } else { Ok(area) }
}

/// A tile of a level: each pixel is the mean, weighted by alpha, of a square of the whole picture.
/// `load` gives a part of that.
///
/// # Errors
/// If there is no such level or tile.
pub fn level_tile(
    size: (u32, u32),
    level: u32,
    tile: (u32, u32),
    load: impl FnOnce(Area) -> Grid,
) -> Result<Grid> {
    let part = load(level_area(size, level, tile)?);
    Ok(if level == 0 { part } else { reduce(&part, 1 << level) })
}

fn reduce(grid: &Grid, by: u32) -> Grid {
    let (width, height) = (grid.width().div_ceil(by), grid.height().div_ceil(by));
    let channels = grid.channels();
    let mut bytes = vec![0; (width * height) as usize * channels];
    let row_bytes = (width as usize * channels).max(1);
    bytes.par_chunks_mut(row_bytes).enumerate().for_each(|(y, target)| {
        let y = y as u32;
        let rows = y * by..((y + 1) * by).min(grid.height());
        for (x, pixel) in (0u32..).zip(target.chunks_exact_mut(channels)) {
            let count = by.min(grid.width() - x * by);
            let squares = rows.clone().map(|row| grid.row(x * by, row, count));
            match channels {
                4 => pixel.copy_from_slice(&mean_colour(squares)),
                _ => pixel.fill(mean(squares)),
            }
        }
    });
    Grid::of(width, height, channels, bytes)
}

fn mean_colour<'a>(rows: impl Iterator<Item = &'a [u8]>) -> [u8; 4] {
    let (mut sums, mut alphas, mut count) = ([0u64; 3], 0u64, 0u64);
    for pixel in rows.flat_map(|row| row.as_chunks::<4>().0) {
        let alpha = u64::from(pixel[3]);
        for (sum, level) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*level) * alpha;
        }
        alphas += alpha;
        count += 1;
    }
    let alpha = (alphas + count / 2) / count.max(1);
    if alpha == 0 {
        return [0; 4];
    }
    let [red, green, blue] = sums.map(|sum| ((sum + alphas / 2) / alphas) as u8);
    [red, green, blue, alpha as u8]
}

fn mean<'a>(rows: impl Iterator<Item = &'a [u8]>) -> u8 {
    let (sum, count) = rows
        .flatten()
        .fold((0u64, 0u64), |(sum, count), level| (sum + u64::from(*level), count + 1));
    ((sum + count / 2) / count.max(1)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: u32, height: u32, channels: usize) -> Grid {
        let mut state = 7u32;
        let bytes = (0..width as usize * height as usize * channels).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Grid::new(width, height, channels, bytes.collect()).unwrap()
    }

    fn tiled(grid: &Grid) -> Tiled {
        Tiled::new(grid.width(), grid.height(), grid.channels(), grid.bytes()).unwrap()
    }

    #[test]
    fn a_blank_picture_takes_one_tile() {
        let blank = tiled(&Grid::filled(2048, 2048, &[0; 4]).unwrap());
        assert_eq!(blank.bytes_beyond(&[]), 256 * 256 * 4);
        assert!(Tiled::new(2, 2, 4, &[0; 15]).is_err());
    }

    #[test]
    fn tiles_of_small_levels_are_means_of_their_own() {
        let grid = noise(1500, 900, 4);
        let tiled = tiled(&grid);
        for level in 0..=5 {
            let (width, height) = level_size(1500, 900, level);
            for tile in [(0, 0), (width.div_ceil(SIDE) - 1, height.div_ceil(SIDE) - 1)] {
                let exact =
                    level_tile((1500, 900), level, tile, |area| grid.part(area, 0).unwrap())
                        .unwrap();
                let found = tiled.level_tile(level, tile).unwrap();
                assert_eq!((found.width(), found.height()), (exact.width(), exact.height()));
                let off =
                    found.bytes().iter().zip(exact.bytes()).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(off <= Some(if level <= 3 { 0 } else { 8 }), "level {level}: {off:?}");
            }
        }
        assert!(tiled.level_tile(9, (0, 0)).is_err());
    }

    #[test]
    fn cutting_up_and_putting_together_changes_nothing() {
        for (width, height) in [(1, 1), (256, 256), (257, 255), (700, 513)] {
            let grid = noise(width, height, 4);
            assert_eq!(tiled(&grid).to_grid(), grid, "{width} × {height}");
        }
    }

    #[test]
    fn a_patch_changes_its_rectangle_and_takes_its_tiles_only() {
        let grid = noise(1000, 600, 4);
        let tiled = tiled(&grid);
        let patch = Grid::filled(20, 300, &[1, 2, 3, 4]).unwrap();
        let (patched, bytes) = tiled.patched(250, 100, &patch).unwrap();
        // Two columns and two rows of tiles.
        assert_eq!(bytes, 4 * 256 * 256 * 4);
        assert_eq!(patched.bytes_beyond(&[&tiled]), bytes);
        let area = Area { x: 250, y: 100, width: 20, height: 300 };
        assert_eq!(patched.part(area), patch);
        let after = patched.to_grid();
        for y in 0..600 {
            for x in 0..1000u32 {
                let inside = (250..270).contains(&x) && (100..400).contains(&y);
                if !inside {
                    assert_eq!(after.row(x, y, 1), grid.row(x, y, 1), "{x}, {y}");
                }
            }
        }
        // Writing what is there already takes nothing.
        let same = tiled.patched(250, 100, &tiled.part(area)).unwrap();
        assert_eq!(same.1, 0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let tiled = tiled(&noise(10, 10, 4));
        let patch = Grid::filled(2, 2, &[0; 4]).unwrap();
        for (x, y) in [(-1, 0), (9, 0), (0, 9), (i32::MAX, 0), (i32::MIN, i32::MIN)] {
            assert!(tiled.patched(x, y, &patch).is_err(), "{x}, {y}");
        }
        assert!(tiled.patched(0, 0, &Grid::filled(2, 2, &[0]).unwrap()).is_err());
    }

    #[test]
    fn levels_are_means_weighted_by_alpha() {
        let grid =
            Grid::new(3, 1, 4, [[200, 0, 0, 255], [0, 90, 0, 0], [8, 8, 8, 100]].concat()).unwrap();
        assert_eq!(level_size(3, 1, 1), (2, 1));
        let tile = level_tile((3, 1), 1, (0, 0), |area| grid.part(area, 0).unwrap()).unwrap();
        assert_eq!(tile.bytes(), [200, 0, 0, 128, 8, 8, 8, 100]);
        assert!(level_tile((3, 1), 1, (1, 0), |area| grid.part(area, 0).unwrap()).is_err());
        assert!(level_area((3, 1), 31, (0, 0)).is_err());
        assert!(level_area((3, 1), 0, (u32::MAX, u32::MAX)).is_err());
    }
}

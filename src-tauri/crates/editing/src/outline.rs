//! The line around what is selected, along the edges of pixels.

use std::collections::BTreeMap;

use crate::Grid;

/// A corner of pixels: row first, so that lines start at the top.
type Corner = (u32, u32);

/// More edges than any eye tells apart; a selection that has more is shown by its rectangle.
const MAX_EDGES: usize = 2_000_000;

/// Closed lines around what is at least half selected: x and y in turn, in the mask's own pixels. What is
/// inside lies at the right of the line's direction; a line goes straight on for as long as it can.
#[must_use]
pub fn outline(mask: &Grid) -> Vec<Vec<u32>> {
    let Some(mut open) = edges(mask) else {
        let (width, height) = (mask.width(), mask.height());
        return vec![vec![0, 0, width, 0, width, height, 0, height]];
    };
    let mut lines = Vec::new();
    while let Some((&start, _)) = open.first_key_value() {
        let mut corners: Vec<Corner> = Vec::new();
        let mut at = start;
        let mut direction = (0, 0);
        while let Some(next) = take_next(&mut open, at, direction) {
            let now = (i64::from(next.0) - i64::from(at.0), i64::from(next.1) - i64::from(at.1));
            if now != direction {
                corners.push(at);
            }
            (at, direction) = (next, now);
            if at == start {
                break;
            }
        }
        lines.push(corners.into_iter().flat_map(|(y, x)| [x, y]).collect());
    }
    lines
}

/// Sides of pixels with a neighbour that is not selected: from each corner to the next, clockwise.
fn edges(mask: &Grid) -> Option<BTreeMap<Corner, Vec<Corner>>> {
    let (width, height) = (mask.width(), mask.height());
    let selected = |x: u32, y: u32| x < width && y < height && mask.row(x, y, 1)[0] >= 128;
    let mut edges: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for y in 0..height {
        if edges.len() > MAX_EDGES {
            return None;
        }
        for x in 0..width {
            if !selected(x, y) {
                continue;
            }
            // Below zero wraps to what is not selected.
            let mut add = |from: Corner, to: Corner| edges.entry(from).or_default().push(to);
            if !selected(x, y.wrapping_sub(1)) {
                add((y, x), (y, x + 1));
            }
            if !selected(x + 1, y) {
                add((y, x + 1), (y + 1, x + 1));
            }
            if !selected(x, y + 1) {
                add((y + 1, x + 1), (y + 1, x));
            }
            if !selected(x.wrapping_sub(1), y) {
                add((y + 1, x), (y, x));
            }
        }
    }
    Some(edges)
}

/// The edge to follow from a corner. Where two pixels touch there, the turn to the right keeps them apart.
fn take_next(
    open: &mut BTreeMap<Corner, Vec<Corner>>,
    at: Corner,
    direction: (i64, i64),
) -> Option<Corner> {
    let ends = open.get_mut(&at)?;
    let right = (direction.1, -direction.0);
    let turns_right = |end: &Corner| {
        (i64::from(end.0) - i64::from(at.0), i64::from(end.1) - i64::from(at.1)) == right
    };
    let index = ends.iter().position(turns_right).unwrap_or(0);
    let next = ends.swap_remove(index);
    if ends.is_empty() {
        open.remove(&at);
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Grid {
        let bytes =
            rows.iter().flat_map(|row| row.bytes().map(|byte| if byte == b'#' { 255 } else { 0 }));
        Grid::new(rows[0].len() as u32, rows.len() as u32, 1, bytes.collect()).unwrap()
    }

    #[test]
    fn a_rectangle_has_four_corners() {
        assert_eq!(outline(&mask(&["....", ".##.", ".##."])), [[1, 1, 3, 1, 3, 3, 1, 3]]);
    }

    #[test]
    fn a_hole_is_a_line_of_its_own() {
        let lines = outline(&mask(&["###", "#.#", "###"]));
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], [0, 0, 3, 0, 3, 3, 0, 3]);
        assert_eq!(lines[1].len(), 8);
    }

    #[test]
    fn pixels_that_touch_at_a_corner_stay_apart() {
        let lines = outline(&mask(&["#.", ".#"]));
        assert_eq!(lines, [vec![0, 0, 1, 0, 1, 1, 0, 1], vec![1, 1, 2, 1, 2, 2, 1, 2]]);
    }

    #[test]
    fn nothing_selected_has_no_line() {
        assert!(outline(&mask(&["..", ".."])).is_empty());
    }
}

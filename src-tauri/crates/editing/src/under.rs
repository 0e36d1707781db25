//! Edits under a selection or a mask. Where nothing is selected, pixels stay as they are to the bit.

use rayon::prelude::*;

use crate::{Area, Error, Grid, Mask, Placed, Result};

/// Erases as much of each pixel as is selected. The picture lies at `x`, `y`.
///
/// # Errors
/// If the picture has no alpha.
pub fn clear(picture: (Grid, i32, i32), selection: &Mask) -> Result<Grid> {
    change(picture, selection, |pixel, share| {
        pixel[3] = scaled(pixel[3], 255 - share);
        if pixel[3] == 0 {
            pixel.fill(0);
        }
    })
}

/// Paints a colour over as much of each pixel as is selected.
///
/// # Errors
/// If the picture has no alpha.
pub fn fill(picture: (Grid, i32, i32), selection: &Mask, colour: [u8; 3]) -> Result<Grid> {
    let [red, green, blue] = colour;
    change(picture, selection, move |pixel, share| {
        let painted = [red, green, blue, share];
        over(pixel, painted);
    })
}

/// What is selected of a picture, without what is transparent around it.
///
/// # Errors
/// If the picture has no alpha.
pub fn copy(picture: (&Grid, i32, i32), selection: &Mask) -> Result<Placed> {
    let (grid, x, y) = picture;
    let area = Area { x, y, width: grid.width(), height: grid.height() }.meet(selection.area());
    let part = grid.part(Area { x: area.x - x, y: area.y - y, ..area }, 0)?;
    let part = change((part, area.x, area.y), selection, |pixel, share| {
        pixel[3] = scaled(pixel[3], share);
        if pixel[3] == 0 {
            pixel.fill(0);
        }
    })?;
    // What lies in the rectangle and is not selected was left alone above.
    let mut part = part;
    hide_unselected(&mut part, area, selection);
    let content = part.content();
    let grid = part.part(content, 0)?;
    Ok(Placed { x: area.x + content.x, y: area.y + content.y, grid })
}

fn hide_unselected(part: &mut Grid, area: Area, selection: &Mask) {
    let stride = part.stride().max(1);
    for (y, row) in (i64::from(area.y)..).zip(part.bytes_mut().chunks_exact_mut(stride)) {
        for (x, pixel) in (i64::from(area.x)..).zip(row.chunks_exact_mut(4)) {
            if selection.at(x, y) == 0 {
                pixel.fill(0);
            }
        }
    }
}

/// Multiplies alpha by a layer mask; `outside` is the mask's value beyond its edges.
///
/// # Errors
/// If the picture has no alpha.
pub fn apply_mask(picture: (Grid, i32, i32), mask: &Mask, outside: u8) -> Result<Grid> {
    let (mut grid, x, y) = picture;
    check(&grid)?;
    let area = mask.area();
    let stride = grid.stride().max(1);
    grid.bytes_mut().par_chunks_mut(stride).enumerate().for_each(|(down, row)| {
        let down = down as i64;
        let py = i64::from(y) + down;
        for (px, pixel) in (i64::from(x)..).zip(row.chunks_exact_mut(4)) {
            let inside = px >= i64::from(area.x)
                && px < area.right()
                && py >= i64::from(area.y)
                && py < area.bottom();
            pixel[3] = scaled(pixel[3], if inside { mask.at(px, py) } else { outside });
            if pixel[3] == 0 {
                pixel.fill(0);
            }
        }
    });
    Ok(grid)
}

/// Straight colours, the second over the first.
fn over(pixel: &mut [u8], above: [u8; 4]) {
    let a = f64::from(above[3]) / 255.0;
    let below = f64::from(pixel[3]) / 255.0 * (1.0 - a);
    let alpha = a + below;
    for channel in 0..3 {
        let sum = f64::from(above[channel]) * a + f64::from(pixel[channel]) * below;
        pixel[channel] = if alpha > 0.0 { (sum / alpha).round() as u8 } else { 0 };
    }
    pixel[3] = (alpha * 255.0).round() as u8;
}

fn scaled(level: u8, share: u8) -> u8 {
    ((u32::from(level) * u32::from(share) + 127) / 255) as u8
}

fn change(
    picture: (Grid, i32, i32),
    selection: &Mask,
    edit: impl Fn(&mut [u8], u8) + Sync,
) -> Result<Grid> {
    change_at(picture, selection, |_, _, pixel, share| edit(pixel, share))
}

/// Edits every pixel that is selected at all, at its place in the document.
fn change_at(
    picture: (Grid, i32, i32),
    selection: &Mask,
    edit: impl Fn(i64, i64, &mut [u8], u8) + Sync,
) -> Result<Grid> {
    let (mut grid, x, y) = picture;
    check(&grid)?;
    let area = Area { x, y, width: grid.width(), height: grid.height() }.meet(selection.area());
    if area.is_empty() {
        return Ok(grid);
    }
    let (stride, first) = (grid.stride(), (area.x - x) as usize * 4);
    let start = (area.y - y) as usize * stride;
    let rows =
        grid.bytes_mut()[start..start + area.height as usize * stride].par_chunks_mut(stride);
    rows.enumerate().for_each(|(down, row)| {
        let down = down as i64;
        let py = i64::from(area.y) + down;
        let row = &mut row[first..first + area.width as usize * 4];
        for (px, pixel) in (i64::from(area.x)..).zip(row.chunks_exact_mut(4)) {
            let share = selection.at(px, py);
            if share > 0 {
                edit(px, py, pixel, share);
            }
        }
    });
    Ok(grid)
}

fn check(grid: &Grid) -> Result<()> {
    if grid.channels() != 4 {
        return Err(Error::Invalid("this is a mask and no picture".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Shape, shape};

    fn picture() -> Grid {
        Grid::filled(8, 8, &[100, 50, 25, 200]).unwrap()
    }

    fn selection() -> Mask {
        shape(&Shape::Rect([2.0, 2.0, 3.0, 100.0]), true).unwrap().unwrap()
    }

    #[test]
    fn clearing_and_copying_are_two_halves_of_cutting() {
        let left = clear((picture(), 1, 0), &selection()).unwrap();
        let cut = copy((&picture(), 1, 0), &selection()).unwrap();
        assert_eq!((cut.x, cut.y, cut.grid.width(), cut.grid.height()), (2, 2, 3, 6));
        assert_eq!(cut.grid, Grid::filled(3, 6, &[100, 50, 25, 200]).unwrap());
        assert_eq!(left.row(1, 2, 3), [0; 12]);
        assert_eq!(left.row(0, 2, 1), [100, 50, 25, 200]);
        let nothing = copy((&picture(), 50, 50), &selection()).unwrap();
        assert!(nothing.grid.bytes().is_empty());
    }

    #[test]
    fn filling_covers_what_is_selected_alone() {
        let filled = fill((picture(), 0, 0), &selection(), [9, 8, 7]).unwrap();
        assert_eq!(filled.row(3, 3, 1), [9, 8, 7, 255]);
        assert_eq!(filled.row(1, 3, 1), [100, 50, 25, 200]);
    }

    #[test]
    fn a_mask_hides_and_its_outside_counts() {
        let masked = apply_mask((picture(), 0, 0), &selection(), 0).unwrap();
        assert_eq!(masked.row(3, 3, 1), [100, 50, 25, 200]);
        assert_eq!(masked.row(0, 0, 1), [0; 4]);
        assert_eq!(apply_mask((picture(), 0, 0), &selection(), 255).unwrap(), picture());
    }
}

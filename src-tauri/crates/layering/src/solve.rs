//! One pixel of the source becomes one pixel of each layer, so that the layers show it again.
//!
//! Alphas are decided first, as levels, then the colours for exactly these alphas. At each layer from
//! the top, the colour that is wanted is split in two: the layer's own, and what must lie below it. Both
//! stay as near to their estimates as they can (least squares), and both are colours; that is always
//! possible. What is left are the roundings, which weigh 1 together: at most 1 level.

/// Levels below are none, levels above are all: what models give where they mean nothing or everything.
const NONE: u8 = 4;
const ALL: u8 = 251;

/// An alpha without the faint haze that models leave.
pub(crate) fn snap(level: u8) -> u8 {
    match level {
        0..=NONE => 0,
        ALL.. => 255,
        between => between,
    }
}

/// Gives the layers alphas that make up `source` together. `levels` holds what the layers above the
/// background ask for, and gets the background's at 0.
pub(crate) fn share_alpha(levels: &mut [u8], source: u8, background: Background) {
    let Some((bottom, above)) = levels.split_first_mut() else { return };
    let level = match background {
        Background::Opaque => {
            *bottom = 255;
            return;
        }
        Background::Level(level) => level,
    };
    // Where there is hardly any background the object must not borrow its edge from it.
    let base = above.iter().position(|asked| level < 128 && *asked > level);
    let mut target = f32::from(source) / 255.0;
    let mut is_hidden = false;
    for index in (0..above.len()).rev() {
        if base == Some(index) && !is_hidden {
            above[index] = (target * 255.0 + 0.5) as u8;
            above[..index].fill(0);
            *bottom = 0;
            return;
        }
        above[index] = above[index].min((target * 255.0 + 1e-3) as u8);
        if above[index] == 255 {
            is_hidden = true;
        } else {
            let alpha = f32::from(above[index]) / 255.0;
            target = ((target - alpha) / (1.0 - alpha)).max(0.0);
        }
    }
    *bottom = if is_hidden { level } else { (target * 255.0 + 0.5) as u8 };
}

/// The alpha of the background behind what hides it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Background {
    /// The source has no transparent pixel, so the background has none.
    Opaque,
    /// What the model says.
    Level(u8),
}

/// Finds the colours of a pixel; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Solver {
    /// Composite of this layer and all below: its alpha and what its colour should be about.
    stacks: Vec<(f32, [f32; 3])>,
}

impl Solver {
    /// Makes `colors`, estimates at first, such that layers with them and the alphas `levels` show
    /// `source`, all straight and from the bottom. Colours of layers without alpha stay.
    pub(crate) fn solve(&mut self, source: [f32; 3], levels: &[u8], colors: &mut [[f32; 3]]) {
        self.stacks.clear();
        let mut stack = (0.0, [0.0; 3]);
        for (level, color) in levels.iter().zip(&mut *colors) {
            *color = color.map(|value| value.clamp(0.0, 1.0));
            stack = over(*level, *color, stack);
            self.stacks.push(stack);
        }
        let mut wanted = source;
        for index in (0..levels.len()).rev() {
            let alpha = f32::from(levels[index]) / 255.0;
            if levels[index] == 0 {
                continue;
            }
            let (_, below) =
                index.checked_sub(1).map_or((0.0, [0.0; 3]), |under| self.stacks[under]);
            let share = alpha / self.stacks[index].0;
            for channel in 0..3 {
                let (own, rest) =
                    split(wanted[channel], share, colors[index][channel], below[channel]);
                colors[index][channel] = own;
                wanted[channel] = rest;
            }
        }
    }
}

fn over(level: u8, color: [f32; 3], (below, below_color): (f32, [f32; 3])) -> (f32, [f32; 3]) {
    let alpha = f32::from(level) / 255.0;
    let rest = (1.0 - alpha) * below;
    let sum = alpha + rest;
    if sum <= 0.0 {
        return (0.0, below_color);
    }
    let mut mixed = color;
    for (value, below) in mixed.iter_mut().zip(below_color) {
        *value = (*value * alpha + below * rest) / sum;
    }
    (sum, mixed)
}

/// Two values of 0 to 1, near to `own` and `below`, with `own * share + below * (1 - share)` as wanted.
fn split(wanted: f32, share: f32, own: f32, below: f32) -> (f32, f32) {
    let rest = 1.0 - share;
    if rest <= 1e-6 {
        return (wanted, below);
    }
    let fault = wanted - own * share - below * rest;
    let own = (own + fault * share / (share * share + rest * rest)).clamp(0.0, 1.0);
    let below = (wanted - own * share) / rest;
    if (0.0..=1.0).contains(&below) {
        return (own, below);
    }
    let below = below.clamp(0.0, 1.0);
    ((wanted - below * rest) / share, below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> impl FnMut() -> u32 {
        let mut state = 7u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as u32
        }
    }

    #[test]
    fn haze_goes_and_nearly_all_is_all() {
        assert_eq!([0, 4, 5, 250, 251, 255].map(snap), [0, 0, 5, 250, 255, 255]);
    }

    #[test]
    fn any_estimates_and_alphas_show_the_source() {
        let mut random = random();
        for _ in 0..200_000 {
            let count = 1 + random() as usize % 5;
            let mut levels: Vec<u8> = (0..count)
                .map(|_| match random() % 4 {
                    0 => 0,
                    1 => 255,
                    _ => random() as u8,
                })
                .collect();
            let alpha = if random().is_multiple_of(2) { 255 } else { random() as u8 };
            let background = match random() % 2 {
                0 if alpha == 255 => Background::Opaque,
                _ => Background::Level(random() as u8),
            };
            share_alpha(&mut levels, alpha, background);
            let mut value = || random() as u8 as f32 / 255.0;
            let source = [value(), value(), value()];
            let mut colors: Vec<[f32; 3]> =
                (0..count).map(|_| [value() * 1.2 - 0.1, value(), value()]).collect();
            Solver::default().solve(source, &levels, &mut colors);

            let mut stack = (0.0, [0.0; 3]);
            for (level, color) in levels.iter().zip(&colors) {
                assert!(*level == 0 || color.iter().all(|value| (-1e-4..=1.0001).contains(value)));
                let rounded = color.map(|value| (value * 255.0).round() / 255.0);
                stack = over(*level, rounded, stack);
            }
            assert!((stack.0 * 255.0 - f32::from(alpha)).abs() <= 0.51, "{levels:?} for {alpha}");
            for (found, wanted) in stack.1.iter().zip(source) {
                let fault = (found - wanted).abs() * 255.0;
                assert!(alpha == 0 || fault <= 0.52, "{fault} with {levels:?}");
            }
        }
    }

    #[test]
    fn a_soft_edge_gets_the_colour_of_its_object() {
        let (object, behind) = ([0.9, 0.2, 0.1], [0.1, 0.3, 0.8]);
        let mut colors = vec![behind, object];
        let alpha = 100.0 / 255.0;
        let source = [0, 1, 2].map(|i: usize| object[i] * alpha + behind[i] * (1.0 - alpha));
        Solver::default().solve(source, &[255, 100], &mut colors);
        for (found, wanted) in colors.concat().iter().zip([behind, object].concat()) {
            assert!((found - wanted).abs() < 1e-5, "{found} for {wanted}");
        }
    }

    #[test]
    fn an_object_on_nothing_keeps_its_edge_to_itself() {
        let mut levels = [0, 90];
        share_alpha(&mut levels, 120, Background::Level(0));
        assert_eq!(levels, [0, 120]);
        let mut levels = [0, 90];
        share_alpha(&mut levels, 255, Background::Level(255));
        assert_eq!(levels, [255, 90]);
    }
}

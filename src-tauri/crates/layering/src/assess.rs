//! How good a model's layers are, before anybody looks at them.
//!
//! All at the size of the model; pixels count by their alpha.

use document::Raster;

use crate::{
    rebuild::small_size,
    resize::{Small, shrink},
    sketch::without_haze,
};

/// Share of the picture that must show something in front of the background.
const LEAST_IN_FRONT: f64 = 0.005;
/// Share of the picture that one layer in front may show at most: above it, nothing is separated.
const MOST_OF_ONE: f64 = 0.99;
/// A haze covers at least this share of the picture …
const GHOST_EXTENT: f64 = 0.1;
/// … with a mean alpha, 0 to 1, of less than this.
const GHOST_STRENGTH: f64 = 0.3;
/// Two layers show the same if their alphas overlap by more than this share of both together …
const SAME_OVERLAP: f64 = 0.75;
/// … and their colours there differ by less than this mean, 0 to 1.
const SAME_COLOR: f64 = 10.0 / 255.0;
/// A background that differs from the picture by less than this mean, 0 to 1, where something stands in
/// front of it, still shows that.
const LEAST_PAINTED_IN: f64 = 5.0 / 255.0;
/// Peak signal-to-noise ratio, in decibels, below which the layers together are another picture.
const LEAST_LIKENESS: f64 = 18.0;

/// Alpha above which a pixel counts for comparisons of colours.
const SOLID: f32 = 0.5;

/// What is wrong; layers count from 1, the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Only the background shows anything.
    NothingInFront,
    /// One layer hides all the others.
    HidesAll(usize),
    /// What stands in front is in the background too.
    StillInBackground,
    /// A layer shows nothing. A remark: models give empty layers where a picture has fewer parts.
    Empty(usize),
    /// A layer covers much and shows little of it.
    Ghost(usize),
    /// Two layers show the same.
    Same(usize, usize),
    /// The layers together do not look like the picture.
    Unlike,
}

impl Problem {
    /// Whether another try is worth it.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Empty(_))
    }

    fn sentence(self) -> String {
        match self {
            Self::NothingInFront => "Nothing stands in front of anything here.".into(),
            Self::HidesAll(layer) => format!("Layer {layer} covers the whole picture."),
            Self::StillInBackground => {
                "The background still shows what stands in front of it.".into()
            }
            Self::Empty(layer) => format!("Layer {layer} is empty."),
            Self::Ghost(layer) => format!("Layer {layer} is only a faint haze."),
            Self::Same(one, other) => format!("Layers {one} and {other} show the same thing."),
            Self::Unlike => "The layers together do not look like the picture.".into(),
        }
    }
}

/// Figures of one layer, all of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Mean alpha over the picture.
    pub coverage: f64,
    /// Share of the pixels with any alpha.
    pub extent: f64,
    /// Mean alpha of these pixels.
    pub strength: f64,
    /// Share of the picture that one sees of it with all layers over each other.
    pub seen: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// From the background up.
    pub layers: Vec<Figures>,
    /// Share of the picture that shows something else than the background.
    pub in_front: f64,
    /// Mean difference of background and picture where something stands in front, 0 to 1; none if
    /// nothing does.
    pub painted_in: Option<f64>,
    /// Peak signal-to-noise ratio of all layers together against the picture, in decibels; infinite
    /// if they are equal.
    pub likeness: f64,
    problems: Vec<Problem>,
}

impl Report {
    /// What is wrong, failures first.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.problems.clone()
    }

    /// Whether nothing is wrong that another try could mend.
    #[must_use]
    pub fn passes(&self) -> bool {
        !self.problems.iter().any(|problem| problem.is_failure())
    }

    /// The problems in plain words.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.problems.iter().map(|problem| problem.sentence()).collect()
    }
}

/// Looks at a model's layers, from the bottom, and the picture that they were made of. Layers whose
/// size is not that of the first one with any pixels count as empty.
#[must_use]
pub fn assess(source: &Raster, layers: &[Raster]) -> Report {
    let model = layers.iter().find(|layer| !layer.samples().is_empty());
    let wanted = model.map(|layer| (layer.width(), layer.height()));
    let (width, height) = small_size(source, wanted);
    let picture = shrink(source, width, height);
    let layers: Vec<Small> = layers
        .iter()
        .map(|layer| {
            if layer.samples().is_empty() || Some((layer.width(), layer.height())) != wanted {
                return Small::empty(width, height);
            }
            let mut small = shrink(layer, width, height);
            small.pixels.iter_mut().for_each(|pixel| *pixel = without_haze(*pixel));
            small
        })
        .collect();
    measure(&picture, &layers)
}

fn measure(picture: &Small, layers: &[Small]) -> Report {
    let count = picture.pixels.len().max(1) as f64;
    let visible: f64 = picture.pixels.iter().map(|pixel| f64::from(pixel[3])).sum();
    let mut figures = vec![Figures::default(); layers.len()];
    let mut through = vec![1.0; picture.pixels.len()];
    let mut stack = vec![[0.0; 4]; picture.pixels.len()];
    for (layer, figures) in layers.iter().zip(&mut figures).rev() {
        for ((pixel, through), stack) in layer.pixels.iter().zip(&mut through).zip(&mut stack) {
            let alpha = pixel[3];
            figures.coverage += f64::from(alpha);
            figures.extent += f64::from(u8::from(alpha > 0.0));
            figures.seen += f64::from(alpha * *through);
            for (sum, value) in stack.iter_mut().zip(pixel) {
                *sum += value * *through;
            }
            *through *= 1.0 - alpha;
        }
        figures.strength = figures.coverage / figures.extent.max(1.0);
        figures.coverage /= count;
        figures.extent /= count;
        figures.seen /= visible.max(1.0);
    }
    let mut report = Report {
        in_front: figures.iter().skip(1).map(|figures| figures.seen).sum(),
        painted_in: painted_in(picture, layers),
        likeness: likeness(picture, &stack),
        problems: Vec::new(),
        layers: figures,
    };
    report.problems = problems(&report, layers);
    report
}

fn problems(report: &Report, layers: &[Small]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let numbered = || (1..).zip(&report.layers);
    // A picture in one layer has nothing to separate.
    if layers.len() > 1 {
        if report.in_front < LEAST_IN_FRONT {
            problems.push(Problem::NothingInFront);
        } else if report.painted_in.is_some_and(|mean| mean < LEAST_PAINTED_IN) {
            problems.push(Problem::StillInBackground);
        }
        let all = numbered().skip(1).find(|(_, figures)| figures.seen > MOST_OF_ONE);
        problems.extend(all.map(|(number, _)| Problem::HidesAll(number)));
    }
    let is_ghost = |layer: &Figures| layer.extent > GHOST_EXTENT && layer.strength < GHOST_STRENGTH;
    problems.extend(
        numbered().filter(|(_, figures)| is_ghost(figures)).map(|(n, _)| Problem::Ghost(n)),
    );
    for (one, below) in (1..).zip(layers) {
        for (other, above) in (1..).zip(layers).skip(one) {
            if show_the_same(below, above) {
                problems.push(Problem::Same(one, other));
            }
        }
    }
    if report.likeness < LEAST_LIKENESS {
        problems.push(Problem::Unlike);
    }
    let is_empty = |layer: &Figures| layer.extent <= 0.0;
    problems.extend(
        numbered().filter(|(_, figures)| is_empty(figures)).map(|(n, _)| Problem::Empty(n)),
    );
    problems
}

fn painted_in(picture: &Small, layers: &[Small]) -> Option<f64> {
    let (background, front) = layers.split_first()?;
    let (mut sum, mut count) = (0.0, 0.0);
    for (index, (pixel, below)) in picture.pixels.iter().zip(&background.pixels).enumerate() {
        let is_covered = front.iter().any(|layer| layer.pixels[index][3] > SOLID);
        if is_covered {
            // Premultiplied, so that a background that is transparent there differs too.
            sum += difference(pixel, below) + f64::from((pixel[3] - below[3]).abs());
            count += 1.0;
        }
    }
    (count > 0.0).then(|| sum / count)
}

fn show_the_same(one: &Small, other: &Small) -> bool {
    let (mut shared, mut both, mut apart, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (one, other) in one.pixels.iter().zip(&other.pixels) {
        shared += f64::from(one[3].min(other[3]));
        both += f64::from(one[3].max(other[3]));
        if one[3] > SOLID && other[3] > SOLID {
            apart +=
                difference(&one.map(|value| value / one[3]), &other.map(|value| value / other[3]));
            count += 1.0;
        }
    }
    count > 0.0 && shared > both * SAME_OVERLAP && apart < count * SAME_COLOR
}

/// The mean over red, green and blue.
fn difference(one: &[f32; 4], other: &[f32; 4]) -> f64 {
    one.iter().zip(other).take(3).map(|(one, other)| f64::from((one - other).abs())).sum::<f64>()
        / 3.0
}

/// Over grey, so that transparency counts and no colour is like none.
fn likeness(picture: &Small, stack: &[[f32; 4]]) -> f64 {
    let over_grey = |pixel: &[f32; 4], channel: usize| pixel[channel] + (1.0 - pixel[3]) * 0.5;
    let mut sum = 0.0;
    for (one, other) in picture.pixels.iter().zip(stack) {
        for channel in 0..3 {
            let fault = f64::from(over_grey(one, channel) - over_grey(other, channel));
            sum += fault * fault;
        }
    }
    -10.0 * (sum / (3.0 * stack.len().max(1) as f64)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 32;
    const BLUE: [u8; 3] = [30, 60, 200];
    const RED: [u8; 3] = [200, 40, 20];
    const GREEN: [u8; 3] = [20, 180, 60];

    /// A layer of one colour where `alpha` is not 0.
    fn layer([red, green, blue]: [u8; 3], alpha: impl Fn(usize, usize) -> u8) -> Raster {
        let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
        let rgba = places.flat_map(|(x, y)| [red, green, blue, alpha(x, y)]).collect();
        Raster::from_rgba8(SIDE as u32, SIDE as u32, rgba).unwrap()
    }

    fn everywhere(_: usize, _: usize) -> u8 {
        255
    }

    fn nowhere(_: usize, _: usize) -> u8 {
        0
    }

    fn left(x: usize, _: usize) -> u8 {
        if (4..12).contains(&x) { 255 } else { 0 }
    }

    fn right(x: usize, _: usize) -> u8 {
        if (20..28).contains(&x) { 255 } else { 0 }
    }

    /// Blue with a red bar at the left and a green one at the right.
    fn picture() -> Raster {
        let mut document = document::Document::new(SIDE as u32, SIDE as u32);
        for raster in [layer(BLUE, everywhere), layer(RED, left), layer(GREEN, right)] {
            document.layers.push(document::Layer::pixels("", 0, 0, raster.into()));
        }
        document::flatten(&document)
    }

    #[track_caller]
    fn check(layers: &[Raster], expected: &[Problem], passes: bool) -> Vec<String> {
        let report = assess(&picture(), layers);
        assert_eq!(report.problems(), expected, "{report:?}");
        assert_eq!(report.passes(), passes);
        report.sentences()
    }

    #[test]
    fn good_layers_pass_without_a_word() {
        let layers = [layer(BLUE, everywhere), layer(RED, left), layer(GREEN, right)];
        assert!(check(&layers, &[], true).is_empty());
        let report = assess(&picture(), &layers);
        assert_eq!(report.likeness, f64::INFINITY);
        assert!((report.in_front - 0.5).abs() < 1e-6);
        assert!((report.layers[1].coverage - 0.25).abs() < 1e-6);
        assert_eq!(report.layers[1].strength, 1.0);
    }

    #[test]
    fn an_empty_layer_is_a_remark() {
        let layers = [
            layer(BLUE, everywhere),
            layer(RED, left),
            layer(GREEN, nowhere),
            layer(GREEN, right),
            Raster::empty(document::Depth::Eight),
        ];
        let words = check(&layers, &[Problem::Empty(3), Problem::Empty(5)], true);
        assert_eq!(words, ["Layer 3 is empty.", "Layer 5 is empty."]);
    }

    #[test]
    fn nothing_in_front_fails() {
        let problems = [Problem::NothingInFront, Problem::Empty(2)];
        let words = check(&[picture(), layer(RED, nowhere)], &problems, false);
        assert_eq!(words[0], "Nothing stands in front of anything here.");
    }

    #[test]
    fn one_layer_asked_for_is_no_failure() {
        check(&[picture()], &[], true);
    }

    #[test]
    fn a_layer_that_hides_all_fails() {
        let words = check(&[layer(BLUE, everywhere), picture()], &[Problem::HidesAll(2)], false);
        assert_eq!(words, ["Layer 2 covers the whole picture."]);
    }

    #[test]
    fn a_background_that_was_not_painted_in_fails() {
        let layers = [picture(), layer(RED, left), layer(GREEN, right)];
        let words = check(&layers, &[Problem::StillInBackground], false);
        assert_eq!(words, ["The background still shows what stands in front of it."]);
    }

    #[test]
    fn a_haze_fails() {
        let haze = layer(BLUE, |_, y| if y < 16 { 30 } else { 0 });
        let layers = [layer(BLUE, everywhere), layer(RED, left), layer(GREEN, right), haze];
        let words = check(&layers, &[Problem::Ghost(4)], false);
        assert_eq!(words, ["Layer 4 is only a faint haze."]);
    }

    #[test]
    fn a_layer_that_comes_twice_fails() {
        let layers =
            [layer(BLUE, everywhere), layer(RED, left), layer(GREEN, right), layer(RED, left)];
        let words = check(&layers, &[Problem::Same(2, 4)], false);
        assert_eq!(words, ["Layers 2 and 4 show the same thing."]);
    }

    #[test]
    fn another_picture_fails() {
        let layers = [layer(GREEN, everywhere), layer(RED, left), layer(BLUE, right)];
        let words = check(&layers, &[Problem::Unlike], false);
        assert_eq!(words, ["The layers together do not look like the picture."]);
    }

    #[test]
    fn an_empty_picture_and_no_layers_are_no_panic() {
        let nothing = Raster::empty(document::Depth::Eight);
        assert!(!assess(&nothing, &[layer(RED, left), layer(BLUE, left)]).passes());
        assert!(assess(&nothing, &[]).layers.is_empty());
        assert!(!assess(&picture(), &[nothing.clone(), nothing]).passes());
    }
}

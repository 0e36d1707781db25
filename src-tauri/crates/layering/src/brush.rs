//! Alphas and colours of each pixel.

use crate::{
    rebuild::{Area, Band, Scene},
    resize::{Tap, between, tap},
    sketch::{self, Sketch, Stroke},
    solve::{Background, Solver, share_alpha, snap},
};

/// How far the colours of a layer and of what lies below must differ, squared, before they say as much about
/// alpha as its slope does.
const DISTINCT: f32 = 0.1;

/// How often alphas that depend on each other are found again.
const SWEEPS: usize = 3;

/// The memory of a thread that paints.
pub(crate) struct Brush {
    rows: Vec<Vec<Stroke>>,
    guide: Vec<[f32; 4]>,
    strokes: Vec<Stroke>,
    /// Premultiplied: what the layers below each one show.
    below: Vec<[f32; 4]>,
    levels: Vec<u8>,
    colors: Vec<[f32; 3]>,
    solver: Solver,
}

impl Brush {
    pub(crate) fn new(sketches: &[Sketch]) -> Self {
        let width = sketches.first().map_or(0, |sketch| sketch.width);
        Self {
            rows: vec![vec![sketch::NOTHING; width]; sketches.len()],
            guide: vec![[0.0; 4]; width],
            strokes: vec![sketch::NOTHING; sketches.len()],
            below: Vec::with_capacity(sketches.len()),
            levels: vec![0; sketches.len()],
            colors: vec![[0.0; 3]; sketches.len()],
            solver: Solver::default(),
        }
    }

    pub(crate) fn paint(&mut self, scene: &Scene, areas: &[Area], mut band: Band) {
        for y in band.rows.clone() {
            self.start_row(scene, areas, y);
            for x in 0..scene.width {
                let source = scene.pixels[y * scene.width + x];
                if source[3] == 0 {
                    continue;
                }
                self.look(scene, areas, (x, y));
                if scene.is_enlarged && self.strokes.iter().skip(1).any(|it| !sketch::is_sure(*it))
                {
                    self.refine(scene, x, source);
                }
                self.fit(scene, source);
                for ((target, area), index) in band.targets.iter_mut().zip(areas).zip(0..) {
                    if area.contains(x, y) {
                        let above = y - band.rows.start.max(area.rows.start);
                        let [red, green, blue] = self.colors[index].map(to_level);
                        target[above * area.columns.len() + x - area.columns.start] =
                            [red, green, blue, self.levels[index]];
                    }
                }
            }
        }
    }

    fn start_row(&mut self, scene: &Scene, areas: &[Area], y: usize) {
        let row = tap(y, scene.height, scene.small.height);
        for ((sketch, area), strokes) in scene.sketches.iter().zip(areas).zip(&mut self.rows) {
            if area.rows.contains(&y) {
                sketch.row(row, strokes);
            }
        }
        let small = |y: usize| &scene.small.pixels[y * scene.small.width..];
        let pairs = small(row.first).iter().zip(small(row.second));
        for (pixel, (first, second)) in self.guide.iter_mut().zip(pairs) {
            *pixel = between(*first, *second, row.share);
        }
    }

    /// What the model says, enlarged.
    fn look(&mut self, scene: &Scene, areas: &[Area], (x, y): (usize, usize)) {
        let Tap { first, second, share } = scene.columns[x];
        for (index, area) in areas.iter().enumerate() {
            let stroke = match area.contains(x, y) {
                true => between(self.rows[index][first], self.rows[index][second], share),
                false => sketch::NOTHING,
            };
            self.strokes[index] = stroke;
            self.levels[index] = snap(to_level(sketch::alpha(stroke)));
            // Colour lies under an edge's transparent side too, but not all over the picture.
            let is_plain_nothing = self.levels[index] == 0 && sketch::is_sure(stroke) && index > 0;
            let color = if is_plain_nothing { [0.0; 3] } else { sketch::color(stroke) };
            self.colors[index] = color.map(|value| value.clamp(0.0, 1.0));
        }
    }

    /// Moves soft alphas to where the source's colours put them.
    ///
    /// Alpha is what the slope of the guide makes of it, unless the colours in front and behind are known
    /// and differ: then it is where the source's colour lies between them.
    fn refine(&mut self, scene: &Scene, x: usize, source: [u8; 4]) {
        let Tap { first, second, share } = scene.columns[x];
        let around = between(self.guide[first], self.guide[second], share);
        let source = premultiplied(source);
        let mut details = source;
        for (value, around) in details.iter_mut().zip(around) {
            *value -= around;
        }
        let soft = self.strokes.iter().skip(1).filter(|stroke| !sketch::is_sure(**stroke)).count();
        // Where edges meet, each one's alpha depends on what the others turned out to be.
        for _ in 0..soft.min(SWEEPS) {
            self.sweep(scene.is_opaque, source, details);
        }
    }

    fn sweep(&mut self, is_opaque: bool, source: [f32; 4], details: [f32; 4]) {
        self.stack_up(is_opaque);
        // Behind something the edges that are seen belong to that.
        let mut seen = 1.0;
        for index in (1..self.strokes.len()).rev() {
            let stroke = self.strokes[index];
            if !sketch::is_sure(stroke) {
                let plain = sketch::alpha(stroke);
                let moved: f32 =
                    sketch::slope(stroke).iter().zip(details).map(|(slope, by)| slope * by).sum();
                let guided = (plain + moved).clamp(0.0, 1.0);
                let [red, green, blue] = self.colors[index];
                let (mut along, mut apart) = (0.0, 0.0);
                for (channel, own) in [red, green, blue, 1.0].into_iter().enumerate() {
                    let step = own - self.below[index][channel];
                    along += (source[channel] - self.below[index][channel]) * step;
                    apart += step * step;
                }
                let alpha = ((along + guided * DISTINCT) / (apart + DISTINCT)).clamp(0.0, 1.0);
                self.levels[index] = snap(to_level(plain + (alpha - plain) * seen));
            }
            seen *= 1.0 - f32::from(self.levels[index]) / 255.0;
        }
    }

    /// Finds what lies below each layer.
    fn stack_up(&mut self, is_opaque: bool) {
        self.below.clear();
        let mut stack = [0.0; 4];
        for (index, (level, color)) in self.levels.iter().zip(&self.colors).enumerate() {
            self.below.push(stack);
            let alpha = if index == 0 && is_opaque { 1.0 } else { f32::from(*level) / 255.0 };
            let [red, green, blue] = *color;
            stack = between(stack, [red, green, blue, 1.0], alpha);
        }
    }

    /// Makes the estimates show the source.
    fn fit(&mut self, scene: &Scene, source: [u8; 4]) {
        let [red, green, blue, alpha] = source;
        let color = [red, green, blue].map(|level| f32::from(level) / 255.0);
        if self.levels.iter().skip(1).all(|level| *level == 0) {
            self.levels[0] = alpha;
            self.colors[0] = color;
            return;
        }
        let background = match scene.is_opaque {
            true => Background::Opaque,
            false => Background::Level(self.levels[0]),
        };
        share_alpha(&mut self.levels, alpha, background);
        self.solver.solve(color, &self.levels, &mut self.colors);
    }
}

fn premultiplied(levels: [u8; 4]) -> [f32; 4] {
    let [red, green, blue, alpha] = levels.map(|level| f32::from(level) / 255.0);
    [red * alpha, green * alpha, blue * alpha, alpha]
}

fn to_level(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

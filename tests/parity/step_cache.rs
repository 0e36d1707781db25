//! Steps that take from the one before, beside those that are computed whole.

use std::sync::{Arc, atomic::AtomicBool};

use candle_core::Tensor;
use engine::{
    Image, ImageStore, JobEvent, Reference,
    pipelines::{Monitor, Start, flux2::Job},
};
use nn::Unwatched;

use crate::{golden::klein, near::largest_difference, starter};

/// No change is as large.
const ALWAYS: f64 = f64::INFINITY;

/// A way to paint: with which models, and from what.
#[derive(Clone, Copy)]
struct Way {
    /// Whether it is the model that ships; weights of the others are random.
    trained: bool,
    distilled: bool,
    kv_references: bool,
    references: usize,
}

const PLAIN: Way = Way { trained: false, distilled: true, kv_references: false, references: 0 };
const WAYS: [Way; 4] = [
    PLAIN,
    Way { distilled: false, ..PLAIN },
    Way { distilled: false, references: 1, ..PLAIN },
    Way { kv_references: true, references: 2, ..PLAIN },
];
/// Through random weights, every step is another one.
const STARTER: Way = Way { trained: true, ..PLAIN };

/// The picture, and which of its steps took from the one before.
fn paint(way: Way, steps: usize, step_cache: Option<f64>) -> (Tensor, Vec<bool>) {
    let references: Vec<Reference> = vec![Arc::new(Image::gradient(64, 80)).into(); way.references];
    let job = Job {
        prompts: &["a red fox"],
        negative: "",
        size: (Some(64), Some(64)),
        default_size: (64, 64),
        steps,
        guidance: 3.0,
        max_sequence_length: 16,
        references: &references,
        inpaint: None,
        start: Start::Seed(1),
        previews: false,
        step_cache,
    };
    let (cancel, images) = (AtomicBool::new(false), Arc::new(ImageStore::default()));
    let mut reused_steps = Vec::new();
    let mut on_event = |event: JobEvent| {
        if let JobEvent::Step { reused, .. } = event {
            reused_steps.push(reused);
        }
    };
    let mut monitor = Monitor { cancel: &cancel, images: &images, on_event: &mut on_event };
    let mut model =
        if way.trained { starter::open() } else { klein(way.distilled, way.kv_references) };
    let unit = model.generate(&job, &mut monitor, &mut Unwatched).expect("a picture");
    (unit, reused_steps)
}

#[test]
fn at_zero_every_step_is_computed_and_the_picture_is_the_same_to_the_bit() {
    for way in WAYS {
        let ((without, _), (made, steps)) = (paint(way, 3, None), paint(way, 3, Some(0.0)));
        assert_eq!(largest_difference(&without, &made), 0.0);
        assert_eq!(steps, [false; 3]);
    }
}

#[test]
fn where_no_change_counts_all_steps_but_the_first_are_reused() {
    for way in WAYS {
        let ((without, _), (made, steps)) = (paint(way, 5, None), paint(way, 5, Some(ALWAYS)));
        assert_eq!(steps, [false, true, true, true, true]);
        let difference = largest_difference(&without, &made);
        assert!(difference > 0.0 && difference.is_finite(), "{difference}");
    }
}

#[test]
fn the_more_may_change_the_more_is_reused() {
    const STEPS: usize = 24;
    let (without, _) = paint(STARTER, STEPS, None);
    let mut counts = Vec::new();
    for threshold in [0.0, 0.05, 0.1, 0.2, 0.4, ALWAYS] {
        let (made, steps) = paint(STARTER, STEPS, Some(threshold));
        let reused = steps.iter().filter(|reused| **reused).count();
        let difference = largest_difference(&without, &made);
        println!("{threshold}: {reused} of {STEPS} steps, {difference:.4} away");
        assert_eq!(difference > 0.0, reused > 0, "a reused step changes the picture");
        counts.push(reused);
    }
    assert!(counts.is_sorted() && counts[2] > 0 && counts[3] < STEPS - 1, "{counts:?}");
}

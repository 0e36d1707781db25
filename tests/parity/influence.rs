//! How much of a reference picture is taken: nothing at 0, the reference implementation at 1, and
//! more of it all the way.

use std::sync::Arc;

use candle_core::{DType, Tensor};
use engine::{
    Image, Reference,
    pipelines::{
        Start,
        flux2::{Job, Klein, to_images},
    },
};
use models::flux2::{Config, Inputs, ReferenceRun, Transformer};
use nn::Unwatched;

use crate::{
    golden::{Golden, config, klein, params, reference_dir, with_monitor},
    near::largest_difference,
    transformer::positions,
};

/// What is left of a reference whose influence is all but 0, on values from 0 to 1.
const NOTHING: f64 = 2e-4;

/// One run; everything but the references stays.
struct Run<'a> {
    prompts: &'a [&'a str],
    guidance: f64,
    side: u32,
    steps: usize,
    max_sequence_length: usize,
}

impl Run<'_> {
    fn paint(&self, klein: &mut Klein, references: &[Reference]) -> Tensor {
        let job = Job {
            prompts: self.prompts,
            negative: "",
            size: (Some(self.side), Some(self.side)),
            default_size: (1024, 1024),
            steps: self.steps,
            guidance: self.guidance,
            max_sequence_length: self.max_sequence_length,
            references,
            inpaint: None,
            start: Start::Seed(7),
            previews: false,
            step_cache: None,
        };
        with_monitor(|monitor| klein.generate(&job, monitor, &mut Unwatched)).expect("a picture")
    }
}

/// The fixtures' own, small enough to be run often.
const SMALL: Run<'_> =
    Run { prompts: &["a red fox"], guidance: 1.0, side: 96, steps: 4, max_sequence_length: 32 };

/// As the starter model was trained.
fn trained<'a>(prompts: &'a [&'a str]) -> Run<'a> {
    Run { prompts, guidance: 1.0, side: 128, steps: 8, max_sequence_length: 40 }
}

fn picture(index: usize) -> Arc<Image> {
    let path = reference_dir().join(format!("flux2-golden/images/ref{index}.png"));
    Arc::new(Image::open(&path).expect("the fixture is whole"))
}

fn weighed(influences: &[f64]) -> Vec<Reference> {
    let weigh = |(index, &influence)| Reference { image: picture(index), influence };
    influences.iter().enumerate().map(weigh).collect()
}

/// Root of the mean square.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let mean = (a - b).and_then(|difference| {
        difference.to_dtype(DType::F64)?.sqr()?.mean_all()?.to_scalar::<f64>()
    });
    mean.expect("numbers").sqrt()
}

/// Distances from the run without the reference.
fn curve(klein: &mut Klein, run: &Run<'_>, image: &Arc<Image>, influences: &[f64]) -> Vec<f64> {
    let without = run.paint(klein, &[]);
    influences
        .iter()
        .map(|&influence| {
            let reference = Reference { image: Arc::clone(image), influence };
            distance(&run.paint(klein, &[reference]), &without)
        })
        .collect()
}

/// Holds that more influence leads further away from the run without the reference.
fn check_rises(name: &str, klein: &mut Klein, run: &Run<'_>, image: &Arc<Image>) {
    let influences = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0];
    let curve = curve(klein, run, image, &influences);
    for (influence, distance) in influences.iter().zip(&curve) {
        println!("{name}: influence {influence}, distance {distance:.4}");
    }
    assert_eq!(curve[0], 0.0, "{name}: nothing is not without");
    for (pair, influence) in curve.windows(2).zip(&influences[1..]) {
        assert!(
            pair[1] > pair[0],
            "{name}: at {influence} it falls from {} to {}",
            pair[0],
            pair[1]
        );
    }
    let shares: Vec<f64> = curve.iter().map(|distance| distance / curve[4]).collect();
    assert!(
        shares[1] < 0.75 && shares[3] > 0.2,
        "{name}: the slider is dead on a side: {shares:?}"
    );
}

#[test]
fn more_influence_leads_further_from_the_picture_without_the_reference() {
    for kv_references in [false, true] {
        for index in 0..3 {
            let name = format!("fixture, keys kept {kv_references}, picture {index}");
            check_rises(&name, &mut klein(true, kv_references), &SMALL, &picture(index));
        }
    }
}

#[test]
fn more_influence_leads_further_on_the_starter_model() {
    let mut starter = crate::starter::open();
    // It was never trained with references, so how far they lead is all that can be asked.
    for prompt in ["a blue sword", "a golden key on a dark background"] {
        let own = [prompt];
        let reference = trained(&own).paint(&mut starter, &[]);
        let mut reference = to_images(&reference).expect("a picture");
        check_rises(
            prompt,
            &mut starter,
            &trained(&["a red potion"]),
            &Arc::new(reference.remove(0)),
        );
    }
}

#[test]
fn an_influence_of_one_is_the_reference_implementation_to_the_bit() {
    let golden = Golden::open("flux2-golden/transformer_forward_refs2.safetensors");
    let config = Config::parse(&config("transformer/config.json")).expect("a configuration");
    let transformer = Transformer::load(config, &params("transformer")).expect("weights");
    let all = [positions(&golden, "txt_ids"), positions(&golden, "img_ids")].concat();
    let rope = transformer.rope(&all).expect("tables");
    let reference_tokens = |time| all.iter().filter(|position| position[0] == time).count();
    let forward = |influence: f32| {
        let references =
            [10, 20].map(|time| ReferenceRun { count: reference_tokens(time), influence });
        let inputs = Inputs {
            hidden_states: &golden.tensor("hidden_states"),
            encoder_hidden_states: &golden.tensor("encoder_hidden_states"),
            timestep: &golden.tensor("timestep"),
            rope: &rope,
            references: &references,
        };
        transformer.forward(&inputs, &mut Unwatched).expect("a forward pass")
    };
    let neutral = forward(1.0);
    golden.check("output", &neutral);
    // Next to it the keys are biased, by next to nothing.
    let biased = forward(1.0 + f32::EPSILON);
    golden.check("output", &biased);
    assert!(largest_difference(&neutral, &biased) < 1e-4, "the biased way is another one");
    assert!(largest_difference(&neutral, &forward(0.5)) > 1e-3, "a half changes nothing");
}

#[test]
fn no_influence_is_leaving_the_reference_out() {
    let run = SMALL;
    let guided = Run { guidance: 3.0, prompts: &["a red fox", "a blue car"], ..SMALL };
    for (name, run, distilled, kv) in [
        ("joint", &run, true, false),
        ("keys kept", &run, true, true),
        ("a batch under guidance", &guided, false, false),
        ("a batch under guidance, keys kept", &guided, false, true),
    ] {
        let klein = &mut klein(distilled, kv);
        let without = run.paint(klein, &[]);
        assert_eq!(
            largest_difference(&run.paint(klein, &weighed(&[0.0])), &without),
            0.0,
            "{name}"
        );
        let nearly = largest_difference(&run.paint(klein, &weighed(&[1e-6])), &without);
        assert!(nearly <= NOTHING, "{name}: {nearly:e} is left of it");
        let whole = largest_difference(&run.paint(klein, &weighed(&[1.0])), &without);
        assert!(whole > 100.0 * NOTHING, "{name}: the reference itself changes only {whole:e}");
    }
}

#[test]
fn without_influence_the_other_references_stay_what_they_are() {
    for kv in [false, true] {
        let klein = &mut klein(true, kv);
        let mut paint = |influences: &[f64]| SMALL.paint(klein, &weighed(influences));
        // The last one has nobody behind it: it is as if it had never been given.
        assert_eq!(largest_difference(&paint(&[1.0, 0.5, 0.0]), &paint(&[1.0, 0.5])), 0.0);
        // Nothing jumps as the first goes away, since the second does not become the first.
        let gone = paint(&[0.0, 1.0, 0.5]);
        let nearly = largest_difference(&paint(&[1e-6, 1.0, 0.5]), &gone);
        assert!(nearly <= NOTHING, "keys kept {kv}: {nearly:e} is left of it");
        let renumbered: Vec<Reference> = weighed(&[0.0, 1.0, 0.5]).split_off(1);
        let renumbered = SMALL.paint(klein, &renumbered);
        println!("keys kept {kv}: renumbered {:.4}", distance(&renumbered, &gone));
    }
}

#[test]
fn each_reference_has_its_own_influence() {
    let klein = &mut klein(true, false);
    let mut paint = |influences: &[f64]| SMALL.paint(klein, &weighed(influences));
    let pictures = [paint(&[0.5, 1.0]), paint(&[1.0, 0.5]), paint(&[1.0, 1.0]), paint(&[0.5, 0.5])];
    for (index, one) in pictures.iter().enumerate() {
        for other in &pictures[index + 1..] {
            assert!(largest_difference(one, other) > 1e-3);
        }
    }
}

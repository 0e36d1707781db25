//! Whole pictures taken apart, step by step, from the reference's own initial latents.

use candle_core::{IndexOp, Tensor};
use engine::{
    Image,
    pipelines::{
        Start,
        qwen_image_layered::{CaptionLanguage, LayersJob, UnitLayers, to_images},
    },
    preprocess,
};

use crate::{
    golden::{Golden, LayeredCase, LayeredCases, Recorder, layered, with_monitor},
    near::largest_difference,
};

/// The side of the small cases' bucket: a fifth of the model's.
const SMALL: u32 = 128;

fn run(golden: &Golden, case: &LayeredCase, side: u32) -> (UnitLayers, Recorder) {
    let image = golden.rgba("image_rgba");
    let cases = LayeredCases::read();
    let job = LayersJob {
        image: &image,
        prompt: cases.prompt(0),
        negative: case.negative.as_deref(),
        caption_language: CaptionLanguage::English,
        layers: case.layers,
        steps: case.steps,
        guidance: case.guidance,
        normalizes_guidance: case.normalizes,
        side,
        max_sequence_length: 512,
        start: Start::Latents(golden.tensor("initial_latents")),
        previews: true,
    };
    let mut recorder = Recorder::default();
    let made =
        with_monitor(|monitor| layered().decompose(&job, monitor, &mut recorder)).expect("layers");
    let calls = if case.negative.is_some() && case.guidance > 1.0 { 2 } else { 1 };
    assert_eq!(recorder.calls(), case.steps * calls);
    let frame = recorder.get("picture_latents").unsqueeze(2).expect("one frame");
    golden.check("cond_latents", &frame);
    (made, recorder)
}

fn check_size(golden: &Golden, image: &Image, side: u32) {
    let size = golden.tensor("size_wh").to_vec1::<i64>().expect("a size");
    let (width, height) = preprocess::bucket_size(image.width(), image.height(), side);
    assert_eq!([i64::from(width), i64::from(height)], size[..]);
}

pub(crate) fn check_small(index: usize) {
    let golden = Golden::open(&format!("qwen-golden/pipe_small_{index}.safetensors"));
    let image = golden.rgba("image_rgba");
    check_size(&golden, &image, SMALL);
    let resized = preprocess::bucket(&image, SMALL).expect("a picture");
    let expected = golden.rgba("resized_rgba");
    let off: Vec<u8> =
        resized.rgba().iter().zip(expected.rgba()).map(|(a, b)| a.abs_diff(*b)).collect();
    assert!(off.iter().all(|off| *off <= 2), "a level is off by more than 2");
    let by_two = off.iter().filter(|off| **off == 2).count();
    assert!(by_two * 1000 < off.len(), "{by_two} of {} levels are off by 2", off.len());

    let case = LayeredCases::read().small(index);
    let (made, recorder) = run(&golden, &case, SMALL);
    let last = format!("latents_step.{}", case.steps - 1);
    recorder.check_all(
        &golden,
        &[&last, "latents_step.0", "call.00.output", "call.00.timestep", "prompt_embeds"],
    );
    golden.check("layers", &made.unit);
    let pictures = to_images(&made).expect("pictures");
    assert_eq!(pictures.len(), case.layers);
}

#[test]
fn a_wide_picture_without_guidance() {
    check_small(0);
}

#[test]
fn a_tall_picture_with_normalised_guidance() {
    check_small(1);
}

#[test]
fn a_square_picture_with_guidance_and_a_negative_prompt() {
    check_small(2);
}

#[test]
fn the_real_bucket() {
    let golden = Golden::open("qwen-golden/pipe_full640.safetensors");
    let cases = LayeredCases::read();
    let case = cases.full();
    let side = cases.full_resolution();
    check_size(&golden, &golden.rgba("image_rgba"), side);
    let (made, recorder) = run(&golden, &case, side);
    golden.check("prompt_embeds", recorder.get("prompt_embeds"));
    golden.check("final_latents", recorder.get(&format!("latents_step.{}", case.steps - 1)));
    for call in 0..recorder.calls() {
        let output = recorder.get(&format!("call.{call:02}.output"));
        golden.check(
            &format!("call.{call:02}.output_first64"),
            &output.i((.., ..64)).expect("tokens"),
        );
        let name = format!("call.{call:02}.timestep");
        golden.check(&name, recorder.get(&name));
    }
    let quarter = every_fourth(&every_fourth(&made.unit, 2), 3);
    golden.check("layers_sub4", &quarter);
    let flat = made.unit.flatten_from(2).expect("planes");
    golden.check("layers_mean", &flat.mean(2).expect("means"));
    let spread = flat.broadcast_sub(&flat.mean_keepdim(2).expect("means")).expect("differences");
    let spread = spread.sqr().and_then(|x| x.mean(2)).and_then(|x| x.sqrt()).expect("spreads");
    // The reference divides by one less.
    let count = flat.dims()[2] as f64;
    let spread = (spread * (count / (count - 1.0)).sqrt()).expect("spreads");
    let off = largest_difference(&spread, &golden.tensor("layers_std"));
    assert!(off <= 1e-5, "the spread of a layer differs by {off:e}");
}

/// Every fourth value along an axis.
fn every_fourth(tensor: &Tensor, axis: usize) -> Tensor {
    let indices: Vec<u32> = (0..tensor.dims()[axis] as u32).step_by(4).collect();
    let indices = Tensor::new(indices, tensor.device()).expect("indices");
    tensor.index_select(&indices, axis).expect("a part")
}

//! Whole pictures, step by step, from the reference's own initial latents.

use std::sync::Arc;

use candle_core::Tensor;
use engine::{
    Image, Inpaint, Reference,
    pipelines::{
        Start,
        flux2::{Job, Klein},
    },
};
use nn::Probe;

use crate::{
    golden::{Cases, Golden, Recorder, klein, with_monitor},
    near::{check_levels, largest_difference},
};

/// One file of a whole run.
pub(crate) struct Case {
    golden: Golden,
    prompts: Vec<usize>,
    max_sequence_length: usize,
    distilled: bool,
    kv_references: bool,
    guidance: f64,
    /// Whether width and height are asked for, or come from the first reference.
    explicit_size: bool,
}

impl Case {
    pub(crate) fn new(name: &str, prompts: &[usize]) -> Self {
        Self {
            golden: Golden::open(&format!("flux2-golden/{name}.safetensors")),
            prompts: prompts.to_vec(),
            max_sequence_length: Cases::read().max_sequence_length(name),
            distilled: true,
            kv_references: false,
            guidance: 1.0,
            explicit_size: true,
        }
    }

    fn guided(self, guidance: f64) -> Self {
        Self { distilled: false, guidance, ..self }
    }

    fn pictures(&self) -> Vec<Arc<Image>> {
        (0..).map_while(|index| self.picture(&format!("input_image.{index}"))).collect()
    }

    fn picture(&self, name: &str) -> Option<Arc<Image>> {
        if !self.golden.contains(name) {
            return None;
        }
        let levels = self.golden.tensor(name);
        let (h, w) = (levels.dims()[0], levels.dims()[1]);
        let channels = levels.dims().get(2).copied().unwrap_or(1);
        let levels = levels.flatten_all().and_then(|t| t.to_vec1::<u8>()).expect("levels");
        let rgba = levels.chunks_exact(channels).flat_map(|pixel| match *pixel {
            [level] => [level, level, level, 255],
            [r, g, b] => [r, g, b, 255],
            [r, g, b, a] => [r, g, b, a],
            _ => panic!("{channels} channels"),
        });
        Some(Arc::new(Image::new(w as u32, h as u32, rgba.collect()).expect("a picture")))
    }

    pub(crate) fn run(self) {
        self.run_repainting(None, Start::Latents);
    }

    fn run_repainting(self, strength: Option<f64>, start: fn(Tensor) -> Start) {
        let golden = &self.golden;
        let cases = Cases::read();
        let pictures = self.pictures();
        let inpaint = strength.map(|strength| Inpaint {
            init: Arc::clone(&pictures[0]),
            mask: self.picture("mask_u8").expect("a mask"),
            strength,
            seam: 0,
        });
        let references = if inpaint.is_some() { &pictures[1..] } else { &pictures[..] };
        let references: Vec<Reference> = references.iter().cloned().map(Into::into).collect();
        let image = golden.tensor("image");
        let (_, _, height, width) = image.dims4().expect("a picture");
        let size = self.explicit_size.then_some((width as u32, height as u32)).unzip();
        let prompts: Vec<&str> = self.prompts.iter().map(|&index| cases.prompt(index)).collect();
        let initial = if golden.contains("initial_latents") { "initial_latents" } else { "noise" };
        let job = Job {
            prompts: &prompts,
            negative: "",
            size,
            default_size: (1024, 1024),
            steps: golden.tensor("timesteps").dims()[0],
            guidance: self.guidance,
            max_sequence_length: self.max_sequence_length,
            references: &references,
            inpaint: inpaint.as_ref(),
            start: start(golden.tensor(initial)),
            previews: true,
            step_cache: None,
        };
        let mut recorder = Recorder::default();
        let unit = with_monitor(|monitor| {
            klein(self.distilled, self.kv_references).generate(&job, monitor, &mut recorder)
        })
        .expect("a picture");

        let last = golden.names().filter(|name| name.starts_with("latents_step.")).count() - 1;
        let last = format!("latents_step.{last}");
        recorder.check_all(
            golden,
            &[&last, "call.00.output", "call.00.hidden_states", "call.00.timestep"],
        );
        let calls = golden
            .names()
            .filter(|name| name.starts_with("call.") && name.ends_with(".output"))
            .count();
        assert_eq!(recorder.calls(), calls, "transformer calls");
        golden.check("image", &unit);
        check_levels(&unit, &image);
    }
}

#[test]
fn text_to_image_distilled() {
    Case::new("pipe_t2i_distilled", &[0]).run();
}

#[test]
fn text_to_image_under_guidance() {
    Case::new("pipe_t2i_base_cfg", &[1]).guided(Cases::read().number("base", "g")).run();
}

#[test]
fn two_prompts_in_one_batch_under_guidance() {
    Case::new("pipe_t2i_batch2_cfg", &[0, 1]).guided(Cases::read().number("base", "g")).run();
}

#[test]
fn edit_with_one_reference_takes_its_size() {
    Case { explicit_size: false, ..Case::new("pipe_edit_1ref", &[1]) }.run();
}

#[test]
fn edit_with_three_references_of_different_sizes() {
    Case::new("pipe_edit_3refs", &[2]).run();
}

#[test]
fn edit_with_two_references_under_guidance() {
    Case::new("pipe_edit_2refs_base_cfg", &[1]).guided(Cases::read().number("base", "g")).run();
}

#[test]
fn references_kept_as_keys_and_values() {
    Case { kv_references: true, ..Case::new("pipe_kv_2refs", &[1]) }.run();
}

#[test]
fn repaint_distilled() {
    Case::new("pipe_inpaint", &[2]).run_repainting(Some(0.8), Start::Noise);
}

#[test]
fn repaint_with_a_reference_under_guidance() {
    Case::new("pipe_inpaint_ref_cfg", &[2]).guided(2.5).run_repainting(Some(0.6), Start::Noise);
}

#[test]
fn repaint_from_given_latents() {
    Case::new("pipe_inpaint_given_latents", &[2]).run_repainting(Some(1.0), Start::Latents);
}

/// How often the text encoder begins to read.
#[derive(Default)]
struct Readings(usize);

impl Probe for Readings {
    fn see(&mut self, name: &str, _: &Tensor) -> candle_core::Result<()> {
        self.0 += usize::from(name == "hidden_states.0");
        Ok(())
    }
}

#[test]
fn a_prompt_is_read_once_and_gives_the_same_picture_again() {
    let paint = |klein: &mut Klein, prompt: &str| {
        let job = Job {
            prompts: &[prompt],
            negative: "",
            size: (Some(32), Some(32)),
            default_size: (32, 32),
            steps: 2,
            guidance: 3.0,
            max_sequence_length: 24,
            references: &[],
            inpaint: None,
            start: Start::Seed(1),
            previews: false,
            step_cache: None,
        };
        let mut readings = Readings::default();
        let unit = with_monitor(|monitor| klein.generate(&job, monitor, &mut readings));
        (unit.expect("a picture"), readings.0)
    };
    let mut klein = klein(false, false);
    let (first, readings) = paint(&mut klein, "a red fox");
    assert_eq!(readings, 2, "the prompt and its negative");
    let (other, readings) = paint(&mut klein, "a blue fox");
    assert_eq!(readings, 1, "the negative is the same");
    let (again, readings) = paint(&mut klein, "a red fox");
    assert_eq!(readings, 0, "both were read before");
    assert_eq!(largest_difference(&first, &again), 0.0);
    assert!(largest_difference(&first, &other) > 0.0, "another prompt gives the same picture");
}

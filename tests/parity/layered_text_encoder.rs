use candle_core::{Device, IndexOp, Tensor};
use engine::pipelines::qwen_image_layered::{CaptionLanguage, Layered};
use models::text_encoders::{Tokens, qwen2_5_vl::positions};
use nn::Unwatched;

use crate::golden::{Golden, LayeredCases, Recorder, layered, with_monitor};

const FILE: &str = "qwen-golden/text_encoder.safetensors";
/// Tokens of the template that the transformer does not see.
const TEMPLATE: usize = 34;

fn ids(rows: &[Vec<u32>]) -> Tensor {
    let ids: Vec<i64> = rows.concat().into_iter().map(i64::from).collect();
    Tensor::from_vec(ids, (rows.len(), rows[0].len()), &Device::Cpu).expect("ids")
}

fn loaded(to_see: bool) -> Layered {
    let mut layered = layered();
    with_monitor(|monitor| layered.load_text_encoder(to_see, monitor).expect("weights"));
    layered
}

#[test]
fn prompts_become_the_tokens_and_conditioning_of_the_reference() {
    check_prompts();
}

pub(crate) fn check_prompts() {
    let (golden, cases, layered) = (Golden::open(FILE), LayeredCases::read(), loaded(false));
    for (index, prompt) in [cases.prompt(0), " ", cases.prompt(2)].into_iter().enumerate() {
        let tokens = layered.tokenize(&[prompt]).expect("tokens");
        golden.check(&format!("input_ids.{index}"), &ids(&tokens.ids));
        let mut recorder = Recorder::default();
        let states = layered.encode_tokens(&tokens, &mut recorder).expect("hidden states");
        golden.check(&format!("last_hidden.{index}"), &states);
        let embeds = layered.encode_prompt(prompt, 512).expect("conditioning");
        golden.check(&format!("prompt_embeds.{index}"), &embeds);
        if index == 0 {
            let all = golden.tensor("hidden_states_all.0");
            for block in 0..all.dims()[0] {
                let actual = recorder.get(&format!("hidden_states.{block}"));
                golden.check_part("hidden_states_all.0", &all.i(block).expect("a state"), actual);
            }
        }
    }
}

#[test]
fn a_shorter_prompt_in_a_batch_is_padded_and_its_padding_seen_by_nobody() {
    check_batch();
}

pub(crate) fn check_batch() {
    let (golden, cases, layered) = (Golden::open(FILE), LayeredCases::read(), loaded(false));
    let tokens: Tokens = layered.tokenize(&[cases.prompt(0), cases.prompt(1)]).expect("tokens");
    let states = layered.encode_tokens(&tokens, &mut Unwatched).expect("hidden states");
    let expected = golden.tensor("batch.prompt_embeds");
    let mask = golden.tensor("batch.mask").to_vec2::<i64>().expect("a mask");
    for (row, mask) in mask.iter().enumerate() {
        let seen = mask.iter().filter(|seen| **seen == 1).count();
        let padding = tokens.padding[row][TEMPLATE..].iter().filter(|padding| !**padding).count();
        assert_eq!(padding, seen, "tokens of prompt {row}");
        let part = |tensor: &Tensor, start| tensor.i((row, start..start + seen)).expect("a row");
        let (expected, made) = (part(&expected, 0), part(&states, TEMPLATE));
        golden.check_part("batch.prompt_embeds", &expected, &made);
    }
}

#[test]
fn a_picture_is_seen_and_described_as_the_reference_does() {
    check_caption();
}

pub(crate) fn check_caption() {
    let golden = Golden::open("qwen-golden/vlm_caption.safetensors");
    let layered = loaded(true);
    let image = golden.rgba("image_rgba");
    let (patches, grid) = layered.patches(&image).expect("patches");
    golden.check("pixel_values", &patches);
    let size = golden.tensor("image_grid_thw").to_vec2::<i64>().expect("a grid");
    assert_eq!([1, grid.rows as i64, grid.columns as i64], size[0][..]);

    let question = layered.question(CaptionLanguage::English, grid).expect("a question");
    golden.check("input_ids", &ids(std::slice::from_ref(&question)));
    let chinese = layered.question(CaptionLanguage::Chinese, grid).expect("a question");
    golden.check("input_ids_cn", &ids(&[chinese]));
    let kinds = golden.tensor("mm_token_type_ids").to_vec2::<i64>().expect("kinds");
    let first = kinds[0].iter().position(|kind| *kind == 1).expect("image tokens");
    let (places, next) = positions(question.len(), Some((first, grid)));
    let axes: Vec<i64> =
        (0..3).flat_map(|axis| places.iter().map(move |place| i64::from(place[axis]))).collect();
    let axes = Tensor::from_vec(axes, (3, 1, places.len()), &Device::Cpu).expect("positions");
    golden.check("position_ids", &axes);
    let delta = i64::from(next) - question.len() as i64;
    // The reference's delta leads from the length to the next place.
    assert_eq!(golden.tensor("rope_deltas").to_vec2::<i64>().expect("a delta")[0][0], delta);

    let expected = golden.tensor("generated_ids").to_vec1::<i64>().expect("ids");
    let mut recorder = Recorder::default();
    let written = with_monitor(|monitor| {
        let language = CaptionLanguage::English;
        layered.caption_tokens(&image, language, expected.len(), monitor, &mut recorder)
    })
    .expect("a caption");
    recorder.check_all(&golden, &["vision_last_hidden", "image_features", "last_hidden"]);
    golden.check("logits_last", &recorder.get("generated_logits.0").unsqueeze(0).expect("a row"));
    let logits = golden.tensor("generated_logits");
    for step in 0..expected.len() {
        let actual = recorder.get(&format!("generated_logits.{step}"));
        golden.check_part("generated_logits", &logits.i(step).expect("a row"), actual);
    }
    let written_ids: Vec<i64> = written.iter().map(|id| i64::from(*id)).collect();
    assert_eq!(written_ids, expected);
    let text = golden.tensor("generated_text_utf8").to_vec1::<u8>().expect("text");
    let text = String::from_utf8(text).expect("UTF-8");
    assert_eq!(layered.text(&written).expect("text").trim(), text.trim());
}

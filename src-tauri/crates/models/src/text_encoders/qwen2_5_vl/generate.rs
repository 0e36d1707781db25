//! Writing a caption: one likeliest token after the other.

use std::collections::BTreeSet;

use candle_core::{Result, Tensor};
use nn::{Probe, Unwatched, attention};

use super::{GenerationConfig, PatchGrid, Qwen25Vl, positions};

/// What a caption is written from.
#[derive(Debug)]
pub struct Caption<'a> {
    /// Tokens of the question, with one image token for every token of the picture.
    pub ids: &'a [u32],
    /// Patches of the picture, `[n, 3 · frames · size · size]`.
    pub patches: &'a Tensor,
    /// Their grid.
    pub grid: PatchGrid,
    /// The most tokens that are written.
    pub max_new_tokens: usize,
}

impl Qwen25Vl {
    /// The tokens of a caption, without the one that ends it. `goes_on` is asked before every token.
    ///
    /// # Errors
    /// If the model cannot see, or the image tokens do not fit the picture.
    pub fn write_caption(
        &self,
        caption: &Caption<'_>,
        generation: &GenerationConfig,
        goes_on: &mut dyn FnMut() -> bool,
        probe: &mut dyn Probe,
    ) -> Result<Vec<u32>> {
        let (x, first) = self.embed_with_picture(caption, probe)?;
        let length = caption.ids.len();
        let (places, mut next) = positions(length, Some((first, caption.grid)));
        let mask = attention::causal_mask(&[vec![false; length]], &self.device)?;
        let mut past = self.no_past();
        let mut hidden = self.run(
            x,
            attention::Mask::Additive(&mask),
            &self.rope(&places)?,
            Some(&mut past),
            &mut Unwatched,
        )?;
        probe.see("last_hidden", &hidden)?;

        let mut seen: BTreeSet<u32> = caption.ids.iter().copied().collect();
        let mut written = Vec::new();
        while written.len() < caption.max_new_tokens && goes_on() {
            let logits = self.logits(&hidden)?;
            probe.see(&format!("generated_logits.{}", written.len()), &logits)?;
            let token = likeliest(logits.to_vec1::<f32>()?, &seen, generation.repetition_penalty);
            if generation.eos.contains(&token) {
                break;
            }
            written.push(token);
            seen.insert(token);
            if written.len() == caption.max_new_tokens {
                break;
            }
            let x = self.embed(&[vec![token]])?;
            let rope = self.rope(&[[next; 3]])?;
            hidden = self.run(x, attention::Mask::Full, &rope, Some(&mut past), &mut Unwatched)?;
            next += 1;
        }
        Ok(written)
    }

    /// Vectors of all tokens, `[1, n, hidden_size]`, and where the picture's begin.
    fn embed_with_picture(
        &self,
        caption: &Caption<'_>,
        probe: &mut dyn Probe,
    ) -> Result<(Tensor, usize)> {
        let Some(vision) = &self.vision else {
            candle_core::bail!("the text encoder was loaded without its vision tower");
        };
        let image_token = self.config.image_token_id;
        let count = caption.grid.tokens();
        let first = caption.ids.iter().position(|&id| id == image_token).unwrap_or(0);
        let run = caption.ids.iter().skip(first).take_while(|&&id| id == image_token).count();
        if run != count || count == 0 {
            candle_core::bail!("the question has {run} image tokens, the picture {count}");
        }
        let embedded = self.embed(&[caption.ids.to_vec()])?;
        let patches = caption.patches.to_dtype(embedded.dtype())?;
        let features = vision.forward(&patches, caption.grid, probe)?.unsqueeze(0)?;
        let after = first + count;
        let x = Tensor::cat(
            &[
                &embedded.narrow(1, 0, first)?,
                &features.to_dtype(embedded.dtype())?,
                &embedded.narrow(1, after, caption.ids.len() - after)?,
            ],
            1,
        )?;
        Ok((x, first))
    }
}

/// The token with the largest value, after those already there were made less likely.
fn likeliest(mut logits: Vec<f32>, seen: &BTreeSet<u32>, penalty: f32) -> u32 {
    for &token in seen {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
    }
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_there_is_less_likely() {
        let logits = vec![1.0, 1.04, -1.0];
        assert_eq!(likeliest(logits.clone(), &BTreeSet::new(), 1.05), 1);
        assert_eq!(likeliest(logits, &BTreeSet::from([1]), 1.05), 0);
        assert_eq!(likeliest(vec![-1.0, -0.98], &BTreeSet::from([1]), 1.05), 0);
    }
}

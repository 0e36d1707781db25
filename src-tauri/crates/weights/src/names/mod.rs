//! What files call weights, and what models call them: one table a family, read in both directions.

mod autoencoders;
mod flux1;
mod flux2;
mod llama;
mod t5;

use std::ops::Range;

use crate::Kind;

/// Which rows of a file's tensor a model's weight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All, as they are.
    All,
    /// One third: a file may fuse queries, keys and values.
    Third(usize),
    /// Neighbouring sevenths, from the first until before the last: FLUX.1 fuses queries, keys and
    /// values with a projection that is four times as wide.
    Sevenths(usize, usize),
    /// The second half first: files disagree whether shift or scale comes first.
    Swapped,
}

impl Rows {
    /// Ranges of a tensor with `count` rows; `None` if it cannot be cut like that.
    pub(crate) fn of(self, count: usize) -> Option<Vec<Range<usize>>> {
        match self {
            Self::All => Some(std::iter::once(0..count).collect()),
            Self::Third(index) => parts(count, 3, index..index + 1),
            Self::Sevenths(first, end) => parts(count, 7, first..end),
            Self::Swapped => {
                let half = count / 2;
                count.is_multiple_of(2).then(|| vec![half..count, 0..half])
            }
        }
    }
}

/// Some of `of` parts of equal length.
fn parts(count: usize, of: usize, wanted: Range<usize>) -> Option<Vec<Range<usize>>> {
    let part = count / of;
    let rows = wanted.start * part..wanted.end * part;
    count.is_multiple_of(of).then(|| std::iter::once(rows).collect())
}

/// A file's name of a layer, the model's, and what the model takes of it. `*` is a block's number;
/// `~` is one that the model counts from the other end of four.
pub(crate) type Rule = (&'static str, &'static str, Rows);

/// What the model calls a tensor of a file; several names where the file fuses layers.
pub(crate) fn to_model(kind: Kind, name: &str) -> Vec<(String, Rows)> {
    if kind == Kind::QwenImageAutoencoder
        && let Some(renamed) = autoencoders::qwen_image(name)
    {
        return vec![(renamed, Rows::All)];
    }
    let Some((layer, leaf)) = name.rsplit_once('.') else {
        return vec![(name.to_owned(), Rows::All)];
    };
    // BFL calls the weight of a norm its scale.
    let model_leaf = if leaf == "scale" { "weight" } else { leaf };
    let renamed: Vec<(String, Rows)> = rules(kind)
        .iter()
        .filter_map(|(file, model, rows)| {
            Some((format!("{}.{model_leaf}", fill(model, &capture(file, layer)?)), *rows))
        })
        .collect();
    if renamed.is_empty() { vec![(name.to_owned(), Rows::All)] } else { renamed }
}

/// What other files call a layer of the model, and which of its rows they mean.
pub(crate) fn to_files(kind: Kind, layer: &str) -> Vec<(String, Rows)> {
    rules(kind)
        .iter()
        .filter_map(|(file, model, rows)| Some((fill(file, &capture(model, layer)?), *rows)))
        .collect()
}

fn rules(kind: Kind) -> &'static [Rule] {
    match kind {
        Kind::Flux1Transformer => flux1::RULES,
        Kind::Flux2Transformer => flux2::RULES,
        Kind::Flux1Autoencoder | Kind::Flux2Autoencoder => autoencoders::KL,
        Kind::T5 => t5::RULES,
        Kind::Qwen3 | Kind::Qwen25Vl => llama::RULES,
        Kind::Clip | Kind::QwenImageLayeredTransformer | Kind::QwenImageAutoencoder => &[],
    }
}

/// The numbers that a pattern stands for in a name.
fn capture(pattern: &str, name: &str) -> Option<Vec<usize>> {
    let (mut wanted, mut found) = (pattern.split('.'), name.split('.'));
    let mut numbers = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(numbers),
            (Some("*"), Some(part)) => numbers.push(part.parse().ok()?),
            (Some("~"), Some(part)) => numbers.push(3usize.checked_sub(part.parse().ok()?)?),
            (Some(wanted), Some(part)) if wanted == part => {}
            _ => return None,
        }
    }
}

fn fill(pattern: &str, numbers: &[usize]) -> String {
    let mut numbers = numbers.iter();
    let parts: Vec<String> = pattern
        .split('.')
        .map(|part| match part {
            "*" => numbers.next().map(usize::to_string).unwrap_or_default(),
            "~" => {
                numbers.next().map(|n| 3usize.saturating_sub(*n).to_string()).unwrap_or_default()
            }
            part => part.to_owned(),
        })
        .collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fused_projections_become_three() {
        assert_eq!(
            to_model(Kind::Flux2Transformer, "double_blocks.12.txt_attn.qkv.weight"),
            [
                ("transformer_blocks.12.attn.add_q_proj.weight".to_owned(), Rows::Third(0)),
                ("transformer_blocks.12.attn.add_k_proj.weight".to_owned(), Rows::Third(1)),
                ("transformer_blocks.12.attn.add_v_proj.weight".to_owned(), Rows::Third(2)),
            ]
        );
        assert_eq!(Rows::Third(1).of(6), Some(std::iter::once(2..4).collect()));
        assert_eq!(Rows::Third(1).of(7), None);
    }

    #[test]
    fn what_flux_1_fuses_becomes_four() {
        let names = to_model(Kind::Flux1Transformer, "single_blocks.3.linear1.bias");
        let parts: Vec<_> =
            names.iter().map(|(name, rows)| (name.as_str(), rows.of(14).unwrap())).collect();
        let once = |range: Range<usize>| std::iter::once(range).collect::<Vec<_>>();
        assert_eq!(
            parts,
            [
                ("single_transformer_blocks.3.attn.to_q.bias", once(0..2)),
                ("single_transformer_blocks.3.attn.to_k.bias", once(2..4)),
                ("single_transformer_blocks.3.attn.to_v.bias", once(4..6)),
                ("single_transformer_blocks.3.proj_mlp.bias", once(6..14)),
            ]
        );
        assert_eq!(Rows::Sevenths(0, 1).of(13), None);
    }

    #[test]
    fn names_go_both_ways() {
        for (file, model) in [
            ("final_layer.adaLN_modulation.1", "norm_out.linear"),
            ("single_blocks.3.linear1", "single_transformer_blocks.3.attn.to_qkv_mlp_proj"),
        ] {
            let there = to_model(Kind::Flux2Transformer, &format!("{file}.weight"));
            assert_eq!(there[0].0, format!("{model}.weight"));
            assert_eq!(to_files(Kind::Flux2Transformer, model)[0].0, file);
        }
    }

    #[test]
    fn a_norm_s_scale_is_its_weight() {
        let names =
            to_model(Kind::Flux2Transformer, "double_blocks.0.img_attn.norm.query_norm.scale");
        assert_eq!(names[0].0, "transformer_blocks.0.attn.norm_q.weight");
    }

    #[test]
    fn levels_of_a_decoder_are_counted_from_the_other_end() {
        let names = to_model(Kind::Flux2Autoencoder, "decoder.up.3.block.2.norm1.weight");
        assert_eq!(names[0].0, "decoder.up_blocks.0.resnets.2.norm1.weight");
    }

    #[test]
    fn names_that_no_table_has_stay() {
        let name = "transformer_blocks.0.attn.to_q.weight";
        assert_eq!(to_model(Kind::Flux2Transformer, name), [(name.to_owned(), Rows::All)]);
    }
}

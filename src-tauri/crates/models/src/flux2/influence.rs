//! How much of each reference picture the rest of the sequence takes.
//!
//! An influence of 1 leaves attention as it is. Any other weighs a reference's keys by its square in
//! the softmax of every query outside the reference: 2 · log(influence) is added to the scores. Its
//! own queries see it whole, so it stays the same picture however little of it the others take, and
//! as the influence goes to 0 the others end where they are without it.

use candle_core::{Device, Result, Tensor};
use nn::attention::QueryRun;

/// Weights of keys are influences to this power. Attention saturates: with 1, a quarter of the influence
/// has three quarters of the effect where a model leans on its references; with 3, nearly none where
/// it does not.
const EXPONENT: f32 = 2.0;

/// A reference's part of the sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceRun {
    /// Its tokens.
    pub count: usize,
    /// How much the others take of it; above 0, and 1 is the model as it was trained.
    pub influence: f32,
}

/// Tokens one after the other that belong together.
#[derive(Debug, Clone, Copy)]
struct Span {
    count: usize,
    /// Which reference, unless they are text or the picture.
    reference: Option<usize>,
    bias: f32,
}

/// Runs of queries with their biases; empty where nothing is biased.
#[derive(Debug, Default)]
pub(super) struct Influence {
    /// Queries of everything that is not told apart in `own`.
    pub(super) all: Vec<QueryRun>,
    /// Queries of references that see references alone.
    pub(super) own: Vec<QueryRun>,
}

/// Where references stand, and whether they are in the sequence.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// `[text | image | references]`, one attention for all.
    Joint,
    /// `[text | references | image]`, where references see each other alone.
    Extract,
    /// `[text | image]`, which see `[text | references | image]`.
    Cached,
}

impl Influence {
    /// Whether nothing is biased.
    pub(super) fn is_none(&self) -> bool {
        self.all.is_empty() && self.own.is_empty()
    }

    /// `text` and `image` are counts of tokens; references of `runs` come on top of them.
    pub(super) fn new(
        layout: Layout,
        runs: &[ReferenceRun],
        (text, image): (usize, usize),
        device: &Device,
    ) -> Result<Self> {
        if runs.iter().all(|run| run.influence == 1.0) {
            return Ok(Self::default());
        }
        let plain = |count| Span { count, reference: None, bias: 0.0 };
        let references: Vec<Span> = runs
            .iter()
            .enumerate()
            .map(|(index, run)| Span {
                count: run.count,
                reference: Some(index),
                bias: EXPONENT * run.influence.ln(),
            })
            .collect();
        let around = || [&[plain(text)], references.as_slice(), &[plain(image)]].concat();
        let (all, own) = match layout {
            Layout::Joint => {
                let whole = [&[plain(text + image)], references.as_slice()].concat();
                (biases(&whole, &whole, device)?, Vec::new())
            }
            Layout::Extract => (
                biases(&[plain(text + image)], &around(), device)?,
                biases(&references, &references, device)?,
            ),
            Layout::Cached => (biases(&[plain(text + image)], &around(), device)?, Vec::new()),
        };
        Ok(Self { all, own })
    }
}

fn biases(queries: &[Span], keys: &[Span], device: &Device) -> Result<Vec<QueryRun>> {
    let mut rows: Vec<(usize, Vec<f32>)> = Vec::new();
    for query in queries {
        let mut row = Vec::new();
        for key in keys {
            let is_own = key.reference.is_some() && key.reference == query.reference;
            row.resize(row.len() + key.count, if is_own { 0.0 } else { key.bias });
        }
        match rows.last_mut() {
            Some((count, last)) if *last == row => *count += query.count,
            _ => rows.push((query.count, row)),
        }
    }
    rows.into_iter()
        .map(|(count, row)| {
            let bias = match row.iter().all(|bias| *bias == 0.0) {
                true => None,
                false => {
                    let shape = (1, 1, 1, row.len());
                    Some(Tensor::from_vec(row, shape, device)?)
                }
            };
            Ok(QueryRun { count, bias })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(runs: &[QueryRun]) -> Vec<(usize, Vec<f32>)> {
        runs.iter()
            .map(|run| {
                let bias = run.bias.as_ref().map(|bias| bias.flatten_all().unwrap());
                (run.count, bias.map_or(Vec::new(), |bias| bias.to_vec1().unwrap()))
            })
            .collect()
    }

    fn influence(layout: Layout, influences: [f32; 2]) -> Influence {
        let runs = influences.map(|influence| ReferenceRun { count: 1, influence });
        Influence::new(layout, &runs, (1, 2), &Device::Cpu).unwrap()
    }

    #[test]
    fn where_every_influence_is_one_there_is_no_bias() {
        for layout in [Layout::Joint, Layout::Extract, Layout::Cached] {
            let Influence { all, own } = influence(layout, [1.0, 1.0]);
            assert!(all.is_empty() && own.is_empty(), "{layout:?}");
        }
    }

    #[test]
    fn a_reference_sees_itself_whole_and_is_weighed_by_all_others() {
        let half = EXPONENT * 0.5f32.ln();
        let joint = influence(Layout::Joint, [0.5, 1.0]);
        let weighed = vec![0.0, 0.0, 0.0, half, 0.0];
        assert_eq!(rows(&joint.all), [(3, weighed.clone()), (1, vec![]), (1, weighed)]);
        let extract = influence(Layout::Extract, [0.5, 1.0]);
        assert_eq!(rows(&extract.all), [(3, vec![0.0, half, 0.0, 0.0, 0.0])]);
        assert_eq!(rows(&extract.own), [(1, vec![]), (1, vec![half, 0.0])]);
        let cached = influence(Layout::Cached, [0.5, 1.0]);
        assert_eq!(rows(&cached.all), [(3, vec![0.0, half, 0.0, 0.0, 0.0])]);
    }
}

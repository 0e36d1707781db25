//! How a run fits into a budget: one pure function, the cheapest measure first.
//!
//! Whatever the plan, the picture is the same to the bit: weights are only kept or fetched again.

use crate::Precision;

/// Sizes of a model's components, of what is read of them. Matrices are used as files hold them, in
/// whatever number format pictures are computed; convolutions are few, and unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// In bytes.
    pub(crate) text_encoder: u64,
    /// In bytes, LoRAs included.
    pub(crate) transformer: u64,
    /// In parameters.
    pub(crate) autoencoder: u64,
    /// A second text encoder that is unpacked, in parameters; 0 where there is none.
    pub(crate) pooled_text_encoder: u64,
}

/// What a run computes with, beside weights, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// While the text encoder reads.
    pub encode: u64,
    /// While the transformer makes a step.
    pub denoise: u64,
    /// While the autoencoder sees or paints pixels.
    pub decode: u64,
}

/// Where a run computes, and with how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ground {
    pub(crate) precision: Precision,
    /// Whether weights go into a graphics card's memory, where they are not streamed yet.
    pub(crate) on_card: bool,
    /// The most that this process may hold there.
    pub(crate) budget: u64,
    /// What it holds there anyway: documents, the program itself.
    pub(crate) base: u64,
}

/// How much of a component's weights stays in memory while it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// All that is read of it, in bytes.
    pub total: u64,
    /// What stays; the rest is fetched from the file for each use.
    pub kept: u64,
}

impl Share {
    fn whole(total: u64) -> Self {
        Self { total, kept: total }
    }

    fn at_most(total: u64, room: u64) -> Self {
        Self { total, kept: total.min(room) }
    }

    /// Whether some of it comes from the file for each use.
    #[must_use]
    pub fn streams(&self) -> bool {
        self.kept < self.total
    }
}

/// How a run is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Number format of activations.
    pub precision: Precision,
    /// Whether weights go into a graphics card's memory.
    pub on_card: bool,
    /// Whether the text encoder stays loaded while the picture is made, and for the next one.
    pub keeps_text_encoder: bool,
    /// What reads.
    pub text_encoder: Share,
    /// What paints.
    pub transformer: Share,
    /// What sees and shows, in bytes.
    pub autoencoder: u64,
    /// What reads a prompt as a whole, in bytes; 0 where nothing does.
    pub pooled_text_encoder: u64,
    /// What the process holds anyway, in bytes.
    pub base: u64,
    /// Beside weights.
    pub work: Work,
    /// The most that the process may hold, in bytes.
    pub budget: u64,
    /// The most that it will hold, in bytes; above the budget where nothing helps.
    pub peak: u64,
}

/// What makes a run fit, from the cheapest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The text encoder goes once it has read.
    DropTextEncoder,
    /// Parts of the text encoder come from the file while it reads.
    StreamTextEncoder(Share),
    /// Parts of the transformer come from the file in every step.
    StreamTransformer(Share),
}

impl Plan {
    /// Whether it stays within its budget.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.peak <= self.budget
    }

    /// What was needed to make it fit; nothing where all fits as it is.
    #[must_use]
    pub fn measures(&self) -> Vec<Measure> {
        let mut measures = Vec::new();
        if !self.keeps_text_encoder {
            measures.push(Measure::DropTextEncoder);
        }
        if self.text_encoder.streams() {
            measures.push(Measure::StreamTextEncoder(self.text_encoder));
        }
        if self.transformer.streams() {
            measures.push(Measure::StreamTransformer(self.transformer));
        }
        measures
    }

    /// What all parts together may take while the text encoder reads.
    pub(crate) fn room_to_read(&self) -> u64 {
        self.budget.saturating_sub(self.base + self.work.encode)
    }

    /// What all parts together may take while the picture is made.
    pub(crate) fn room_to_paint(&self) -> u64 {
        self.budget.saturating_sub(self.base + self.work.denoise.max(self.work.decode))
    }
}

/// The cheapest plan that fits, or the smallest of all where none does.
pub(crate) fn plan(sizes: &Sizes, work: Work, ground: &Ground) -> Plan {
    let &Ground { precision, on_card, budget, base } = ground;
    // On a processor, convolutions are computed in f32 whatever the format.
    let number = match (on_card, precision) {
        (true, Precision::Bf16 | Precision::F16) => 2,
        _ => 4,
    };
    let autoencoder = sizes.autoencoder * number;
    // Computed in f32 everywhere.
    let pooled_text_encoder = sizes.pooled_text_encoder * 4;
    let paint = work.denoise.max(work.decode);
    let mut plan = Plan {
        precision,
        on_card,
        keeps_text_encoder: true,
        text_encoder: Share::whole(sizes.text_encoder),
        transformer: Share::whole(sizes.transformer),
        autoencoder,
        pooled_text_encoder,
        base,
        work,
        budget,
        peak: base
            + sizes.text_encoder
            + pooled_text_encoder
            + sizes.transformer
            + autoencoder
            + paint.max(work.encode),
    };
    if plan.fits() {
        return plan;
    }
    plan.keeps_text_encoder = false;
    let room = |taken: u64| if on_card { u64::MAX } else { budget.saturating_sub(taken) };
    let read = base + pooled_text_encoder + work.encode;
    plan.text_encoder = Share::at_most(sizes.text_encoder, room(read));
    plan.transformer = Share::at_most(sizes.transformer, room(base + autoencoder + paint));
    plan.peak =
        (read + plan.text_encoder.kept).max(base + plan.transformer.kept + autoencoder + paint);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    const KLEIN_4B: Sizes = Sizes {
        text_encoder: 5_450_000_000,
        transformer: 7_750_000_000,
        autoencoder: 84_000_000,
        pooled_text_encoder: 0,
    };
    const WORK: Work = Work { encode: 150_000_000, denoise: 500_000_000, decode: 700_000_000 };

    fn on_processor(budget: u64) -> Plan {
        let ground =
            Ground { precision: Precision::F32, on_card: false, budget, base: 100_000_000 };
        plan(&KLEIN_4B, WORK, &ground)
    }

    #[test]
    fn a_large_memory_keeps_everything() {
        let plan = on_processor(20 << 30);
        assert!(plan.fits() && plan.measures().is_empty(), "{plan:?}");
        assert_eq!(plan.peak, 5_450_000_000 + 7_750_000_000 + 4 * 84_000_000 + 800_000_000);
    }

    #[test]
    fn a_middling_one_drops_the_text_encoder_and_a_small_one_streams() {
        let plan = on_processor(9 << 30);
        assert_eq!(plan.measures(), [Measure::DropTextEncoder]);
        assert!(plan.fits(), "{plan:?}");
        let plan = on_processor(6 << 30);
        assert!(plan.transformer.streams() && !plan.text_encoder.streams(), "{plan:?}");
        assert_eq!(plan.peak, 6 << 30, "what fits is kept");
        let plan = on_processor(5 << 30);
        assert!(plan.transformer.streams() && plan.text_encoder.streams(), "{plan:?}");
        assert!(plan.fits());
    }

    #[test]
    fn what_cannot_fit_says_the_least_that_it_would_take() {
        let plan = on_processor(1 << 30);
        assert!(!plan.fits());
        assert_eq!(plan.peak, 100_000_000 + 4 * 84_000_000 + 700_000_000);
    }

    #[test]
    fn a_card_drops_the_text_encoder_but_does_not_stream() {
        let ground = Ground { precision: Precision::Bf16, on_card: true, budget: 9 << 30, base: 0 };
        let plan = plan(&KLEIN_4B, WORK, &ground);
        assert_eq!(plan.measures(), [Measure::DropTextEncoder]);
        let ground = Ground { budget: 6 << 30, ..ground };
        assert!(!super::plan(&KLEIN_4B, WORK, &ground).fits());
    }

    #[test]
    fn more_memory_never_makes_a_plan_worse() {
        let mut last = on_processor(0);
        for budget in (0..24).map(|step| step << 30) {
            let plan = on_processor(budget);
            assert!(plan.transformer.kept >= last.transformer.kept, "{budget}");
            assert!(plan.keeps_text_encoder >= last.keeps_text_encoder, "{budget}");
            assert!(plan.fits() >= last.fits(), "{budget}");
            last = plan;
        }
    }
}

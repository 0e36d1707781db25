//! What is said of a file that was not opened as it was.

/// What is counted by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    SmartObject,
    Adjustment,
    Fill,
    HiddenFill,
    Effects,
    Artboard,
    HiddenVectorMask,
    FlatVectorMask,
    SoftMask,
    BlendRanges,
    UnknownBlend,
    DamagedPixels,
    DamagedMask,
    OpenGroup,
    DeepGroup,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::DamagedPixels,
        Self::DamagedMask,
        Self::OpenGroup,
        Self::DeepGroup,
        Self::Text,
        Self::SmartObject,
        Self::Fill,
        Self::HiddenFill,
        Self::Adjustment,
        Self::Effects,
        Self::Artboard,
        Self::HiddenVectorMask,
        Self::FlatVectorMask,
        Self::SoftMask,
        Self::BlendRanges,
        Self::UnknownBlend,
    ];

    /// For one and for many, without the number.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Text => ["text layer was opened as pixels", "text layers were opened as pixels"],
            Self::SmartObject => {
                ["smart object was opened as pixels", "smart objects were opened as pixels"]
            }
            Self::Adjustment => {
                ["adjustment layer has no effect here", "adjustment layers have no effect here"]
            }
            Self::Fill => {
                ["fill or shape was opened as pixels", "fills or shapes were opened as pixels"]
            }
            Self::HiddenFill => {
                ["fill layer is kept but not shown here", "fill layers are kept but not shown here"]
            }
            Self::Effects => [
                "layer has effects that are kept but not shown here",
                "layers have effects that are kept but not shown here",
            ],
            Self::Artboard => ["artboard was opened as a group", "artboards were opened as groups"],
            Self::HiddenVectorMask => [
                "vector mask is kept but not shown here",
                "vector masks are kept but not shown here",
            ],
            Self::FlatVectorMask => {
                ["vector mask was opened as pixels", "vector masks were opened as pixels"]
            }
            Self::SoftMask => [
                "mask is shown without its density and feather",
                "masks are shown without their density and feather",
            ],
            Self::BlendRanges => [
                "layer blends by brightness, which is kept but not shown here",
                "layers blend by brightness, which is kept but not shown here",
            ],
            Self::UnknownBlend => [
                "layer has an unknown blend mode and is shown as normal",
                "layers have an unknown blend mode and are shown as normal",
            ],
            Self::DamagedPixels => [
                "layer is damaged and was opened empty",
                "layers are damaged and were opened empty",
            ],
            Self::DamagedMask => {
                ["mask is damaged and was left out", "masks are damaged and were left out"]
            }
            Self::OpenGroup => [
                "group has no end and was left out; its layers are kept",
                "groups have no end and were left out; their layers are kept",
            ],
            Self::DeepGroup => [
                "group lies too deep and was left out; its layers are kept",
                "groups lie too deep and were left out; their layers are kept",
            ],
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    sentences: Vec<String>,
    kinds: Vec<Kind>,
}

impl Notes {
    pub(super) fn say(&mut self, sentence: &str) {
        self.sentences.push(sentence.to_owned());
    }

    pub(super) fn count(&mut self, kind: Kind) {
        self.kinds.push(kind);
    }

    pub(super) fn sentences(self) -> Vec<String> {
        let mut sentences = self.sentences;
        for kind in Kind::ALL {
            match self.kinds.iter().filter(|counted| **counted == kind).count() {
                0 => {}
                1 => sentences.push(format!("1 {}.", kind.words()[0])),
                many => sentences.push(format!("{many} {}.", kind.words()[1])),
            }
        }
        sentences
    }
}

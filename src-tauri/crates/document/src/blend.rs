//! The blend modes of an RGB document.

/// How a layer meets what lies below it: all modes that Photoshop knows for RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Blend {
    /// Only for groups: the children meet the backdrop directly.
    PassThrough,
    /// Covers.
    #[default]
    Normal,
    /// Covers whole pixels at random, as many as the alpha says.
    Dissolve,
    /// The smaller of both, per channel.
    Darken,
    /// The product.
    Multiply,
    /// Darkens by raising contrast.
    ColorBurn,
    /// The sum less one.
    LinearBurn,
    /// The pixel with the smaller luminosity.
    DarkerColor,
    /// The larger of both, per channel.
    Lighten,
    /// The inverted product of the inverted.
    Screen,
    /// Brightens by lowering contrast.
    ColorDodge,
    /// The sum.
    LinearDodge,
    /// The pixel with the larger luminosity.
    LighterColor,
    /// Multiply or screen, by the backdrop.
    Overlay,
    /// A gentle overlay, by the layer.
    SoftLight,
    /// Multiply or screen, by the layer.
    HardLight,
    /// Burn or dodge, by the layer.
    VividLight,
    /// Linear burn or dodge, by the layer.
    LinearLight,
    /// Darken or lighten, by the layer.
    PinLight,
    /// Each channel all or nothing.
    HardMix,
    /// The distance.
    Difference,
    /// A softer distance.
    Exclusion,
    /// The backdrop less the layer.
    Subtract,
    /// The backdrop over the layer.
    Divide,
    /// The layer's hue.
    Hue,
    /// The layer's saturation.
    Saturation,
    /// The layer's hue and saturation.
    Color,
    /// The layer's luminosity.
    Luminosity,
}

impl Blend {
    /// Every mode, in the order of Photoshop's menu.
    pub const ALL: [Self; 28] = [
        Self::PassThrough,
        Self::Normal,
        Self::Dissolve,
        Self::Darken,
        Self::Multiply,
        Self::ColorBurn,
        Self::LinearBurn,
        Self::DarkerColor,
        Self::Lighten,
        Self::Screen,
        Self::ColorDodge,
        Self::LinearDodge,
        Self::LighterColor,
        Self::Overlay,
        Self::SoftLight,
        Self::HardLight,
        Self::VividLight,
        Self::LinearLight,
        Self::PinLight,
        Self::HardMix,
        Self::Difference,
        Self::Exclusion,
        Self::Subtract,
        Self::Divide,
        Self::Hue,
        Self::Saturation,
        Self::Color,
        Self::Luminosity,
    ];

    /// Its name in JSON and on the command line: lower case with dashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PassThrough => "pass-through",
            Self::Normal => "normal",
            Self::Dissolve => "dissolve",
            Self::Darken => "darken",
            Self::Multiply => "multiply",
            Self::ColorBurn => "color-burn",
            Self::LinearBurn => "linear-burn",
            Self::DarkerColor => "darker-color",
            Self::Lighten => "lighten",
            Self::Screen => "screen",
            Self::ColorDodge => "color-dodge",
            Self::LinearDodge => "linear-dodge",
            Self::LighterColor => "lighter-color",
            Self::Overlay => "overlay",
            Self::SoftLight => "soft-light",
            Self::HardLight => "hard-light",
            Self::VividLight => "vivid-light",
            Self::LinearLight => "linear-light",
            Self::PinLight => "pin-light",
            Self::HardMix => "hard-mix",
            Self::Difference => "difference",
            Self::Exclusion => "exclusion",
            Self::Subtract => "subtract",
            Self::Divide => "divide",
            Self::Hue => "hue",
            Self::Saturation => "saturation",
            Self::Color => "color",
            Self::Luminosity => "luminosity",
        }
    }

    /// The mode of a [`Blend::name`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

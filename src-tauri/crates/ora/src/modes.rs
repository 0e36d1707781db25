//! Blend modes as OpenRaster and Krita call them.

use document::Blend;

/// Our mode and the name that is written for it. GIMP and MyPaint know those that begin with `svg:`.
/// <https://invent.kde.org/graphics/krita/-/blob/v5.2.6/libs/pigment/KoCompositeOpRegistry.h>
const NAMES: &[(Blend, &str)] = &[
    (Blend::Normal, "svg:src-over"),
    (Blend::Multiply, "svg:multiply"),
    (Blend::Screen, "svg:screen"),
    (Blend::Overlay, "svg:overlay"),
    (Blend::Darken, "svg:darken"),
    (Blend::Lighten, "svg:lighten"),
    (Blend::ColorDodge, "svg:color-dodge"),
    (Blend::ColorBurn, "svg:color-burn"),
    (Blend::HardLight, "svg:hard-light"),
    (Blend::SoftLight, "svg:soft-light"),
    (Blend::Difference, "svg:difference"),
    (Blend::Color, "svg:color"),
    (Blend::Luminosity, "svg:luminosity"),
    (Blend::Hue, "svg:hue"),
    (Blend::Saturation, "svg:saturation"),
    (Blend::LinearDodge, "svg:plus"),
    (Blend::Dissolve, "krita:dissolve"),
    (Blend::LinearBurn, "krita:linear_burn"),
    (Blend::DarkerColor, "krita:darker color"),
    (Blend::LighterColor, "krita:lighter color"),
    (Blend::VividLight, "krita:vivid_light"),
    (Blend::LinearLight, "krita:linear light"),
    (Blend::PinLight, "krita:pin_light"),
    (Blend::HardMix, "krita:hard_mix_photoshop"),
    // Krita reads `svg:exclusion` as normal.
    (Blend::Exclusion, "krita:exclusion"),
    (Blend::Subtract, "krita:subtract"),
    (Blend::Divide, "krita:divide"),
];

/// Other names that are read.
const ALIASES: &[(Blend, &str)] = &[
    (Blend::Normal, "krita:normal"),
    (Blend::Exclusion, "svg:exclusion"),
    (Blend::LinearDodge, "svg:add"),
    (Blend::LinearDodge, "krita:add"),
    (Blend::LinearDodge, "krita:linear_dodge"),
    (Blend::ColorDodge, "color-dodge"),
    (Blend::Difference, "difference"),
    (Blend::SoftLight, "krita:soft_light"),
    (Blend::HardMix, "krita:hard mix"),
    (Blend::HardMix, "krita:hard_mix_softer_photoshop"),
    (Blend::PassThrough, "krita:pass through"),
];

/// Normal, but only where there is something below.
const CLIPPED: &str = "svg:src-atop";

/// What a `composite-op` and an `isolation` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) blend: Blend,
    pub(crate) clipping: bool,
}

/// The name to write. `svg:src-atop` comes nearest to clipping in other programs.
pub(crate) fn name(blend: Blend, clipping: bool) -> &'static str {
    match NAMES.iter().find(|(mode, _)| *mode == blend) {
        Some((Blend::Normal, _)) if clipping => CLIPPED,
        Some((_, name)) => name,
        None => "svg:src-over",
    }
}

/// What a name says; `None` if no program that we know writes it.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    if name == CLIPPED {
        return Some(Meaning { blend: Blend::Normal, clipping: true });
    }
    let (blend, _) = NAMES.iter().chain(ALIASES).find(|(_, known)| *known == name)?;
    Some(Meaning { blend: *blend, clipping: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_has_a_name_of_its_own_that_is_read_back() {
        for blend in Blend::ALL.into_iter().filter(|blend| *blend != Blend::PassThrough) {
            assert_eq!(
                meaning(name(blend, false)),
                Some(Meaning { blend, clipping: false }),
                "{blend:?}"
            );
        }
        assert_eq!(meaning("svg:invented"), None);
    }
}

//! The four letters of a blend mode.

use document::Blend;

const KEYS: [(Blend, &[u8; 4]); 28] = [
    (Blend::PassThrough, b"pass"),
    (Blend::Normal, b"norm"),
    (Blend::Dissolve, b"diss"),
    (Blend::Darken, b"dark"),
    (Blend::Multiply, b"mul "),
    (Blend::ColorBurn, b"idiv"),
    (Blend::LinearBurn, b"lbrn"),
    (Blend::DarkerColor, b"dkCl"),
    (Blend::Lighten, b"lite"),
    (Blend::Screen, b"scrn"),
    (Blend::ColorDodge, b"div "),
    (Blend::LinearDodge, b"lddg"),
    (Blend::LighterColor, b"lgCl"),
    (Blend::Overlay, b"over"),
    (Blend::SoftLight, b"sLit"),
    (Blend::HardLight, b"hLit"),
    (Blend::VividLight, b"vLit"),
    (Blend::LinearLight, b"lLit"),
    (Blend::PinLight, b"pLit"),
    (Blend::HardMix, b"hMix"),
    (Blend::Difference, b"diff"),
    (Blend::Exclusion, b"smud"),
    (Blend::Subtract, b"fsub"),
    (Blend::Divide, b"fdiv"),
    (Blend::Hue, b"hue "),
    (Blend::Saturation, b"sat "),
    (Blend::Color, b"colr"),
    (Blend::Luminosity, b"lum "),
];

pub(crate) fn key(mode: Blend) -> &'static [u8; 4] {
    KEYS.iter().find(|(known, _)| *known == mode).map_or(b"norm", |(_, key)| key)
}

pub(crate) fn of_key(key: [u8; 4]) -> Option<Blend> {
    KEYS.iter().find(|(_, known)| **known == key).map(|(mode, _)| *mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_has_a_key_of_its_own() {
        for mode in Blend::ALL {
            assert_eq!(of_key(*key(mode)), Some(mode));
        }
    }
}

//! Names: UTF-16 in the block `luni`, and a Pascal string for programs from before it.

/// Photoshop refuses files with longer names.
const MAX_UNITS: usize = 255;

/// The upper half of Mac Roman, in which Photoshop writes Pascal names.
const MAC_ROMAN: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// As many whole characters of a name as a file may hold.
pub(crate) fn cut(name: &str) -> &str {
    let mut units = 0;
    for (at, character) in name.char_indices() {
        units += character.len_utf16();
        if units > MAX_UNITS {
            return &name[..at];
        }
    }
    name
}

/// A number of UTF-16 units and the units, padded to 4 bytes.
pub(crate) fn unicode(name: &str) -> Vec<u8> {
    let units: Vec<u16> = cut(name).encode_utf16().collect();
    let mut bytes = Vec::with_capacity(4 + 2 * units.len());
    bytes.extend((units.len() as u32).to_be_bytes());
    bytes.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A length byte and ASCII, padded to 4 bytes.
pub(crate) fn pascal(name: &str) -> Vec<u8> {
    let ascii = |character: char| if character.is_ascii() { character as u8 } else { b'?' };
    let letters: Vec<u8> = cut(name).chars().map(ascii).collect();
    let mut bytes = Vec::with_capacity(letters.len() + 4);
    bytes.push(letters.len() as u8);
    bytes.extend(letters);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The text of [`unicode`]; broken surrogates become U+FFFD.
pub(crate) fn from_unicode(bytes: &[u8]) -> Option<String> {
    let (count, units) = bytes.split_first_chunk::<4>()?;
    let count = u32::from_be_bytes(*count) as usize;
    let units = units.as_chunks::<2>().0;
    let units: Vec<u16> = units.iter().take(count).map(|unit| u16::from_be_bytes(*unit)).collect();
    let text = String::from_utf16_lossy(&units);
    Some(text.trim_end_matches('\0').to_owned())
}

/// The text of a Pascal string without its length byte.
pub(crate) fn from_pascal(bytes: &[u8]) -> String {
    let upper: Vec<char> = MAC_ROMAN.chars().collect();
    let letter = |&byte: &u8| match byte.checked_sub(128) {
        None => char::from(byte),
        Some(place) => upper.get(usize::from(place)).copied().unwrap_or('\u{fffd}'),
    };
    bytes.iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_roman_is_complete() {
        assert_eq!(MAC_ROMAN.chars().count(), 128);
        assert_eq!(from_pascal(&[0x80, 0xca, 0xf0, 0xff]), "Ä\u{a0}\u{f8ff}ˇ");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = "x".repeat(254) + "🦊";
        assert_eq!(cut(&name), "x".repeat(254));
        assert_eq!(cut(&"図".repeat(256)), "図".repeat(255));
    }

    #[test]
    fn names_survive() {
        for name in ["", "a", "図層 🦊", "Ebene"] {
            assert_eq!(from_unicode(&unicode(name)).as_deref(), Some(name));
            assert_eq!(pascal(name).len() % 4, 0);
        }
    }
}

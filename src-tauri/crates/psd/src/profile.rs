//! The profile that a document without one gets: sRGB, as an ICC profile of version 2.

/// Steps of the tone curve's table.
const CURVE_STEPS: u16 = 1024;

/// The profile's bytes, the same at every call.
pub(crate) fn srgb() -> Vec<u8> {
    // Red, green and blue of IEC 61966-2-1, adapted to D50 after Bradford.
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", description("sRGB")),
        (b"cprt", text("No copyright, use freely")),
        (b"wtpt", xyz([0.964_2, 1.0, 0.824_9])),
        (b"rXYZ", xyz([0.436_07, 0.222_49, 0.013_92])),
        (b"gXYZ", xyz([0.385_15, 0.716_87, 0.097_08])),
        (b"bXYZ", xyz([0.143_07, 0.060_61, 0.714_1])),
        (b"rTRC", curve()),
        (b"gTRC", Vec::new()),
        (b"bTRC", Vec::new()),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = HEADER + 4 + 12 * tags.len();
    let mut place = (0, 0);
    for (name, bytes) in &tags {
        // An empty tag is the one before it once more.
        if !bytes.is_empty() {
            place = (start + data.len(), bytes.len());
            data.extend(bytes);
            data.resize(data.len().next_multiple_of(4), 0);
        }
        table.extend(*name);
        table.extend((place.0 as u32).to_be_bytes());
        table.extend((place.1 as u32).to_be_bytes());
    }
    let mut profile = header(start + data.len());
    profile.extend(table);
    profile.extend(data);
    profile
}

const HEADER: usize = 128;

fn header(length: usize) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(length as u32).to_be_bytes());
    put(8, &[2, 0x40, 0, 0]);
    put(12, b"mntrRGB XYZ ");
    // A date must stand here; this is the one of the standard.
    for (index, part) in [1999_u16, 10, 18, 0, 0, 0].into_iter().enumerate() {
        put(24 + 2 * index, &part.to_be_bytes());
    }
    put(36, b"acsp");
    // The connection space's white, D50.
    put(68, &xyz([0.964_2, 1.0, 0.824_9])[8..]);
    header
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    let mut bytes = b"XYZ \0\0\0\0".to_vec();
    for value in values {
        bytes.extend(((value * 65_536.0).round() as i32).to_be_bytes());
    }
    bytes
}

fn text(words: &str) -> Vec<u8> {
    let mut bytes = b"text\0\0\0\0".to_vec();
    bytes.extend(words.as_bytes());
    bytes.push(0);
    bytes
}

fn description(words: &str) -> Vec<u8> {
    let mut bytes = b"desc\0\0\0\0".to_vec();
    bytes.extend((words.len() as u32 + 1).to_be_bytes());
    bytes.extend(words.as_bytes());
    // The end of the text, no Unicode text, and no Macintosh text of 67 bytes.
    bytes.resize(bytes.len() + 1 + 8 + 3 + 67, 0);
    bytes
}

fn curve() -> Vec<u8> {
    let mut bytes = b"curv\0\0\0\0".to_vec();
    bytes.extend(u32::from(CURVE_STEPS).to_be_bytes());
    for step in 0..CURVE_STEPS {
        let encoded = f64::from(step) / f64::from(CURVE_STEPS - 1);
        let linear = if encoded <= 0.040_45 {
            encoded / 12.92
        } else {
            ((encoded + 0.055) / 1.055).powf(2.4)
        };
        bytes.extend(((linear * 65_535.0).round() as u16).to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_says_its_own_length_and_every_tag_lies_inside() {
        let profile = srgb();
        let number = |at: usize| u32::from_be_bytes(*profile[at..].first_chunk().unwrap()) as usize;
        assert_eq!(number(0), profile.len());
        for tag in 0..number(128) {
            let at = 132 + 12 * tag;
            assert!(number(at + 4) + number(at + 8) <= profile.len());
            assert_eq!(number(at + 4) % 4, 0);
        }
    }
}

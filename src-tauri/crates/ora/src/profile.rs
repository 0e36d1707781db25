//! sRGB as an ICC profile of version 4.
//!
//! Krita takes a PNG of 16 bits without a profile for a linear one, and asks about every layer.

/// The profile's bytes, the same at every call.
pub(crate) fn srgb() -> Vec<u8> {
    let curve = curve();
    // Red, green and blue of IEC 61966-2-1, adapted to D50 after Bradford.
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", text("sRGB")),
        (b"cprt", text("No copyright, use freely")),
        (b"wtpt", xyz([0.964_2, 1.0, 0.824_9])),
        (b"rXYZ", xyz([0.436_07, 0.222_49, 0.013_92])),
        (b"gXYZ", xyz([0.385_15, 0.716_87, 0.097_08])),
        (b"bXYZ", xyz([0.143_07, 0.060_61, 0.714_1])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = HEADER + 4 + 12 * tags.len();
    for (name, bytes) in &tags {
        table.extend(*name);
        table.extend(((start + data.len()) as u32).to_be_bytes());
        table.extend((bytes.len() as u32).to_be_bytes());
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    [header(start + data.len()), table, data].concat()
}

const HEADER: usize = 128;

fn header(length: usize) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(length as u32).to_be_bytes());
    put(8, &[4, 0x20, 0, 0]);
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

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    let mut bytes = b"XYZ \0\0\0\0".to_vec();
    bytes.extend(values.into_iter().flat_map(fixed));
    bytes
}

fn text(words: &str) -> Vec<u8> {
    let mut bytes = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    bytes.extend((2 * words.len() as u32).to_be_bytes());
    bytes.extend(28_u32.to_be_bytes());
    bytes.extend(words.encode_utf16().flat_map(u16::to_be_bytes));
    bytes
}

/// A power with a straight beginning.
fn curve() -> Vec<u8> {
    let mut bytes = b"para\0\0\0\0\0\x03\0\0".to_vec();
    let values = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45];
    bytes.extend(values.into_iter().flat_map(fixed));
    bytes
}

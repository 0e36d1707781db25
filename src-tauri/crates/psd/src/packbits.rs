//! PackBits: a byte n below 128 is followed by n + 1 bytes as they are, above 128 by one byte that occurs 257 - n
//! times.

/// The longest stretch of one kind.
const MAX_STRETCH: usize = 128;
/// Shorter runs cost more as runs.
const MIN_RUN: usize = 3;

/// The most that [`encode`] makes of a row.
pub(crate) fn bound(bytes: usize) -> usize {
    bytes + bytes.div_ceil(MAX_STRETCH)
}

/// The fewest bytes that a row takes.
pub(crate) fn least(bytes: usize) -> usize {
    2 * bytes.div_ceil(MAX_STRETCH)
}

/// Packs a row.
pub(crate) fn encode(row: &[u8], packed: &mut Vec<u8>) {
    packed.reserve(bound(row.len()));
    let mut rest = row;
    while !rest.is_empty() {
        let (plain, after) = rest.split_at(run_start(rest));
        for stretch in plain.chunks(MAX_STRETCH) {
            packed.push((stretch.len() - 1) as u8);
            packed.extend_from_slice(stretch);
        }
        let Some(&value) = after.first() else { return };
        let mut left = run_length(after, value);
        rest = &after[left..];
        while left > 1 {
            let stretch = left.min(MAX_STRETCH);
            packed.extend_from_slice(&[(257 - stretch) as u8, value]);
            left -= stretch;
        }
        if left == 1 {
            packed.extend_from_slice(&[0, value]);
        }
    }
}

/// Where the first run of at least [`MIN_RUN`] equal bytes starts, or the end.
fn run_start(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let mut at = 0;
    // Eight places at a time: a byte of `differs` is zero where a byte equals the two behind it, and the lowest
    // zero byte is found exactly.
    while let Some(window) = bytes.get(at..at + 8 + MIN_RUN - 1) {
        let (here, next, later) = (word(window), word(&window[1..]), word(&window[2..]));
        let differs = (here ^ next) | (next ^ later);
        let zeros = differs.wrapping_sub(ONES) & !differs & TOPS;
        if zeros != 0 {
            return at + zeros.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let tail = bytes.get(at..).unwrap_or_default();
    let found = tail.windows(MIN_RUN).position(|window| window.iter().all(|&b| b == window[0]));
    found.map_or(bytes.len(), |inside| at + inside)
}

/// How many bytes from the first on equal `value`.
fn run_length(bytes: &[u8], value: u8) -> usize {
    let same = u64::from_ne_bytes([value; 8]);
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + 8) {
        let differs = word(window) ^ same;
        if differs != 0 {
            return at + differs.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().take_while(|&&byte| byte == value).count()
}

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// Unpacks a row; false if the bytes end before it is full. What follows a full row is ignored.
pub(crate) fn decode(mut packed: &[u8], mut row: &mut [u8]) -> bool {
    while !row.is_empty() {
        let Some((&head, after)) = packed.split_first() else { return false };
        let count = usize::from(head);
        if head < 128 {
            let count = (count + 1).min(row.len());
            let Some((plain, after)) = after.split_at_checked(count) else { return false };
            let (filled, rest) = row.split_at_mut(count);
            filled.copy_from_slice(plain);
            (row, packed) = (rest, after);
        } else if head > 128 {
            let count = (257 - count).min(row.len());
            let Some((&value, after)) = after.split_first() else { return false };
            let (filled, rest) = row.split_at_mut(count);
            filled.fill(value);
            (row, packed) = (rest, after);
        } else {
            packed = after;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_and_stay_below_the_bound() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for length in (0..40).chain([127, 128, 129, 130, 255, 256, 257, 1000, 4099]) {
            for spread in [1, 2, 3, 40, 256] {
                let mut row: Vec<u8> = (0..length).map(|_| (random() % spread) as u8).collect();
                if let Some(end) = row.len().checked_sub(length / 3) {
                    row[..end].fill(7);
                }
                let mut packed = Vec::new();
                encode(&row, &mut packed);
                assert!(packed.len() <= bound(row.len()), "{length} bytes became {}", packed.len());
                assert!(packed.len() >= least(row.len()) || row.len() % MAX_STRETCH == 1);
                let mut back = vec![0; row.len()];
                assert!(decode(&packed, &mut back), "a row of {length} is cut off");
                assert_eq!(back, row);
            }
        }
    }

    #[test]
    fn runs_and_plain_stretches_are_what_the_specification_says() {
        let mut packed = Vec::new();
        encode(b"abcccccd", &mut packed);
        assert_eq!(packed, [1, b'a', b'b', 252, b'c', 0, b'd']);
    }

    #[test]
    fn a_row_that_ends_early_is_noticed() {
        assert!(!decode(&[5, 1, 2], &mut [0; 6]));
        assert!(!decode(&[255], &mut [0; 2]));
        assert!(!decode(&[128, 128], &mut [0; 1]));
    }
}

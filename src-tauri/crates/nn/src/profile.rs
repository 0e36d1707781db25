//! What operations cost: counted where they are computed, while somebody watches.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rayon::prelude::*;

use crate::tiles::{self, Rounding};

/// What all operations of one kind and shape took together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// How often.
    pub count: usize,
    /// How long.
    pub seconds: f64,
    /// Multiplications and additions, those that matter.
    pub flop: f64,
    /// Bytes that must be read or written at least once.
    pub bytes: f64,
}

/// What this processor does at most, all threads together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceilings {
    /// Of products in bf16, a second, where there are units for them.
    pub bf16_flops: Option<f64>,
    /// Of products of bytes, as above.
    pub int8_flops: Option<f64>,
    /// Bytes that memory gives or takes in a second: a copy of a block moves twice its size.
    pub bytes: f64,
}

static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static COSTS: Mutex<BTreeMap<String, Cost>> = Mutex::new(BTreeMap::new());

/// Whether somebody watches.
#[cfg(feature = "cuda")]
pub(crate) fn is_watched() -> bool {
    IS_WATCHED.load(Ordering::Relaxed)
}

/// Runs `work` and gives what its operations cost, by name. One at a time: operations of all threads are
/// counted together.
pub fn watch<T>(work: impl FnOnce() -> T) -> (T, BTreeMap<String, Cost>) {
    /// Ends it, also when `work` panics.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            IS_WATCHED.store(false, Ordering::Relaxed);
        }
    }
    let costs = || COSTS.lock().unwrap_or_else(PoisonError::into_inner);
    costs().clear();
    let result = {
        let _end = End;
        IS_WATCHED.store(true, Ordering::Relaxed);
        work()
    };
    let found = std::mem::take(&mut *costs());
    (result, found)
}

/// Counts `work`, an operation that contains no other, with its `(flop, bytes)`.
pub(crate) fn count<T>(
    name: impl FnOnce() -> String,
    (flop, bytes): (f64, f64),
    work: impl FnOnce() -> T,
) -> T {
    if !IS_WATCHED.load(Ordering::Relaxed) {
        return work();
    }
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let mut costs = COSTS.lock().unwrap_or_else(PoisonError::into_inner);
    let cost = costs.entry(name()).or_default();
    cost.count += 1;
    cost.seconds += seconds;
    cost.flop += flop;
    cost.bytes += bytes;
    result
}

/// Measures what is possible here; takes about a second.
#[must_use]
pub fn ceilings() -> Ceilings {
    Ceilings {
        bf16_flops: tiles::ceiling(Rounding::Bf16),
        int8_flops: tiles::ceiling(Rounding::Int8),
        bytes: memory(),
    }
}

fn memory() -> f64 {
    const BYTES: usize = 256 << 20;
    const PIECE: usize = 1 << 20;
    let from = vec![1u8; BYTES];
    let mut to = vec![2u8; BYTES];
    let mut best = Duration::MAX;
    for _ in 0..4 {
        let start = Instant::now();
        to.par_chunks_mut(PIECE)
            .zip(from.par_chunks(PIECE))
            .for_each(|(to, from)| to.copy_from_slice(from));
        best = best.min(start.elapsed());
        std::hint::black_box(&to);
    }
    2.0 * BYTES as f64 / best.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_while_somebody_watches() {
        let work = || count(|| "a test's own".into(), (3.0, 2.0), || 5);
        assert_eq!(work(), 5);
        let (result, costs) = watch(|| work() + work());
        assert_eq!(result, 10);
        let cost = costs["a test's own"];
        assert_eq!((cost.count, cost.flop, cost.bytes), (2, 6.0, 4.0));
        assert_eq!(watch(|| ()).1.get("a test's own"), None);
    }

    #[test]
    fn ceilings_are_there_where_units_are() {
        let found = ceilings();
        assert_eq!(found.bf16_flops.or(found.int8_flops).is_some(), tiles::is_available());
        assert!(found.bytes > 0.0 && found.bf16_flops.is_none_or(|flops| flops > 0.0));
    }
}

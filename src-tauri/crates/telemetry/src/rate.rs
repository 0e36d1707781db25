//! How fast a count rises, over the last half second: the kernel counts processor time in
//! hundredths, so a tenth of a second alone would show little but steps.

use std::{collections::VecDeque, time::Duration};

const WINDOW: Duration = Duration::from_millis(500);

/// A count at several moments.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    counts: VecDeque<(Duration, f64)>,
}

impl Rate {
    /// Notes a count and gives its rise a second; `None` until there are two of them.
    pub(crate) fn note(&mut self, now: Duration, count: f64) -> Option<f64> {
        self.counts.push_back((now, count));
        // One that is as old as the window stays, so that the window is always full.
        while self.counts.get(1).is_some_and(|&(then, _)| then + WINDOW <= now) {
            self.counts.pop_front();
        }
        let (then, before) = *self.counts.front()?;
        let seconds = now.checked_sub(then)?.as_secs_f64();
        (seconds > 0.0).then(|| ((count - before) / seconds).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_rise_over_half_a_second() {
        let mut rate = Rate::default();
        let mut note = |tenths: u64, count| rate.note(Duration::from_millis(100 * tenths), count);
        assert_eq!(note(0, 100.0), None);
        assert_eq!(note(1, 110.0), Some(100.0));
        assert_eq!(note(5, 150.0), Some(100.0));
        // From now on the first count is too old: 40 in 0.5 s.
        assert_eq!(note(6, 150.0), Some(80.0));
        assert_eq!(note(10, 150.0), Some(0.0));
    }

    #[test]
    fn a_count_that_falls_or_a_clock_that_stands_gives_no_nonsense() {
        let mut rate = Rate::default();
        rate.note(Duration::from_secs(1), 50.0);
        assert_eq!(rate.note(Duration::from_secs(1), 60.0), None);
        assert_eq!(rate.note(Duration::from_secs(2), 10.0), Some(0.0));
        assert_eq!(rate.note(Duration::from_secs(1), 10.0), None);
    }
}

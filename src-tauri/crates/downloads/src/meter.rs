//! How fast it goes, and how long it will take.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// No listener needs to hear more often.
const PERIOD: Duration = Duration::from_millis(100);
/// Speed is the mean over so long.
const WINDOW: Duration = Duration::from_secs(5);

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Bytes that are there.
    pub done: u64,
    /// Bytes of the whole, if that is known.
    pub total: Option<u64>,
    /// Bytes a second over the last seconds.
    pub bytes_per_second: f64,
    /// Until all is there, if that can be told.
    pub seconds_left: Option<f64>,
}

/// Measures what comes.
pub(crate) struct Meter {
    total: Option<u64>,
    /// When how much was there, oldest first.
    samples: VecDeque<(Instant, u64)>,
    told: Option<Instant>,
}

impl Meter {
    pub(crate) fn new(total: Option<u64>) -> Self {
        Self { total, samples: VecDeque::new(), told: None }
    }

    /// What to tell, if it is time to.
    pub(crate) fn tell(&mut self, now: Instant, done: u64) -> Option<Progress> {
        if self.told.is_some_and(|told| now.duration_since(told) < PERIOD) {
            return None;
        }
        self.told = Some(now);
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
        Some(self.progress(now, done))
    }

    fn progress(&self, now: Instant, done: u64) -> Progress {
        let (since, before) = self.samples.front().copied().unwrap_or((now, done));
        let seconds = now.duration_since(since).as_secs_f64();
        let bytes = done.saturating_sub(before) as f64;
        let bytes_per_second = if seconds > 0.0 { bytes / seconds } else { 0.0 };
        let seconds_left = self
            .total
            .filter(|_| bytes_per_second > 0.0)
            .map(|total| total.saturating_sub(done) as f64 / bytes_per_second);
        Progress { done, total: self.total, bytes_per_second, seconds_left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds_and_told_ten_times_a_second() {
        let start = Instant::now();
        let mut meter = Meter::new(Some(10_000));
        let mut told = Vec::new();
        for step in 0..1000u64 {
            let now = start + Duration::from_millis(10 * step);
            told.extend(meter.tell(now, 5 * step));
        }
        assert_eq!(told.len(), 100);
        let last = told.last().expect("it told something");
        assert!((last.bytes_per_second - 500.0).abs() < 1.0, "{last:?}");
        assert!((last.seconds_left.expect("a time") - 10.1).abs() < 0.1, "{last:?}");
        assert_eq!(told[0].seconds_left, None, "nothing is known yet");
    }
}

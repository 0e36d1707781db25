//! Brings the figures together, and lives with drivers that are not there or go away.

use std::{num::NonZero, path::Path, thread, time::Duration};

use crate::{Card, Sample, machine::Machine, nvidia, processes::Processes};

/// A driver that is not there is asked for again this rarely: loading its library is dear.
const RETRY: Duration = Duration::from_secs(60);

/// Who knows of graphics cards.
pub trait Driver: Send {
    /// The cards that answer, with what the processes `ours` have of their memory.
    ///
    /// # Errors
    /// [`Lost`] when the driver itself does not answer any more.
    fn cards(&mut self, ours: &[u32]) -> Result<Vec<Card>, Lost>;
}

/// A driver that does not answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

/// Opens a driver, where there is one.
type Open = Box<dyn FnMut() -> Option<Box<dyn Driver>> + Send>;

/// Looks at the machine; it keeps what rates are counted from.
pub struct Sampler {
    machine: Machine,
    processes: Processes,
    processors: usize,
    open: Open,
    driver: Option<Box<dyn Driver>>,
    next_try: Duration,
}

impl Sampler {
    /// Looks at this machine and this process.
    #[must_use]
    pub fn new() -> Self {
        Self::with_driver(nvidia::open)
    }

    /// The same with another driver, which is opened when it is needed first, and again some time
    /// after it was lost.
    #[must_use]
    pub fn with_driver(open: impl FnMut() -> Option<Box<dyn Driver>> + Send + 'static) -> Self {
        Self {
            machine: Machine::new(),
            processes: Processes::of(Path::new("/proc"), std::process::id()),
            processors: thread::available_parallelism().map_or(1, NonZero::get),
            open: Box::new(open),
            driver: None,
            next_try: Duration::ZERO,
        }
    }

    /// Looks once; `now` is the time since whenever, and only ever rises.
    pub fn sample(&mut self, now: Duration) -> Sample {
        let (cpu, memory) = self.machine.read();
        let ours = self.processes.read(now, self.processors);
        Sample { cpu, memory, ours, cards: self.cards(now) }
    }

    fn cards(&mut self, now: Duration) -> Vec<Card> {
        if self.driver.is_none() && now >= self.next_try {
            self.driver = (self.open)();
            self.next_try = now + RETRY;
        }
        let Some(driver) = &mut self.driver else { return Vec::new() };
        driver.cards(self.processes.ids()).unwrap_or_else(|Lost| {
            self.driver = None;
            self.next_try = now + RETRY;
            Vec::new()
        })
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// Two cards; the second is lost after two looks, the driver after four.
    struct Fake {
        looks: usize,
    }

    impl Driver for Fake {
        fn cards(&mut self, ours: &[u32]) -> Result<Vec<Card>, Lost> {
            assert_eq!(ours[0], std::process::id());
            self.looks += 1;
            let cards = match self.looks {
                0..=2 => 2,
                3..=4 => 1,
                _ => return Err(Lost),
            };
            let card = |index| Card { name: format!("card {index}"), ..Card::default() };
            Ok((0..cards).map(card).collect())
        }
    }

    fn names(sample: &Sample) -> Vec<&str> {
        sample.cards.iter().map(|card| card.name.as_str()).collect()
    }

    #[test]
    fn cards_and_drivers_that_are_lost_take_nothing_else_with_them() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let mut sampler = Sampler::with_driver(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Some(Box::new(Fake { looks: 0 }))
        });
        let mut look = |seconds| sampler.sample(Duration::from_secs(seconds));
        assert_eq!(names(&look(0)), ["card 0", "card 1"]);
        assert_eq!(names(&look(1)), ["card 0", "card 1"]);
        assert_eq!(names(&look(2)), ["card 0"]);
        assert_eq!(names(&look(3)), ["card 0"]);
        for seconds in [4, 5, 63] {
            let sample = look(seconds);
            assert_eq!(names(&sample), Vec::<&str>::new());
            assert!(sample.memory.is_some_and(|memory| memory.used <= memory.total));
        }
        assert_eq!(opened.load(Ordering::Relaxed), 1, "a lost driver is left alone for a while");
        assert_eq!(names(&look(64)), ["card 0", "card 1"]);
        assert_eq!(opened.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_driver_that_is_not_there_is_asked_for_rarely() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let mut sampler = Sampler::with_driver(move || {
            count.fetch_add(1, Ordering::Relaxed);
            None
        });
        for tenth in 0..1_300 {
            assert_eq!(sampler.sample(Duration::from_millis(100 * tenth)).cards, []);
        }
        assert_eq!(opened.load(Ordering::Relaxed), 3, "at 0, 60 and 120 seconds");
    }
}

//! What one look tells. What cannot be read here is `None`.

/// The machine at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// Share of all processors that work, from 0 to 1.
    pub cpu: Option<f64>,
    /// The machine's memory.
    pub memory: Option<Memory>,
    /// What is this program's share, its web view's processes included.
    pub ours: Option<Ours>,
    /// Graphics cards whose driver answers.
    pub cards: Vec<Card>,
}

/// Memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Taken by anybody; what the system gives back on demand does not count.
    pub used: u64,
    /// All there is.
    pub total: u64,
}

/// A program and the processes that it started.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ours {
    /// Share of all processors, from 0 to 1.
    pub cpu: Option<f64>,
    /// Bytes that no file holds.
    pub anonymous: u64,
    /// Bytes of files that are mapped and in memory; the system takes them back where it needs them.
    pub mapped: u64,
    /// Bytes a second that come from disks.
    pub disk_read: Option<f64>,
}

/// A graphics card.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Card {
    /// As its maker calls it.
    pub name: String,
    /// Share of the time in which it computes, from 0 to 1.
    pub load: Option<f64>,
    /// Its own memory.
    pub memory: Option<CardMemory>,
    /// In degrees Celsius.
    pub temperature: Option<u32>,
    /// What it draws.
    pub power: Option<Power>,
    /// Of its processors, in MHz.
    pub clock: Option<u32>,
    /// Of its memory, in MHz.
    pub memory_clock: Option<u32>,
}

/// Memory of a card, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardMemory {
    /// Taken by this program; `None` where the driver does not say by whom.
    pub ours: Option<u64>,
    /// Taken by anybody.
    pub used: u64,
    /// All there is.
    pub total: u64,
}

/// Electric power, in watts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// Drawn now.
    pub watts: f64,
    /// What the card may draw.
    pub limit: Option<f64>,
}

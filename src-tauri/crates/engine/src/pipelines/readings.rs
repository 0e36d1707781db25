//! Prompts that were read not long ago, so that a text encoder does not read them again.

/// Batches that are kept: 16 MB each for the largest model.
const MAX_READ: usize = 4;

/// What text encoders made of the last batches of prompts, the latest at the end.
pub(super) struct Readings<T>(Vec<Reading<T>>);

/// A batch of prompts with what came of it. Alone, a prompt may differ in the last bit.
struct Reading<T> {
    prompts: Vec<String>,
    length: usize,
    conditioning: T,
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Readings<T> {
    /// What was made of these prompts at this length.
    pub(super) fn recall(&self, prompts: &[&str], length: usize) -> Option<&T> {
        let read = self.0.iter().find(|read| read.length == length && read.prompts == prompts);
        read.map(|read| &read.conditioning)
    }

    /// Keeps what was made of prompts.
    pub(super) fn remember(&mut self, prompts: &[&str], length: usize, conditioning: T) {
        if self.recall(prompts, length).is_some() {
            return;
        }
        if self.0.len() == MAX_READ {
            self.0.remove(0);
        }
        let prompts = prompts.iter().copied().map(Into::into).collect();
        self.0.push(Reading { prompts, length, conditioning });
    }
}

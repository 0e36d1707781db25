//! Progress on stderr: one line that changes on a terminal, else a line a stage.

use std::io::{IsTerminal, Write};

use engine::{JobEvent, Stage};

/// Tells on stderr how far a run is.
pub(crate) struct Progress {
    is_terminal: bool,
    line_open: bool,
    steps: usize,
    last: String,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            line_open: false,
            steps: 0,
            last: String::new(),
        }
    }

    /// Shows an event, if it is one to show.
    pub(crate) fn show(&mut self, event: &JobEvent) {
        match event {
            JobEvent::Started { steps } => self.steps = *steps,
            JobEvent::Stage(Stage::Load) => self.stage("Loading the model"),
            JobEvent::Stage(Stage::Caption) => self.stage("Looking at the picture"),
            JobEvent::Stage(Stage::Rebuild) => self.stage("Rebuilding the layers at full size"),
            JobEvent::Stage(Stage::Encode) => self.stage("Reading the prompt"),
            JobEvent::Stage(Stage::Denoise) => {
                self.stage(&format!("Painting, {} steps", self.steps))
            }
            JobEvent::Stage(Stage::Decode) => self.stage("Finishing the picture"),
            JobEvent::Step { done, total, .. } if self.is_terminal => {
                self.stage(&format!("Painting, step {done} of {total}"));
            }
            JobEvent::Caption(text) => self.remark(&format!("Seen in the picture: {text}")),
            JobEvent::Retrying { reasons } => {
                self.remark(&format!("Trying once more: {}", reasons.join(" ")));
            }
            JobEvent::Step { .. }
            | JobEvent::Image { .. }
            | JobEvent::Layers(_)
            | JobEvent::Took(_) => {}
            JobEvent::Finished | JobEvent::Cancelled | JobEvent::Failed(_) => self.close(),
        }
    }

    /// A remark on a line of its own.
    pub(crate) fn remark(&mut self, text: &str) {
        self.close();
        write(&format!("{text}\n"));
    }

    /// Whether somebody watches the line change.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// The line that changes; one more line where nothing can change.
    pub(crate) fn stage(&mut self, text: &str) {
        // Several parts that load one after the other are one phase to whoever reads.
        if std::mem::replace(&mut self.last, text.to_owned()) == text {
            return;
        }
        if self.is_terminal {
            // Back to the first column, and what was there erased.
            write(&format!("\r\x1b[2K{text}"));
            self.line_open = true;
        } else {
            write(&format!("{text}\n"));
        }
    }

    /// Clears the changing line: what follows is the result or an error.
    pub(crate) fn close(&mut self) {
        if self.line_open {
            write("\r\x1b[2K");
            self.line_open = false;
        }
    }
}

fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // Progress that nobody can see is no reason to stop.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

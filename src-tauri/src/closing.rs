//! Closing the window: the page is asked first, since only it knows what is not saved.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::{shell::Shell, window};

/// A page that says nothing for this long will not save anything any more; the last copy is on the disk.
const SILENCE: Duration = Duration::from_secs(10);

/// How far closing has come.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    /// The page is there and can be asked.
    can_be_asked: AtomicBool,
    agreed: AtomicBool,
    asked: AtomicU64,
    heard: AtomicU64,
    /// The program is to end, not only its window to go.
    quitting: AtomicBool,
}

impl Closing {
    pub(crate) fn page_is_there(&self) {
        self.can_be_asked.store(true, Ordering::SeqCst);
    }

    /// The page has heard the question and asks the user now.
    pub(crate) fn hear(&self) {
        self.heard.store(self.asked.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Whether it was asked for the end since this was asked last.
    pub(crate) fn take_quitting(&self) -> bool {
        self.quitting.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn agree(&self) {
        self.agreed.store(true, Ordering::SeqCst);
    }

    /// Whether the page must be asked before the window may close.
    pub(crate) fn must_ask(&self) -> bool {
        self.can_be_asked.load(Ordering::SeqCst) && !self.agreed.load(Ordering::SeqCst)
    }
}

/// Asks the page; it calls `close_window` when nothing is lost by closing.
pub(crate) fn ask<R: Runtime>(app: &AppHandle<R>) {
    let question = app.state::<Shell>().closing.asked.fetch_add(1, Ordering::SeqCst) + 1;
    // Fails only when the window is gone.
    let _ = app.emit("close-requested", ());
    let app = app.clone();
    thread::spawn(move || {
        thread::sleep(SILENCE);
        if app.state::<Shell>().closing.heard.load(Ordering::SeqCst) < question {
            close(&app);
        }
    });
}

/// Ends the program as the window's own button does where nothing stays in the tray: nothing is lost.
pub(crate) fn quit<R: Runtime>(app: &AppHandle<R>) {
    app.state::<Shell>().closing.quitting.store(true, Ordering::SeqCst);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        let _ = window.close();
    }
}

/// Closes without asking.
pub(crate) fn close<R: Runtime>(app: &AppHandle<R>) {
    app.state::<Shell>().closing.agree();
    if let Some(window) = app.get_webview_window(window::MAIN) {
        let _ = window.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_there_or_has_agreed_is_not_asked() {
        let closing = Closing::default();
        assert!(!closing.must_ask());
        closing.page_is_there();
        assert!(closing.must_ask());
        closing.agree();
        assert!(!closing.must_ask());
    }
}

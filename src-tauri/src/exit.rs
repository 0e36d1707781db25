//! The end of the process.

use tauri::{AppHandle, Runtime};

/// Ends the process when everything of ours has ended.
///
/// On Linux without the exit handlers of libraries: tao's thread for X11 keys still runs and, when
/// a key is let go at that moment, uses what those handlers have just freed. Quitting by
/// Ctrl+Q then ended with a crash now and then.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library cannot leave out exit handlers")]
pub(crate) fn at_once<R: Runtime>(app: &AppHandle<R>) {
    app.cleanup_before_exit();
    // SAFETY: `_exit` has no preconditions; nothing of ours waits to be flushed or dropped.
    unsafe { libc::_exit(0) }
}

/// Ends as Tauri does.
#[cfg(not(target_os = "linux"))]
pub(crate) fn at_once<R: Runtime>(_app: &AppHandle<R>) {}

//! What only calls of the system itself can do; the one place of the window with `unsafe` code.

use tauri::{AppHandle, Runtime};

/// Ends the process when everything of ours has ended.
///
/// On Linux without the exit handlers of libraries: tao's thread for X11 keys still runs and, when
/// a key is let go at that moment, uses what those handlers have just freed. Quitting by
/// Ctrl+Q then ended with a crash now and then.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library cannot leave out exit handlers")]
pub(crate) fn exit_at_once<R: Runtime>(app: &AppHandle<R>) {
    app.cleanup_before_exit();
    // SAFETY: `_exit` has no preconditions; nothing of ours waits to be flushed or dropped.
    unsafe { libc::_exit(0) }
}

/// Ends as Tauri does.
#[cfg(not(target_os = "linux"))]
pub(crate) fn exit_at_once<R: Runtime>(_app: &AppHandle<R>) {}

/// Whether a tray icon can be made: without its library, Tauri would panic.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only the loader knows whether a library is there")]
pub(crate) fn has_tray_library() -> bool {
    // The same names in the same order as the tray looks for.
    let names = [c"libayatana-appindicator3.so.1", c"libappindicator3.so.1"];
    names.into_iter().any(|name| {
        // SAFETY: the name ends with a zero. What the library does when it is loaded, it would do
        // when the tray loads it; it is never closed again.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY) };
        !library.is_null()
    })
}

/// Elsewhere the system itself has a tray.
#[cfg(not(target_os = "linux"))]
pub(crate) fn has_tray_library() -> bool {
    true
}

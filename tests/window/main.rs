//! The app in a real window, on a display of its own.
//!
//! Needs Xvfb, dbus-daemon, WebKitWebDriver and xdotool, and the app built beside the tests:
//! `cargo build -p asset-editor-window`.

#![expect(
    clippy::print_stdout,
    reason = "figures are shown with `--nocapture`, and when a test fails"
)]

mod desk;
mod editing;
mod equality;
mod layers;
mod machine;
mod panel;
mod random_edits;
mod screenshots;
mod session;
mod shell;
mod story;
mod tray;

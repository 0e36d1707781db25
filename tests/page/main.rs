//! The page in headless Chromium, with the shell replaced by `mock.js`. Needs `chromium` and
//! `chromedriver` (Debian: `chromium-driver`).

#![expect(
    clippy::print_stdout,
    reason = "figures are shown with `--nocapture`, and when a test fails"
)]

mod access; // keyboard, names, contrast, themes, scaling
mod appearance; // every state: nothing overlaps, axe is content, screenshots
mod browser; // starts Chromium and steers the page
mod canvas; // pan, zoom and the pixels that are drawn
mod create; // modes, queue, variations, references, what is brought back
mod documents; // layers, files, clipboard, menu, undo
mod equality; // the compositor against Rust's
mod generate; // from the prompt to the picture
mod layers;
mod live; // the tree: groups, blending, locks, what Rust composites
mod machine; // gauges and their panel
mod models; // what is there, what can be got, terms, downloads, folders
mod palette; // every action by words, and the window's dialogs
mod panels; // several layers, drag, menu, masks, steps, tabs
mod server; // sends ui/ as the shell does
mod split; // from a picture to its layers
mod states; // every panel and state, and how to get there
mod tools; // every tool by pointers and keys
mod walk; // every action through the palette

//! The native menu. What is chosen goes to the page as a `menu` event.
//!
//! Copy, Paste, Undo, Redo, Delete and Rename have no native keys: GTK would take them from the prompt's text
//! field. The page listens for those keys itself and leaves text fields alone.

use tauri::{
    AppHandle, Emitter, Manager, Runtime,
    menu::{
        AboutMetadata, Menu, MenuBuilder, MenuEvent, MenuItem, PredefinedMenuItem, SubmenuBuilder,
    },
};

use crate::window;

/// Handled here; everything else is for the page.
const QUIT: &str = "file.quit";

pub(crate) fn build<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Menu<R>> {
    let item =
        |id: &str, text: &str, keys: Option<&str>| MenuItem::with_id(app, id, text, true, keys);
    let export = SubmenuBuilder::new(app, "&Export")
        .item(&item("file.export-psd", "&Photoshop (PSD)…", None)?)
        .item(&item("file.export-psb", "Large Photoshop &Document (PSB)…", None)?)
        .item(&item("file.export-ora", "&OpenRaster (ORA)…", None)?)
        .item(&item("file.export-png", "P&NG…", Some("CmdOrCtrl+Shift+E"))?)
        .item(&item("file.export-webp", "&WebP…", None)?)
        .item(&item("file.export-jpeg", "&JPEG…", None)?)
        .item(&item("file.export-zip", "Layers as &ZIP…", None)?)
        .build()?;
    let file = SubmenuBuilder::new(app, "&File")
        .item(&item("file.new", "&New", Some("CmdOrCtrl+N"))?)
        .item(&item("file.open", "&Open…", Some("CmdOrCtrl+O"))?)
        .separator()
        .item(&item("file.save", "&Save", Some("CmdOrCtrl+S"))?)
        .item(&item("file.save-as", "Save &As…", Some("CmdOrCtrl+Shift+S"))?)
        .separator()
        .item(&export)
        .separator()
        .item(&item(QUIT, "&Quit", Some("CmdOrCtrl+Q"))?)
        .build()?;
    let edit = SubmenuBuilder::new(app, "&Edit")
        .item(&item("edit.undo", "&Undo", None)?)
        .item(&item("edit.redo", "&Redo", None)?)
        .separator()
        .item(&item("edit.copy", "&Copy Picture", None)?)
        .item(&item("edit.paste", "&Paste Picture", None)?)
        .build()?;
    let layer = SubmenuBuilder::new(app, "&Layer")
        .item(&item("layer.split", "&Split Into Layers…", Some("CmdOrCtrl+Shift+L"))?)
        .separator()
        .item(&item("layer.visibility", "Show or &Hide", None)?)
        .item(&item("layer.rename", "&Rename…", None)?)
        .item(&item("layer.remove", "&Delete", None)?)
        .build()?;
    let view = SubmenuBuilder::new(app, "&View")
        .item(&item("view.zoom-in", "Zoom &In", Some("CmdOrCtrl+="))?)
        .item(&item("view.zoom-out", "Zoom &Out", Some("CmdOrCtrl+-"))?)
        .separator()
        .item(&item("view.fit", "&Fit in Window", Some("CmdOrCtrl+0"))?)
        .item(&item("view.actual-size", "&Actual Size", Some("CmdOrCtrl+1"))?)
        .build()?;
    let about = AboutMetadata {
        name: Some("Veetance Asset Editor".into()),
        version: Some(app.package_info().version.to_string()),
        comments: Some("Paints game art from a few words, on this computer.".into()),
        license: Some("Apache-2.0".into()),
        ..AboutMetadata::default()
    };
    let help = SubmenuBuilder::new(app, "&Help")
        .item(&item("help.shortcuts", "&Keyboard Shortcuts", Some("F1"))?)
        .separator()
        .item(&PredefinedMenuItem::about(app, Some("&About"), Some(about))?)
        .build()?;
    MenuBuilder::new(app).items(&[&file, &edit, &layer, &view, &help]).build()
}

pub(crate) fn chosen<R: Runtime>(app: &AppHandle<R>, event: &MenuEvent) {
    match event.id().as_ref() {
        QUIT => {
            if let Some(window) = app.get_webview_window(window::MAIN) {
                // Closes as the window's own button does, so a run ends cleanly.
                let _ = window.close();
            }
        }
        id => {
            // Fails only when the window is gone.
            let _ = app.emit("menu", id);
        }
    }
}

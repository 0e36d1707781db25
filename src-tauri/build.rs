//! Embeds the page and the permissions.

/// Every command that the page may be allowed to call; `capabilities/main.json` allows them.
const COMMANDS: &[&str] = &[
    "autosave",
    "cancel",
    "choose_language",
    "clear_recent",
    "close_heard",
    "close_window",
    "copy_image",
    "decompose",
    "engine_status",
    "export_document",
    "forget_recovered",
    "generate",
    "import_image",
    "list_models",
    "list_recent",
    "list_recovered",
    "load_image",
    "open_document_dialog",
    "open_document_path",
    "open_example",
    "open_image_dialog",
    "open_image_path",
    "open_recent",
    "open_recovered",
    "paste_image",
    "render_document",
    "retain_images",
    "save_document",
    "show_models_folder",
    "ui_ready",
];

fn main() {
    // Files that are added to the page would not be noticed otherwise.
    println!("cargo:rerun-if-changed=../ui");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}

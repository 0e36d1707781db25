//! Embeds the page and the permissions.

/// Every command that the page may be allowed to call; `capabilities/main.json` allows them.
const COMMANDS: &[&str] = &[
    "cancel",
    "copy_image",
    "engine_status",
    "export_dialog",
    "generate",
    "import_image",
    "list_models",
    "load_image",
    "open_image_dialog",
    "open_image_path",
    "paste_image",
    "retain_images",
    "save_png_dialog",
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

//! Embeds the page and the permissions.

/// Every command that the page may be allowed to call; `capabilities/main.json` allows them.
const COMMANDS: &[&str] = &[
    "apply_mask",
    "autosave",
    "cancel",
    "choose_language",
    "clear_recent",
    "clear_selected",
    "close_heard",
    "close_window",
    "copy_image",
    "copy_selected",
    "create_image",
    "decompose",
    "engine_status",
    "export_document",
    "fill_selected",
    "flatten_layers",
    "fit_image",
    "forget_recovered",
    "forecast",
    "forecast_layers",
    "generate",
    "grow_image",
    "hide_window",
    "import_image",
    "keep_picture",
    "list_models",
    "list_recent",
    "list_recovered",
    "load_image",
    "load_preferences",
    "load_tiles",
    "lock_pixels",
    "mask_of",
    "modify_selection",
    "load_kept",
    "open_document_dialog",
    "open_document_path",
    "open_example",
    "open_image_dialog",
    "open_image_path",
    "open_recent",
    "open_kept_picture",
    "open_recovered",
    "paste_image",
    "patch_image",
    "patch_mask",
    "render_document",
    "render_tiles",
    "retain_images",
    "sample_pixel",
    "save_document",
    "save_preferences",
    "select",
    "selection_outline",
    "show_models_folder",
    "show_window",
    "start_telemetry",
    "stop_telemetry",
    "transform_layer",
    "trim_image",
    "save_kept",
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

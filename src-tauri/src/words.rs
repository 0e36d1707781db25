//! What native dialogs say, in every language; the menu's words come from `menus.json`.

use files::Format;

use crate::language::Language;

/// One language's words.
pub(crate) struct Words {
    pub(crate) open: &'static str,
    pub(crate) save: &'static str,
    pub(crate) export: &'static str,
    /// What a document without a name is called.
    pub(crate) untitled: &'static str,
    pub(crate) folder_of_models: &'static str,
    pub(crate) pictures: &'static str,
    pub(crate) documents: &'static str,
    pub(crate) replace_title: &'static str,
    /// `#` is where the file's name goes.
    pub(crate) replace_question: &'static str,
    pub(crate) replace: &'static str,
    pub(crate) cancel: &'static str,
    /// `#` is where the file's name goes.
    pub(crate) missing: &'static str,
    pub(crate) tray: TrayWords,
    project: &'static str,
    large_photoshop: &'static str,
    layers_as_files: &'static str,
}

/// The menu of the icon in the panel.
pub(crate) struct TrayWords {
    pub(crate) starting: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) working: &'static str,
    /// `#1` is where names go, `#2` is where the gigabytes go.
    pub(crate) loaded: &'static str,
    /// Instead of names, where no whole model is loaded.
    pub(crate) parts: &'static str,
    pub(crate) decimal: &'static str,
    pub(crate) preload: &'static str,
    pub(crate) unload: &'static str,
    pub(crate) open: &'static str,
    pub(crate) quit: &'static str,
}

const ENGLISH: Words = Words {
    open: "Open",
    save: "Save",
    export: "Export",
    untitled: "Untitled",
    folder_of_models: "Add a Folder of Models",
    pictures: "Pictures (PNG, JPEG, WebP)",
    documents: "Pictures and layered documents",
    replace_title: "Replace File",
    replace_question: "“#” already exists. Replace it?",
    replace: "Replace",
    cancel: "Cancel",
    missing: "# (missing)",
    tray: TrayWords {
        starting: "Getting ready…",
        empty: "No model is loaded",
        loading: "Loading a model…",
        working: "Making a picture…",
        loaded: "Loaded: #1 · #2 GB",
        parts: "parts of models",
        decimal: ".",
        preload: "Preload",
        unload: "Unload",
        open: "Open Window",
        quit: "Quit",
    },
    project: "OpenRaster project (ORA)",
    large_photoshop: "Large Photoshop document (PSB)",
    layers_as_files: "Layers as PNG files (ZIP)",
};

const GERMAN: Words = Words {
    open: "Öffnen",
    save: "Speichern",
    export: "Exportieren",
    untitled: "Unbenannt",
    folder_of_models: "Ordner mit Modellen hinzufügen",
    pictures: "Bilder (PNG, JPEG, WebP)",
    documents: "Bilder und Dokumente mit Ebenen",
    replace_title: "Datei ersetzen",
    replace_question: "„#“ gibt es schon. Ersetzen?",
    replace: "Ersetzen",
    cancel: "Abbrechen",
    missing: "# (fehlt)",
    tray: TrayWords {
        starting: "Wird vorbereitet …",
        empty: "Kein Modell ist geladen",
        loading: "Ein Modell wird geladen …",
        working: "Ein Bild wird erzeugt …",
        loaded: "Geladen: #1 · #2 GB",
        parts: "Teile von Modellen",
        decimal: ",",
        preload: "Vorladen",
        unload: "Entladen",
        open: "Fenster öffnen",
        quit: "Beenden",
    },
    project: "OpenRaster-Projekt (ORA)",
    large_photoshop: "Großes Photoshop-Dokument (PSB)",
    layers_as_files: "Ebenen als PNG-Dateien (ZIP)",
};

/// The words of a language.
pub(crate) fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

impl Words {
    /// A format as people know it.
    pub(crate) fn format(&self, format: Format) -> &'static str {
        match format {
            Format::Ora => self.project,
            Format::Psd => "Photoshop (PSD)",
            Format::Psb => self.large_photoshop,
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::WebP => "WebP",
            Format::Zip => self.layers_as_files,
        }
    }
}

//! The native menu. What is chosen goes to the page as a `menu` event.
//!
//! Which items there are, their words and their keys is in `menus.json`, which
//! `tests/tools/menus/write.mjs` writes from the page's table of actions. Keys that belong to text
//! fields are not in it: GTK would take them from the prompt. The page listens for those itself.

use std::path::Path;

use serde::Deserialize;
use tauri::{
    AppHandle, Emitter, Manager, Runtime,
    menu::{Menu, MenuEvent, MenuItem, MenuItemKind, PredefinedMenuItem, Submenu},
};

use crate::{closing, language::Language, recent::Recent, shell::Shell, tray, words};

const MENUS: &str = include_str!("../menus.json");
/// Handled here; everything else is for the page.
const QUIT: &str = "file.quit";
/// The menu of recent files, and what the names of its items begin with.
const RECENT: &str = "recent";
const RECENT_FILE: &str = "recent:";
const CLEAR_RECENT: &str = "recent-clear";

#[derive(Debug, Deserialize)]
struct Menus {
    menus: Vec<Entry>,
    words: MenuWords,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MenuWords {
    clear_recent: Label,
    none: Label,
}

/// An item, a menu of items, or a line.
#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    label: Label,
    #[serde(default)]
    keys: Option<String>,
    #[serde(default)]
    items: Option<Vec<Self>>,
}

#[derive(Debug, Default, Deserialize)]
struct Label {
    en: String,
    de: String,
}

impl Label {
    fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::German => &self.de,
        }
    }
}

/// The menu in the language that was chosen.
pub(crate) fn build<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Menu<R>> {
    let language = app.state::<Shell>().language(app);
    let menus: Menus = serde_json::from_str(MENUS)?;
    let menu = Menu::new(app)?;
    for entry in &menus.menus {
        menu.append(&submenu(app, entry, language)?)?;
    }
    fill_recent(app, &menu, &menus.words)?;
    Ok(menu)
}

/// Makes the menu again: the language has changed.
pub(crate) fn rebuild<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    // Without a menu there is no display.
    if app.menu().is_some() {
        app.set_menu(build(app)?)?;
    }
    Ok(())
}

/// Lists the recent files anew.
pub(crate) fn show_recent<R: Runtime>(app: &AppHandle<R>) {
    let Some(menu) = app.menu() else { return };
    let shown = serde_json::from_str::<Menus>(MENUS)
        .map_err(tauri::Error::from)
        .and_then(|menus| fill_recent(app, &menu, &menus.words));
    // The list in the page is right in any case.
    drop(shown);
}

pub(crate) fn chosen<R: Runtime>(app: &AppHandle<R>, event: &MenuEvent) {
    match event.id().as_ref() {
        QUIT => closing::quit(app),
        CLEAR_RECENT => {
            let shell = app.state::<Shell>();
            // A list that cannot be written is offered again, which harms nobody.
            drop(Recent::of(&shell.data_folder(app)).clear());
            show_recent(app);
            let _ = app.emit("recent-changed", ());
        }
        id if tray::chosen(app, id) => {}
        id => {
            // Fails only when the window is gone.
            let _ = match id.strip_prefix(RECENT_FILE) {
                Some(path) => app.emit("open-recent", path),
                None => app.emit("menu", id),
            };
        }
    }
}

fn submenu<R: Runtime>(
    app: &AppHandle<R>,
    entry: &Entry,
    language: Language,
) -> tauri::Result<Submenu<R>> {
    let menu = Submenu::with_id(app, &entry.id, entry.label.of(language), true)?;
    for item in entry.items.iter().flatten() {
        if item.id == "-" {
            menu.append(&PredefinedMenuItem::separator(app)?)?;
        } else if item.items.is_some() {
            menu.append(&submenu(app, item, language)?)?;
        } else {
            let keys = item.keys.as_deref().map(accelerator);
            let label = item.label.of(language);
            menu.append(&MenuItem::with_id(app, &item.id, label, true, keys)?)?;
        }
    }
    Ok(menu)
}

fn fill_recent<R: Runtime>(
    app: &AppHandle<R>,
    menu: &Menu<R>,
    words: &MenuWords,
) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    let language = shell.language(app);
    let Some(recent) = find(menu.items()?, RECENT)? else { return Ok(()) };
    while !recent.items()?.is_empty() {
        recent.remove_at(0)?;
    }
    let files = Recent::of(&shell.data_folder(app)).list();
    for file in &files {
        let label = recent_label(&file.path, file.missing, language);
        let id = format!("{RECENT_FILE}{}", file.path.display());
        recent.append(&MenuItem::with_id(app, id, label, !file.missing, None::<&str>)?)?;
    }
    if files.is_empty() {
        let none = words.none.of(language);
        return recent.append(&MenuItem::with_id(app, "recent-none", none, false, None::<&str>)?);
    }
    recent.append(&PredefinedMenuItem::separator(app)?)?;
    let clear = words.clear_recent.of(language);
    recent.append(&MenuItem::with_id(app, CLEAR_RECENT, clear, true, None::<&str>)?)
}

fn find<R: Runtime>(items: Vec<MenuItemKind<R>>, id: &str) -> tauri::Result<Option<Submenu<R>>> {
    for item in items {
        let MenuItemKind::Submenu(menu) = item else { continue };
        if menu.id().as_ref() == id {
            return Ok(Some(menu));
        }
        if let Some(found) = find(menu.items()?, id)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The name and the folder; a letter after `&` would be underlined.
fn recent_label(path: &Path, missing: bool, language: Language) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(path).display();
    let label = format!("{name}  –  {folder}").replace('&', "&&");
    if missing { words::of(language).missing.replace('#', &label) } else { label }
}

/// As Tauri writes it.
fn accelerator(keys: &str) -> String {
    keys.replace("Ctrl", "CmdOrCtrl")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all<'a>(entries: &'a [Entry], found: &mut Vec<&'a Entry>) {
        for entry in entries.iter().filter(|entry| entry.id != "-") {
            found.push(entry);
            all(entry.items.as_deref().unwrap_or_default(), found);
        }
    }

    #[test]
    fn every_item_has_words_in_every_language_and_keys_that_are_keys() {
        let menus: Menus = serde_json::from_str(MENUS).unwrap();
        let mut entries = Vec::new();
        all(&menus.menus, &mut entries);
        assert!(entries.len() > 50, "{}", entries.len());
        let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len(), "an item is there twice");
        for entry in entries {
            for language in [Language::English, Language::German] {
                assert!(!entry.label.of(language).is_empty(), "{} {language:?}", entry.id);
            }
            if let Some(keys) = &entry.keys {
                let (held, key) = keys.rsplit_once('+').unwrap_or(("", keys));
                assert!(
                    held.split('+').all(|held| ["", "Ctrl", "Alt", "Shift"].contains(&held)),
                    "{}: {keys}",
                    entry.id
                );
                assert!(
                    !key.is_empty() && accelerator(keys).ends_with(key),
                    "{}: {keys}",
                    entry.id
                );
            }
        }
    }

    #[test]
    fn a_recent_file_is_named_with_its_folder() {
        let label = |path: &str, missing| recent_label(Path::new(path), missing, Language::German);
        assert_eq!(label("/art/R&D/hero.psd", false), "hero.psd  –  /art/R&&D");
        assert_eq!(label("/art/hero.psd", true), "hero.psd  –  /art (fehlt)");
    }
}

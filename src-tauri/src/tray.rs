//! The icon in the panel: which model is loaded, loading and putting it away, the window, the end.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tauri::{
    AppHandle, Manager, Runtime,
    menu::{Menu, MenuItem, PredefinedMenuItem, Submenu},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{
    closing,
    error::{AppError, Result},
    language::Language,
    native,
    pool::{self, State},
    shell::Shell,
    window,
    words::{self, TrayWords},
};

/// What the ids of its items begin with, and the rest of them.
const PREFIX: &str = "tray:";
const STATE: &str = "state";
const PRELOAD: &str = "tray:preload";
const PRELOAD_MODEL: &str = "preload:";
const UNLOAD: &str = "unload";
const OPEN: &str = "open";
const QUIT: &str = "quit";
/// How often it is looked whether there is something else to tell.
const TICK: Duration = Duration::from_secs(1);
/// A panel comes up after the programs that start at login.
const PATIENCE: u32 = 20;

/// Whether there is an icon, and whether anybody shows it.
#[derive(Debug, Default)]
pub(crate) struct Tray {
    is_there: AtomicBool,
    is_seen: AtomicBool,
}

/// What the menu tells.

#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    language: Language,
    state: State,
    /// Ids and names of the models that can be loaded.
    models: Vec<(String, String)>,
}

impl Tray {
    /// Whether this system can show an icon at all.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    /// Whether a panel shows it now, so that the window may be hidden.
    pub(crate) fn is_seen(&self) -> bool {
        self.is_seen.load(Ordering::Relaxed)
    }
}

/// Puts the icon into the panel, and keeps it true. Goes on without one where that cannot be.
pub(crate) fn create<R: Runtime>(app: &AppHandle<R>, starts_hidden: bool) {
    app.state::<Shell>().gauges.set_hidden(starts_hidden);
    let built = native::has_tray_library().then(|| build(app).ok()).flatten();
    let Some(built) = built else {
        if starts_hidden {
            window::show_minimized(app);
        }
        return;
    };
    app.state::<Shell>().tray.is_there.store(true, Ordering::Relaxed);
    let app = app.clone();
    let thread = thread::Builder::new().name("tray".into());
    // Without a thread the icon only tells nothing new.
    drop(thread.spawn(move || follow(&app, built, starts_hidden)));
}

/// An item of its menu was chosen; `false` where it is not one of its own.
pub(crate) fn chosen<R: Runtime>(app: &AppHandle<R>, id: &str) -> bool {
    let Some(id) = id.strip_prefix(PREFIX) else { return false };
    match id {
        OPEN => window::show(app),
        QUIT => closing::quit(app),
        UNLOAD => in_background(app, pool::unload),
        _ => {
            if let Some(model) = id.strip_prefix(PRELOAD_MODEL) {
                let model = model.to_owned();
                let teller = app.clone();
                let tell = move |error: AppError| window::tell(&teller, &error.message);
                in_background(app, move |shell| pool::preload(shell, &model, tell));
            }
        }
    }
    true
}

/// Waits for the engine, which the main thread must not.
fn in_background<R: Runtime>(
    app: &AppHandle<R>,
    work: impl FnOnce(&Shell) -> Result<()> + Send + 'static,
) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        if let Err(error) = work(&app.state::<Shell>()) {
            window::tell(&app, &error.message);
        }
    });
}

/// What changes in its menu.
struct Items<R: Runtime> {
    state: MenuItem<R>,
    unload: MenuItem<R>,
}

fn build<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<(TrayIcon<R>, Items<R>)> {
    let language = app.state::<Shell>().language(app);
    let (menu, items) = menu(app, &Shown { language, state: State::Absent, models: Vec::new() })?;
    let mut icon = TrayIconBuilder::with_id("main").menu(&menu);
    if let Some(image) = app.default_window_icon() {
        icon = icon.icon(image.clone());
    }
    Ok((icon.build(app)?, items))
}

fn menu<R: Runtime>(app: &AppHandle<R>, shown: &Shown) -> tauri::Result<(Menu<R>, Items<R>)> {
    let words = &words::of(shown.language).tray;
    let item = |id: &str, label: &str, enabled| {
        MenuItem::with_id(app, format!("{PREFIX}{id}"), label, enabled, None::<&str>)
    };
    let preload = Submenu::with_id(app, PRELOAD, words.preload, !shown.models.is_empty())?;
    for (id, name) in &shown.models {
        // A letter after `&` would be underlined.
        preload.append(&item(&format!("{PRELOAD_MODEL}{id}"), &name.replace('&', "&&"), true)?)?;
    }
    let state = item(STATE, &line(words, &shown.state), false)?;
    let unload = item(UNLOAD, words.unload, is_loaded(&shown.state))?;
    let menu = Menu::with_items(
        app,
        &[
            &state,
            &PredefinedMenuItem::separator(app)?,
            &preload,
            &unload,
            &PredefinedMenuItem::separator(app)?,
            &item(OPEN, words.open, true)?,
            &item(QUIT, words.quit, true)?,
        ],
    )?;
    Ok((menu, Items { state, unload }))
}

/// Shows what is new, once a second, until the process ends.
fn follow<R: Runtime>(
    app: &AppHandle<R>,
    (icon, mut items): (TrayIcon<R>, Items<R>),
    starts_hidden: bool,
) {
    let panel = Panel::connect();
    let mut shown = None;
    for tick in 0_u32.. {
        let shell = app.state::<Shell>();
        let is_seen = panel.as_ref().is_some_and(Panel::is_there);
        shell.tray.is_seen.store(is_seen, Ordering::Relaxed);
        if starts_hidden && tick == PATIENCE && !is_seen {
            // Nobody could find the way back to a hidden window.
            window::show_minimized(app);
        }
        let models = shell.ready_models.get();
        let now = Shown {
            language: shell.language(app),
            state: pool::state(&shell),
            models: models.iter().map(|model| (model.id.clone(), model.name.clone())).collect(),
        };
        // Fails only when the app ends.
        let _ = show(app, &icon, &mut items, shown.as_ref(), &now);
        shown = Some(now);
        thread::sleep(TICK);
    }
}

/// Changes words in place, so that a menu that is open stays open.
fn show<R: Runtime>(
    app: &AppHandle<R>,
    icon: &TrayIcon<R>,
    items: &mut Items<R>,
    before: Option<&Shown>,
    now: &Shown,
) -> tauri::Result<()> {
    let is_same = |before: &&Shown| before.language == now.language && before.models == now.models;
    let Some(before) = before.filter(is_same) else {
        let (menu, new) = menu(app, now)?;
        *items = new;
        return icon.set_menu(Some(menu));
    };
    if before.state != now.state {
        items.state.set_text(line(&words::of(now.language).tray, &now.state))?;
        items.unload.set_enabled(is_loaded(&now.state))?;
    }
    Ok(())
}

fn is_loaded(state: &State) -> bool {
    matches!(state, State::Loaded { .. })
}

fn line(words: &TrayWords, state: &State) -> String {
    match state {
        State::Absent => words.starting.to_owned(),
        State::Empty => words.empty.to_owned(),
        State::Loading => words.loading.to_owned(),
        State::Working => words.working.to_owned(),
        State::Loaded { names, bytes } => {
            let size = format!("{:.1}", *bytes as f64 / f64::from(1 << 30));
            let names = if names.is_empty() { words.parts.to_owned() } else { names.join(", ") };
            words.loaded.replace("#1", &names).replace("#2", &size.replace('.', words.decimal))
        }
    }
}

/// Whoever shows icons on this desktop, asked over the message bus.
#[cfg(target_os = "linux")]
struct Panel(zbus::blocking::Connection);

#[cfg(target_os = "linux")]
impl Panel {
    fn connect() -> Option<Self> {
        zbus::blocking::Connection::session().ok().map(Self)
    }

    fn is_there(&self) -> bool {
        let bus = "org.freedesktop.DBus";
        let asked = self.0.call_method(
            Some(bus),
            "/org/freedesktop/DBus",
            Some(bus),
            "NameHasOwner",
            &"org.kde.StatusNotifierWatcher",
        );
        asked.and_then(|reply| reply.body().deserialize()).unwrap_or(false)
    }
}

/// Elsewhere it is a part of the system.
#[cfg(not(target_os = "linux"))]
struct Panel;

#[cfg(not(target_os = "linux"))]
impl Panel {
    fn connect() -> Option<Self> {
        Some(Self)
    }

    fn is_there(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_what_is_loaded_in_the_language_that_was_chosen() {
        let line = |language, state| line(&words::of(language).tray, &state);
        let loaded = |names: &[&str]| State::Loaded {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            bytes: 7_730_941_133,
        };
        assert_eq!(line(Language::English, State::Empty), "No model is loaded");
        assert_eq!(line(Language::English, loaded(&["A", "B"])), "Loaded: A, B · 7.2 GB");
        assert_eq!(line(Language::German, loaded(&["A"])), "Geladen: A · 7,2 GB");
        assert_eq!(line(Language::English, loaded(&[])), "Loaded: parts of models · 7.2 GB");
    }
}

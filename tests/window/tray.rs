//! The icon in the panel, read and clicked over the message bus as a panel does.

use std::path::PathBuf;

use crate::{
    desk::{Desk, app, telling_its_end, wrapper},
    panel::Panel,
    session::{Session, until},
};

fn first_line(panel: &Panel) -> String {
    panel.menu().into_iter().next().map(|entry| entry.label).unwrap_or_default()
}

#[test]
fn a_model_is_loaded_and_put_away_from_the_panel() {
    let desk = Desk::new();
    let panel = Panel::new(&desk);
    let session = Session::start(&desk);
    until("nothing is loaded", || (first_line(&panel) == "No model is loaded").then_some(()));
    let unload = panel.find(&["Unload"]).expect("an item");
    assert!(!unload.enabled, "there is nothing to put away");

    panel.choose(&["Preload", "Starter model"]);
    until("it is told", || {
        let line = first_line(&panel);
        (line.starts_with("Loaded: Starter model · ") && line.ends_with(" GB")).then_some(())
    });
    // What was loaded for it, a picture is made with.
    session.fill("#steps", "2");
    session.generate("a blue gem");

    panel.choose(&["Unload"]);
    until("nothing is loaded", || (first_line(&panel) == "No model is loaded").then_some(()));
}

/// Sets what the app reads when it starts.
fn set(desk: &Desk, settings: &str) -> PathBuf {
    let folder = desk.folder().join("config/asset-editor");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("settings.toml"), settings).expect("a file");
    folder.join("settings.toml")
}

const TITLE: &str = "Veetance Asset Editor";

#[test]
fn a_window_that_is_closed_stays_in_the_tray_and_comes_back_with_its_work() {
    let desk = Desk::new();
    let settings = set(&desk, "keep_in_tray = true\n");
    let panel = Panel::new(&desk);
    let session = Session::start(&desk);
    panel.menu();
    session.script("document.querySelector('#prompt').value = 'half a thought'", &[]);

    let seen = || until("the window", || desk.window(TITLE));
    let gone = || until("no window", || desk.window(TITLE).is_none().then_some(()));
    desk.close(&seen());
    session.until_true("it is told", "return document.querySelector('#tray-dialog').open");
    session.click("#tray-hide");
    gone();
    panel.choose(&["Open Window"]);
    desk.close(&seen());
    // The second time nothing is told.
    gone();
    let again = desk.command(app()).status().expect("a start");
    assert!(again.success(), "{again}");
    seen();
    let prompt = session.script("return document.querySelector('#prompt').value", &[]);
    assert_eq!(prompt, "half a thought");
    let kept = std::fs::read_to_string(settings).expect("a file");
    assert!(kept.contains("tray_explained = true"), "{kept}");

    let entry = desk.folder().join("config/autostart/asset-editor.desktop");
    let click = || session.script("document.querySelector('#start-at-login').click()", &[]);
    click();
    let text = until("it starts at login", || std::fs::read_to_string(&entry).ok());
    let program = app().canonicalize().expect("the app");
    let exec = format!("Exec=\"{}\" --hidden\n", program.display());
    assert!(text.contains(&exec), "{text}");
    click();
    until("it does not any more", || (!entry.exists()).then_some(()));
}

#[test]
fn started_hidden_a_model_is_loaded_and_only_the_icon_is_there_and_quits() {
    let desk = Desk::new();
    set(&desk, "preload = \"starter\"\n");
    let panel = Panel::new(&desk);
    let (program, code) = telling_its_end(&desk);
    let session = Session::start_program(&desk, &program, &["--hidden"]);
    until("it is loaded", || first_line(&panel).starts_with("Loaded: Starter model").then_some(()));
    assert_eq!(desk.window(TITLE), None);
    panel.choose(&["Open Window"]);
    until("the window", || desk.window(TITLE));
    panel.choose(&["Quit"]);
    let code = until("the app has ended", || {
        std::fs::read_to_string(&code).ok().filter(|code| !code.is_empty())
    });
    assert_eq!(code.trim(), "0");
    drop(session);
}

#[test]
fn without_its_library_there_is_no_icon_and_everything_else_works() {
    let desk = Desk::new();
    let panel = Panel::new(&desk);
    // The loader finds these first, and they are none.
    let folder = desk.folder().join("libraries");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["libayatana-appindicator3.so.1", "libappindicator3.so.1"] {
        std::fs::write(folder.join(name), "no library").expect("a file");
    }
    let (folder, app) = (folder.display().to_string(), app().display().to_string());
    let program = wrapper(&desk, &format!("LD_LIBRARY_PATH='{folder}' exec '{app}' \"$@\""));
    let session = Session::start_program(&desk, &program, &[]);
    session.until_true(
        "it is told where it matters",
        "return document.querySelector('#keep-in-tray').disabled
             && document.querySelector('#keep-in-tray-note').textContent.includes('libayatana-appindicator3-1')",
    );
    session.fill("#steps", "2");
    session.generate("a blue gem");
    assert!(!panel.has_icon());
}

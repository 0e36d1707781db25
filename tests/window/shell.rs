//! The window as a whole: closing, recent files, the language, the example.

use crate::{
    desk::{Desk, telling_its_end},
    session::{Session, until},
};

const TITLE: &str = "Veetance Asset Editor";

#[test]
fn unsaved_work_is_asked_about_and_files_are_offered_again_after_a_start() {
    let desk = Desk::new();
    let (program, code) = telling_its_end(&desk);
    image::RgbaImage::from_pixel(40, 30, image::Rgba([10, 200, 30, 255]))
        .save(desk.folder().join("leaf.png"))
        .expect("a file");
    let session = Session::start_program(&desk, &program, &["leaf.png"]);
    until("the file is a layer", || (session.number_of_layers() == 1).then_some(()));
    session.script("document.querySelector('.layer-eye').click()", &[]);
    session.until_true("it is unsaved", "return document.title.startsWith('•')");

    let quit = || {
        let window = until("the window", || desk.window("leaf.png"));
        desk.focus(&window);
        desk.xdotool(&["key", "--clearmodifiers", "ctrl+q"]);
        session.until_true("it asks", "return document.querySelector('#unsaved-dialog').open");
    };
    quit();
    session.click("#unsaved-cancel");
    session.until_true("it stays", "return !document.querySelector('#unsaved-dialog').open");
    assert_eq!(session.number_of_layers(), 1);
    quit();
    session.click("#unsaved-discard");
    let code = until("the app has ended", || {
        std::fs::read_to_string(&code).ok().filter(|code| !code.is_empty())
    });
    assert_eq!(code.trim(), "0");
    drop(session);

    let session = Session::start(&desk);
    assert_eq!(session.number_of_layers(), 0, "what was thrown away is not offered");
    session.until_true("no recovery", "return !document.querySelector('#recovery')");
    session
        .until_true("it is listed", "return document.querySelector('.start-recent .recent-file')");
    session.click(".start-recent .recent-file");
    until("the file is a layer", || (session.number_of_layers() == 1).then_some(()));
}

#[test]
fn the_language_changes_page_and_menu_and_stays() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.native(TITLE);
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+k"]);
    session.until_true("the palette is open", "return document.querySelector('#palette').open");
    desk.xdotool(&["type", "--delay", "30", "deutsch"]);
    session.until_true(
        "it is found",
        "return document.querySelector('#palette-list [aria-selected=true]')?.dataset.action === 'view.language-de'",
    );
    desk.xdotool(&["key", "Return"]);
    session.until_true(
        "the page speaks German",
        "return document.querySelector('#start-title')?.textContent.startsWith('Beschreiben')",
    );
    drop(session);
    let session = Session::start(&desk);
    session.until_true(
        "it still does",
        "return document.querySelector('#start-title')?.textContent.startsWith('Beschreiben')",
    );
}

#[test]
fn the_example_opens_with_its_groups_and_masks() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.click("#open-example");
    until("the layers are there", || (session.number_of_layers() >= 10).then_some(()));
    session.until_true(
        "the picture is drawn",
        "return document.querySelector('#picture-size').textContent === '512 × 512'",
    );
}

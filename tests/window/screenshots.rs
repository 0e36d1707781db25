//! Pictures of the window for the README.

use std::path::Path;

use crate::{
    desk::Desk,
    session::{Session, until},
};

#[test]
#[ignore = "writes files; run by cargo xtask screenshots"]
fn screenshots_for_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, theme) in [("light", "Adwaita"), ("dark", "Adwaita:dark")] {
        let desk = Desk::with_theme(theme);
        let session = Session::start(&desk);
        session.fill("#seed", "7");
        session.generate("a red potion");
        session.screenshot(&folder.join(format!("{name}.png")));

        session.click("#tab-split");
        session.script("document.querySelector('#split-settings').open = true", &[]);
        session.fill("#split-seed", "7");
        session.script("document.querySelector('#split-settings').open = false", &[]);
        session.split();
        session.screenshot(&folder.join(format!("layers-{name}.png")));
        session.click("#split-keep");
        until("the layers are kept", || (session.number_of_layers() > 1).then_some(()));
        session.screenshot(&folder.join(format!("layers-kept-{name}.png")));
    }
}

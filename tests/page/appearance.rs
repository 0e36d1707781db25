//! Where things are, and whether everybody can use them: every panel and state, light and dark, small and large.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    browser::{Look, Page},
    states::STATES,
};

const LAYOUT: &str = include_str!("layout.js");
/// Width and height of the screen, and how many of its pixels are one of the page's.
type Screen = (u32, u32, f64);
const SMALL: Screen = (1280, 720, 1.0);
const LARGE: Screen = (2560, 1440, 1.0);
/// The language, whether it is dark, and the screens on which a state is then looked at.
const LOOKS: [(&str, bool, &[Screen]); 2] =
    [("en", false, &[SMALL, LARGE]), ("de", true, &[(2560, 1440, 2.0)])];
const SERIOUS: &str =
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
  .filter(({ impact }) => ['serious', 'critical'].includes(impact))
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))";

fn look((width, height, scale): Screen, dark: bool) -> Look {
    let side = |pixels: u32| (f64::from(pixels) / scale).round() as u32;
    Look { width: side(width), height: side(height), scale, dark, calm: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overlaps_or_is_cut_off_in_large_text_either_and_axe_finds_nothing_serious() {
    let axe = fs::read_to_string(axe()).unwrap_or_else(|error| {
        panic!("{}: {error}: run cargo xtask setup, or set ASSET_EDITOR_AXE", axe().display())
    });
    let page = Page::open("stepMs=1").await;
    let mut faults = Vec::new();
    for (language, dark, screens) in LOOKS {
        for state in STATES {
            page.set_look(&look(screens[0], dark)).await;
            state.show(&page, language).await;
            let name = format!("{} in {language}, dark: {dark}", state.name);
            page.run(&axe).await;
            note(&mut faults, &name, &page.promise(SERIOUS).await);
            for screen in screens {
                page.set_look(&look(*screen, dark)).await;
                page.drawn().await;
                note(&mut faults, &format!("{name}, at {screen:?}"), &page.run(LAYOUT).await);
            }
            if language == "en" {
                page.run("document.documentElement.style.fontSize = '162.5%'").await;
                page.drawn().await;
                note(&mut faults, &format!("{name}, twice as large"), &page.run(LAYOUT).await);
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    page.close().await;
}

fn note(faults: &mut Vec<String>, name: &str, found: &Value) {
    if *found != json!([]) {
        faults.push(format!("{name}: {found:#}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes files; run by cargo xtask screenshots"]
async fn screenshots_of_every_panel_and_state() {
    let folder = env::var_os("SCREENSHOTS")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots"), PathBuf::from);
    fs::create_dir_all(&folder).expect("a folder");
    let page = Page::open("stepMs=1").await;
    let only = env::var("ONLY").unwrap_or_default();
    for (theme, dark) in [("light", false), ("dark", true)] {
        for screen in [SMALL, LARGE] {
            page.set_look(&look(screen, dark)).await;
            for state in STATES.iter().filter(|state| state.name.contains(&only)) {
                state.show(&page, "en").await;
                let file = format!("{}-{theme}-{}.png", state.name, screen.0);
                page.screenshot(&folder.join(file)).await;
            }
        }
    }
    page.close().await;
    println!("{}", folder.display());
}

/// Where `cargo xtask setup` puts it; it is no part of what ships.
fn axe() -> PathBuf {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let usual = home.join(".cache/asset-editor-tools/node_modules/axe-core/axe.min.js");
    env::var_os("ASSET_EDITOR_AXE").map_or(usual, PathBuf::from)
}

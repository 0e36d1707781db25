//! Copies that are saved without being asked for.

use std::{fs, sync::Arc};

use document::{Document, Layer, Raster};
use files::recovery;

fn document(shade: u8) -> Document {
    let mut document = Document::new(2, 2);
    let raster = Raster::from_rgba8(2, 2, vec![shade; 16]).expect("the size fits");
    document.layers.push(Layer::pixels("layer", 0, 0, Arc::new(raster)));
    document.layers[0].id = 1;
    document
}

#[test]
fn a_copy_is_found_opened_and_forgotten() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("recovery");
    assert_eq!(recovery::list(&folder).expect("none"), []);
    recovery::save(&folder, "one", "Fox 狐", &document(1)).expect("it is saved");
    recovery::save(&folder, "two", "", &document(2)).expect("it is saved");
    recovery::save(&folder, "one", "Fox 狐", &document(3)).expect("it is saved");
    let listed = recovery::list(&folder).expect("two");
    assert_eq!(listed.len(), 2);
    assert_eq!((&*listed[0].slot, &*listed[0].title), ("one", "Fox 狐"));
    let opened = recovery::open(&folder, "one").expect("it opens");
    assert_eq!((opened.document, opened.notes.len()), (document(3), 0));
    recovery::forget(&folder, "one").expect("it is forgotten");
    recovery::forget(&folder, "one").expect("twice is fine");
    assert!(recovery::open(&folder, "one").is_err());
    let listed = recovery::list(&folder).expect("one");
    assert_eq!(listed.len(), 1);
    recovery::forget(&folder, "two").expect("it is forgotten");
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
}

#[test]
fn a_damaged_copy_gives_way_to_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    for shade in [1, 2] {
        recovery::save(folder, "slot", "", &document(shade)).expect("it is saved");
    }
    let newest = folder.join("slot.ora");
    let whole = fs::read(&newest).expect("the copy");
    for length in [0, 1, 50, whole.len() / 2, whole.len() - 1] {
        fs::write(&newest, &whole[..length]).expect("it is damaged");
        let opened = recovery::open(folder, "slot").expect("the older one opens");
        assert_eq!(opened.document, document(1), "cut to {length}");
        assert!(opened.notes[0].contains("damaged"), "{:?}", opened.notes);
    }
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&newest, &damaged).expect("it is damaged");
        let opened = recovery::open(folder, "slot").expect("one opens");
        assert!([document(1), document(2)].contains(&opened.document), "byte {at}");
    }
    fs::remove_file(&newest).expect("it is gone");
    assert_eq!(recovery::open(folder, "slot").expect("it opens").document, document(1));
    assert_eq!(recovery::list(folder).expect("one").len(), 1);
}

#[test]
fn no_slot_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("inside");
    let long = "a".repeat(65);
    for slot in ["", ".", "..", "../a", "a/b", "a\\b", "a.b", "a\0", "狐", &long] {
        for error in [
            recovery::save(&inside, slot, "", &document(1)).expect_err(slot),
            recovery::open(&inside, slot).expect_err(slot),
            recovery::forget(&inside, slot).expect_err(slot),
        ] {
            assert!(error.to_string().contains("no name"), "{error}");
        }
    }
    assert!(!inside.exists());
}

//! What is written is read back, and nothing else.

#[path = "../examples/matrix/documents.rs"]
mod documents;

use std::{io::Cursor, sync::Arc};

use document::{Content, Document, Extra, Layer};
use psd::Version;

fn written(document: &Document, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    psd::write_as(document, version, Cursor::new(&mut bytes)).expect("a vector takes everything");
    bytes
}

/// With every layer in the depth of its document, as a file holds it.
fn in_one_depth(document: &Document) -> Document {
    fn convert(layers: &mut [Layer], depth: document::Depth) {
        for layer in layers {
            match &mut layer.content {
                Content::Pixels(pixels) => pixels.raster = Arc::new(pixels.raster.to_depth(depth)),
                Content::Group(group) => convert(&mut group.children, depth),
            }
            if let Some(mask) = &mut layer.mask {
                mask.plane = Arc::new(mask.plane.to_depth(depth));
            }
        }
    }
    let mut document = document.clone();
    convert(&mut document.layers, document.depth);
    document
}

fn check(name: &str, document: &Document, version: Version) {
    let opened = psd::read(&written(document, version)).expect("what was written can be read");
    assert_eq!(opened.notes, Vec::<String>::new(), "{name}");
    assert!(opened.document == in_one_depth(document), "{name} {version:?} differs");
}

#[test]
fn every_document_of_the_matrix_survives_as_psd_and_psb() {
    for (name, version, document) in documents::all() {
        check(&name, &document, version);
        check(&name, &document, Version::Psb);
    }
}

#[test]
fn what_is_not_understood_is_given_back() {
    let (_, _, mut document) = documents::all().swap_remove(0);
    let extra = |key: &str, bytes: &[u8]| Extra { key: key.into(), bytes: bytes.into() };
    document.resolution = 300.5;
    document.icc = Some(Arc::from(*b"not really a profile"));
    document.extra = vec![
        extra("psd:resource:1060", b"<rdf:RDF><rdf:Description/></rdf:RDF>"),
        extra("psd:resource:1028", b"odd"),
        extra("psd:global:lnk2", b"12345"),
        extra("psd:global:Patt", b"1234"),
    ];
    document.layers[0].extra = vec![
        extra("psd:record:ranges", &[0, 9, 255, 255].repeat(10)),
        extra("psd:layer:shmd", b"123456"),
        extra("psd:layer:PxSD", b"12"),
    ];
    for version in [Version::Psd, Version::Psb] {
        let opened = psd::read(&written(&document, version)).unwrap();
        assert!(opened.document == document, "{version:?}");
    }
}

#[test]
fn marks_of_untagged_files_and_foreign_keys_are_not_written() {
    let mut document = Document::new(2, 2);
    let extra = |key: &str| Extra { key: key.into(), bytes: vec![1, 2] };
    document.extra = ["psd:resource:1041", "psd:resource:1036", "ora:x", "psd:global:Lr16"]
        .into_iter()
        .map(extra)
        .collect();
    assert_eq!(psd::read(&written(&document, Version::Psd)).unwrap().document.extra, Vec::new());
}

#[test]
fn a_document_too_wide_for_a_psd_becomes_a_psb() {
    let mut bytes = Vec::new();
    let document = Document::new(30_001, 1);
    psd::write(&document, Cursor::new(&mut bytes)).unwrap();
    assert!(bytes.starts_with(b"8BPS\0\x02"));
    let refused = psd::write_as(&document, Version::Psd, Cursor::new(&mut Vec::new()));
    assert!(matches!(refused, Err(psd::Error::TooLarge(_))));
    let huge = psd::write(&Document::new(300_001, 1), Cursor::new(&mut Vec::new()));
    assert!(matches!(huge, Err(psd::Error::TooLarge(_))));
    let empty = psd::write(&Document::new(0, 1), Cursor::new(&mut Vec::new()));
    assert!(matches!(empty, Err(psd::Error::Empty)));
}

#[test]
fn a_file_may_start_within_its_sink() {
    let mut sink = Cursor::new(b"before".to_vec());
    sink.set_position(6);
    psd::write(&Document::new(3, 3), &mut sink).unwrap();
    let bytes = sink.into_inner();
    assert!(bytes.starts_with(b"before"));
    assert!(psd::read(&bytes[6..]).is_ok());
}

#[test]
fn layers_without_an_id_and_with_the_same_one_get_their_own() {
    let (_, _, mut document) = documents::all().swap_remove(0);
    document.layers[0].id = 7;
    document.layers[1].id = 7;
    let read = psd::read(&written(&document, Version::Psd)).unwrap().document;
    assert_eq!(read.layers[0].id, 7);
    assert!(![0, 7].contains(&read.layers[1].id));
}

#[test]
fn names_too_long_for_photoshop_are_cut() {
    let (_, _, mut document) = documents::all().swap_remove(0);
    document.layers[0].name = "🦊".repeat(200);
    let read = psd::read(&written(&document, Version::Psd)).unwrap().document;
    assert_eq!(read.layers[0].name, "🦊".repeat(127));
}

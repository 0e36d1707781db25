use std::sync::Arc;

use document::{
    Blend, Content, Depth, Document, Extra, Layer, Lock, Mask, Plane, Raster, Recipe, Samples,
};
use serde_json::{Value, json};

use super::{to_document, to_shown, to_wire};
use crate::{
    Settings,
    error::{Code, Result},
    shell::Shell,
    wire::{self, document::DocumentWire},
};

fn shell() -> Shell {
    let shell = Shell::new(Settings::default());
    shell.start_engine();
    shell
}

fn eight(width: u32, height: u32, pixel: [u8; 4]) -> Arc<Raster> {
    let rgba = pixel.repeat((width * height) as usize);
    Arc::new(Raster::from_rgba8(width, height, rgba).unwrap())
}

fn sixteen() -> Arc<Raster> {
    let samples = (0..6 * 5 * 4).map(|index| index * 531).collect();
    Arc::new(Raster::new(6, 5, Samples::Sixteen(samples)).unwrap())
}

fn extra(key: &str) -> Extra {
    Extra { key: key.into(), bytes: vec![7, 0, 255] }
}

/// With everything that a document can have.
fn document() -> Document {
    let plane = Plane::new(2, 2, Samples::Sixteen(vec![0, 300, 65535, 1])).unwrap();
    let mask =
        Mask { x: -3, y: 4, plane: plane.into(), outside: 255, enabled: false, linked: false };
    let bottom = Layer {
        id: 9,
        opacity: 77,
        fill: 3,
        clipping: true,
        blend: Blend::VividLight,
        lock: Lock { transparency: true, pixels: false, position: true },
        mask: Some(mask.clone()),
        extra: vec![extra("psd:layer:lfx2")],
        ..Layer::pixels("fine", -2, 100_000, sixteen())
    };
    let recipe = Recipe {
        task: "decompose".into(),
        prompt: "an “orc”".into(),
        seed: u64::MAX,
        guidance: 2.5,
        part: Some((1, 4)),
        parent: Some(9),
        step_cache: Some(0.125),
        ..Recipe::default()
    };
    let inner =
        Layer { id: 2, recipe: Some(recipe), ..Layer::pixels("a", 1, 1, eight(2, 3, [1; 4])) };
    let hidden = Layer { id: 3, visible: false, ..Layer::pixels("b", 0, 0, eight(1, 1, [5; 4])) };
    let mut group = Layer { id: 1, mask: Some(mask), ..Layer::group("group", vec![inner, hidden]) };
    group.extra.push(extra("psd:layer:lclr"));
    if let Content::Group(group) = &mut group.content {
        group.expanded = false;
    }
    let empty = Layer { id: 4, ..Layer::pixels("", 0, 0, Arc::new(Raster::empty(Depth::Eight))) };
    Document {
        depth: Depth::Sixteen,
        resolution: 300.0,
        icc: Some([1, 2, 3].into()),
        layers: vec![bottom, group, empty],
        extra: vec![extra("psd:resource:1028")],
        ..Document::new(640, 480)
    }
}

/// As the page sends it: through JSON.
fn sent(wire: &DocumentWire) -> Value {
    serde_json::from_str(&serde_json::to_string(wire).unwrap()).unwrap()
}

fn received(shell: &Shell, value: Value) -> Result<Document> {
    let wire = wire::parse(value)?;
    to_shown(shell, &wire)?;
    Ok(to_document(shell, &wire)?.document)
}

fn refused(shell: &Shell, value: Value) -> Code {
    received(shell, value).unwrap_err().code
}

#[test]
fn a_document_that_goes_to_the_page_and_back_loses_nothing() {
    let shell = shell();
    let wire = to_wire(&shell, document()).unwrap();
    assert_eq!(received(&shell, sent(&wire)).unwrap(), document());
}

#[test]
fn a_change_of_the_page_is_the_only_change() {
    let shell = shell();
    let mut value = sent(&to_wire(&shell, document()).unwrap());
    value["layers"][0]["visible"] = json!(false);
    value["layers"][0]["x"] = json!(-2.4);
    value["layers"][1]["children"][0]["name"] = json!("renamed");
    let mut expected = document();
    expected.layers[0].visible = false;
    let Content::Group(group) = &mut expected.layers[1].content else { panic!("a group") };
    group.children[0].name = "renamed".into();
    assert_eq!(received(&shell, value).unwrap(), expected);
}

#[test]
fn every_level_of_opacity_and_every_blend_mode_comes_back() {
    let shell = shell();
    for level in 0..=255 {
        let mut document = Document::new(1, 1);
        let modes = Blend::ALL.into_iter().filter(|mode| *mode != Blend::PassThrough);
        document.layers = modes
            .map(|blend| Layer {
                blend,
                opacity: level,
                ..Layer::pixels("", 0, 0, eight(1, 1, [9; 4]))
            })
            .collect();
        document.number_layers();
        let wire = to_wire(&shell, document.clone()).unwrap();
        assert_eq!(received(&shell, sent(&wire)).unwrap(), document);
    }
}

#[test]
fn what_is_not_shown_is_not_copied_to_be_drawn() {
    let shell = shell();
    let mut wire = to_wire(&shell, document()).unwrap();
    wire.layers[1].visible = false;
    let shown = to_shown(&shell, &wire).unwrap();
    let pixels = |layer: &Layer| match &layer.content {
        Content::Pixels(pixels) => pixels.raster.samples().len(),
        Content::Group(_) => 0,
    };
    assert_eq!(shown.walk().map(pixels).collect::<Vec<_>>(), [6 * 5 * 4, 0, 0, 0, 0]);
    assert_eq!(document::flatten(&shown), {
        let mut whole = document();
        whole.layers[1].visible = false;
        document::flatten(&whole)
    });
}

#[test]
fn a_repainted_layer_has_the_new_pixels() {
    let shell = shell();
    let mut wire = to_wire(&shell, document()).unwrap();
    let painted = engine::Image::new(1, 1, vec![1, 2, 3, 4]).unwrap();
    wire.layers[0].image = Some(shell.images().unwrap().insert(painted).id.0);
    let mut expected = document();
    let Content::Pixels(pixels) = &mut expected.layers[0].content else { panic!("pixels") };
    pixels.raster = eight(1, 1, [1, 2, 3, 4]);
    assert_eq!(received(&shell, sent(&wire)).unwrap(), expected);
}

#[test]
fn a_layer_that_became_a_group_gives_it_the_mask_and_not_the_blocks() {
    let shell = shell();
    let mut value = sent(&to_wire(&shell, document()).unwrap());
    let layer = value["layers"][0].clone();
    let group = json!({ "kind": "group", "mask": layer["mask"], "keep": layer["keep"], "children": [layer] });
    value["layers"][0] = group;
    let document = received(&shell, value).unwrap();
    let group = &document.layers[0];
    assert_eq!((group.mask.is_some(), group.extra.len()), (true, 0));
    assert_eq!(group.children()[0].extra.len(), 1);
}

#[test]
fn numbers_that_layers_share_or_lack_are_given_anew() {
    let shell = shell();
    let layers = json!([{ "id": 5 }, { "id": 5 }, {}]);
    let document = received(&shell, json!({ "width": 1, "height": 1, "layers": layers })).unwrap();
    assert_eq!(document.layers.iter().map(|layer| layer.id).collect::<Vec<_>>(), [5, 6, 7]);
}

#[test]
fn what_is_missing_has_the_usual_value() {
    let shell = shell();
    let layers = json!([{}, { "kind": "group" }]);
    let document = received(&shell, json!({ "width": 2, "height": 1, "layers": layers })).unwrap();
    let mut expected = Document::new(2, 1);
    let empty = Arc::new(Raster::empty(Depth::Eight));
    expected.layers = vec![Layer::pixels("", 0, 0, empty), Layer::group("", Vec::new())];
    expected.number_layers();
    assert_eq!(document, expected);
}

#[test]
fn a_forgotten_token_costs_a_note_and_not_the_work() {
    let shell = shell();
    let mut wire = to_wire(&shell, document()).unwrap();
    wire.layers[0].mask = None;
    wire.layers[0].keep = Some("999-0".into());
    let incoming = to_document(&shell, &wire).unwrap();
    assert_eq!(incoming.notes.len(), 1);
    assert_eq!(incoming.document.layers[0].extra, []);
    assert_eq!(incoming.document.layers[0].name, "fine");
}

#[test]
fn wrong_documents_are_refused_with_a_reason() {
    let shell = shell();
    let sized = |width: u64, height: u64| json!({ "width": width, "height": height, "layers": [] });
    for value in [
        sized(0, 4),
        sized(4, 300_001),
        sized(20_000, 20_000),
        sized(u64::MAX, 1),
        json!({ "width": 4 }),
        json!({ "width": 4, "height": 4, "depth": 32, "layers": [] }),
        json!([]),
    ] {
        assert_eq!(refused(&shell, value.clone()), Code::InvalidRequest, "{value}");
    }
    for layer in [
        json!({ "opacity": 1.5 }),
        json!({ "fill": -0.1 }),
        json!({ "blend": "glow" }),
        json!({ "blend": "pass-through" }),
        json!({ "kind": "text" }),
        json!({ "children": [] }),
        json!({ "kind": "group", "image": 1 }),
        json!({ "x": 1e300 }),
        json!({ "id": -1 }),
        json!({ "name": 7 }),
        json!({ "recipe": { "seed": "many" } }),
    ] {
        let value = json!({ "width": 4, "height": 4, "layers": [layer] });
        assert_eq!(refused(&shell, value.clone()), Code::InvalidRequest, "{value}");
    }
    for layer in [
        json!({ "image": 99 }),
        json!({ "image": 99, "visible": false }),
        json!({ "mask": { "id": 1 } }),
    ] {
        let value = json!({ "width": 4, "height": 4, "layers": [layer] });
        assert_eq!(refused(&shell, value.clone()), Code::ImageUnknown, "{value}");
    }
}

#[test]
fn absurd_trees_are_refused_both_ways() {
    let shell = shell();
    let nested = |depth: usize| {
        (0..depth).fold(json!([]), |children, _| json!([{ "kind": "group", "children": children }]))
    };
    let document = |layers: Value| json!({ "width": 1, "height": 1, "layers": layers });
    assert!(received(&shell, document(nested(50))).is_ok());
    assert_eq!(refused(&shell, document(nested(51))), Code::InvalidRequest);
    let many: Vec<Value> = (0..16_001).map(|_| json!({})).collect();
    assert_eq!(refused(&shell, document(json!(many))), Code::InvalidRequest);
    let mut deep = Document::new(1, 1);
    for _ in 0..60 {
        deep.layers = vec![Layer::group("", std::mem::take(&mut deep.layers))];
    }
    assert_eq!(to_wire(&shell, deep).unwrap_err().code, Code::InvalidRequest);
}

#[test]
fn pictures_that_the_page_drops_take_their_fine_pixels_along() {
    let shell = shell();
    let mut wire = to_wire(&shell, document()).unwrap();
    // The page has had every picture.
    to_document(&shell, &wire).unwrap();
    shell.retain(&[], &[wire.keep.clone().unwrap()]).unwrap();
    wire.layers[0].image = Some(0);
    wire.layers[1].children = None;
    let document = received(&shell, sent(&wire)).unwrap();
    assert!(document.layers[0].mask.is_some() && document.layers[0].extra.len() == 1);
    let kept = shell.keeps.layer(wire.layers[0].keep.as_deref().unwrap()).unwrap();
    assert!(kept.fine.is_none());
}

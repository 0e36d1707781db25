//! Edits of pixels, masks and selections, as the page asks for them.

use serde_json::{Value, json};

use crate::{code, page::Page};

fn create(page: &Page, width: u32, height: u32, colour: Value) -> Value {
    let asked = json!({ "width": width, "height": height, "colour": colour });
    page.call("create_image", asked).expect("a picture")
}

fn select(page: &Page, base: &Value, op: &str, shape: Value) -> Value {
    let request =
        json!({ "base": base, "op": op, "shape": shape, "feather": 0, "antialias": true });
    page.call("select", json!({ "request": request })).expect("a selection or null")
}

fn rect(page: &Page, x: i32, y: i32, width: i32, height: i32) -> Value {
    let shape = json!({ "kind": "rect", "x": x, "y": y, "width": width, "height": height });
    select(page, &Value::Null, "replace", shape)
}

fn document(width: u32, height: u32, layers: Value) -> Value {
    json!({ "width": width, "height": height, "layers": layers })
}

#[test]
fn a_patch_makes_another_picture_and_leaves_the_first_one() {
    let page = Page::open();
    let before = create(&page, 600, 300, json!([10, 20, 30]));
    let about = json!({ "id": before["id"], "x": 250, "y": 10, "width": 20, "height": 5 });
    let after = page.patch("patch_image", &about, [1, 2, 3, 4].repeat(100)).expect("patched");
    assert_eq!((&after["width"], &after["height"]), (&json!(600), &json!(300)));
    // Two tiles of 256 × 256 were touched.
    assert_eq!(after["bytes"], 2 * 256 * 256 * 4);
    let (_, _, old) = page.load(&before["id"]).expect("pixels");
    let (_, _, new) = page.load(&after["id"]).expect("pixels");
    assert_eq!(old, [10, 20, 30, 255].repeat(600 * 300));
    let at = |x: usize, y: usize| &new[(y * 600 + x) * 4..][..4];
    assert_eq!(
        (at(250, 10), at(269, 14), at(249, 10), at(250, 15)),
        (&[1, 2, 3, 4][..], &[1, 2, 3, 4][..], &[10, 20, 30, 255][..], &[10, 20, 30, 255][..])
    );

    for (change, bytes) in [
        (json!({ "id": before["id"], "x": 590, "y": 0, "width": 20, "height": 5 }), 400),
        (json!({ "id": before["id"], "x": 0, "y": 0, "width": 20, "height": 5 }), 399),
        (json!({ "id": before["id"], "x": -1, "y": 0, "width": 1, "height": 1 }), 4),
    ] {
        let refused = page.patch("patch_image", &change, vec![0; bytes]);
        assert_eq!(code(refused), "invalid_request", "{change}");
    }
    let gone = json!({ "id": 99_999, "x": 0, "y": 0, "width": 1, "height": 1 });
    assert_eq!(code(page.patch("patch_image", &gone, vec![0; 4])), "image_unknown");
    let huge = json!({ "width": u32::MAX, "height": u32::MAX, "colour": null });
    assert!(
        ["invalid_request", "out_of_memory"]
            .contains(&code(page.call("create_image", huge)).as_str())
    );
}

#[test]
fn tiles_come_one_after_the_other_cut_at_the_edge() {
    let page = Page::open();
    let image = create(&page, 300, 260, json!([7, 8, 9]));
    let tiles = json!({ "id": image["id"], "level": 0, "tiles": [[0, 0], [1, 1]] });
    assert_eq!(page.bytes("load_tiles", tiles).expect("tiles").len(), (256 * 256 + 44 * 4) * 4);
    let small = json!({ "id": image["id"], "level": 1, "tiles": [[0, 0]] });
    assert_eq!(page.bytes("load_tiles", small).expect("tiles"), [7, 8, 9, 255].repeat(150 * 130));
    let none = json!({ "id": image["id"], "level": 0, "tiles": [[2, 0]] });
    let error = page.bytes("load_tiles", none).expect_err("no such tile");
    assert_eq!(error["code"], "invalid_request");

    let layers =
        json!([{ "id": 1, "name": "a", "image": image["id"], "x": 0, "y": 0, "opacity": 0.5 }]);
    let asked = json!({ "document": document(300, 260, layers), "level": 0, "tiles": [[1, 0]] });
    let composite = page.bytes("render_tiles", asked).expect("tiles");
    assert_eq!(composite, [7, 8, 9, 128].repeat(44 * 256));
}

#[test]
fn selections_are_joined_changed_and_outlined() {
    let page = Page::open();
    let base = rect(&page, 10, 20, 30, 40);
    assert_eq!(
        (&base["x"], &base["y"], &base["width"], &base["height"]),
        (&json!(10), &json!(20), &json!(30), &json!(40))
    );
    let shape = json!({ "kind": "polygon", "points": [[10, 20], [40, 20], [40, 60], [10, 60]] });
    assert_eq!(select(&page, &base, "subtract", shape), Value::Null);
    let shape = json!({ "kind": "polygon", "points": [30, 20, 80, 20, 80, 60, 30, 60] });
    let both = select(&page, &base, "add", shape);
    assert_eq!(both["width"], 70);
    let outline = page.call("selection_outline", json!({ "id": both["id"] })).expect("lines");
    assert_eq!(outline["lines"], json!([[0, 0, 70, 0, 70, 40, 0, 40]]));
    let canvas = json!({ "x": 0, "y": 0, "width": 100, "height": 100 });
    let change = |kind: &str, by: f64| {
        let request =
            json!({ "selection": both, "canvas": canvas, "change": { "kind": kind, "by": by } });
        page.call("modify_selection", json!({ "request": request }))
    };
    assert_eq!(change("grow", 5.0).expect("grown")["width"], 80);
    assert_eq!(change("shrink", 5.0).expect("shrunk")["width"], 60);
    assert_eq!(change("shrink", 30.0).expect("nothing"), Value::Null);
    assert_eq!(change("invert", 0.0).expect("inverted")["width"], 100);
    assert_eq!(code(change("grow", -1.0)), "invalid_request");
    assert_eq!(code(change("melt", 1.0)), "invalid_request");
    assert_eq!(code(page.call("selection_outline", json!({ "id": 5 }))), "image_unknown");
}

#[test]
fn cutting_filling_and_masking_follow_the_selection() {
    let page = Page::open();
    let image = create(&page, 10, 10, json!([100, 50, 25]));
    let selection = rect(&page, 2, 0, 3, 10);
    let under = json!({ "image": image["id"], "x": 0, "y": 0, "selection": selection, "colour": [1, 2, 3] });
    let cut = page.call("copy_selected", json!({ "request": under })).expect("a copy");
    assert_eq!((&cut["x"], &cut["width"], &cut["height"]), (&json!(2), &json!(3), &json!(10)));
    let cleared = page.call("clear_selected", json!({ "request": under })).expect("cleared");
    let (_, _, pixels) = page.load(&cleared["id"]).expect("pixels");
    assert_eq!(
        pixels[..24],
        [[100, 50, 25, 255], [100, 50, 25, 255], [0; 4], [0; 4], [0; 4], [100, 50, 25, 255]]
            .concat()
    );
    let filled = page.call("fill_selected", json!({ "request": under })).expect("filled");
    let (_, _, pixels) = page.load(&filled["id"]).expect("pixels");
    assert_eq!(pixels[8..12], [1, 2, 3, 255]);

    let mask =
        page.call("mask_of", json!({ "request": { "selection": selection } })).expect("a mask");
    let request = json!({ "image": image["id"], "x": 0, "y": 0, "mask": mask });
    let masked = page.call("apply_mask", json!({ "request": request })).expect("masked");
    let (_, _, pixels) = page.load(&masked["id"]).expect("pixels");
    assert_eq!(pixels[..12], [[0; 4], [0; 4], [100, 50, 25, 255]].concat());

    // A mask that was made here hides in the composite as in files.
    let layers = json!([{ "id": 1, "name": "a", "image": image["id"], "mask": mask }]);
    let document = document(10, 10, layers);
    let flat = page.call("flatten_layers", json!({ "document": document })).expect("flattened");
    assert_eq!((&flat["x"], &flat["width"]), (&json!(2), &json!(3)));
    let sample = json!({ "document": document, "x": 3, "y": 3 });
    assert_eq!(page.call("sample_pixel", sample).expect("a pixel"), json!([100, 50, 25, 255]));
    let beside = json!({ "document": document, "x": -1, "y": 3 });
    assert_eq!(page.call("sample_pixel", beside).expect("nothing"), json!([0, 0, 0, 0]));
}

#[test]
fn a_mask_grows_where_it_is_painted_outside() {
    let page = Page::open();
    let about = json!({ "id": null, "x": 5, "y": 6, "width": 2, "height": 2, "fill": 255 });
    let mask = page.patch("patch_mask", &about, vec![9; 4]).expect("a mask");
    assert_eq!((&mask["x"], &mask["y"]), (&json!(5), &json!(6)));
    // From here on places are the mask's own.
    let about = json!({ "id": mask["id"], "x": -1, "y": 0, "width": 1, "height": 1, "fill": 200 });
    let grown = page.patch("patch_mask", &about, vec![3]).expect("a mask");
    assert_eq!(
        (&grown["x"], &grown["y"], &grown["width"], &grown["height"]),
        (&json!(-1), &json!(0), &json!(3), &json!(2))
    );
    let tiles = json!({ "id": grown["id"], "level": 0, "tiles": [[0, 0]] });
    assert_eq!(page.bytes("load_tiles", tiles).expect("values"), [3, 9, 9, 200, 9, 9]);
}

#[test]
fn a_layer_is_turned_with_its_mask() {
    let page = Page::open();
    let image = create(&page, 4, 2, json!([9, 9, 9]));
    let about = json!({ "id": null, "x": 0, "y": 0, "width": 4, "height": 2, "fill": 0 });
    let mask = page.patch("patch_mask", &about, (1..=8).collect()).expect("a mask");
    let transform = json!({
        "image": image["id"], "mask": { "id": mask["id"], "x": 0, "y": 0 }, "x": 0, "y": 0,
        "matrix": [0, 1, -1, 0, 2, 0], "filter": "smooth",
    });
    let turned = page.call("transform_layer", json!({ "transform": transform })).expect("turned");
    assert_eq!(
        (&turned["x"], &turned["width"], &turned["height"]),
        (&json!(0), &json!(2), &json!(4))
    );
    let tiles = json!({ "id": turned["mask"]["id"], "level": 0, "tiles": [[0, 0]] });
    assert_eq!(page.bytes("load_tiles", tiles).expect("values"), [5, 1, 6, 2, 7, 3, 8, 4]);
    let flat = json!({
        "image": image["id"], "mask": null, "x": 0, "y": 0, "matrix": [0, 0, 0, 0, 0, 0], "filter": "nearest",
    });
    assert_eq!(code(page.call("transform_layer", json!({ "transform": flat }))), "invalid_request");
}

#[test]
fn what_is_not_selected_is_locked_to_the_bit() {
    let page = Page::open();
    let original = create(&page, 50, 50, json!([10, 20, 30]));
    let made = create(&page, 30, 30, json!([200, 0, 0]));
    let selection = rect(&page, 15, 15, 20, 20);
    let request = json!({
        "original": original["id"], "x": 0, "y": 0, "made": made["id"], "madeX": 10, "madeY": 10,
        "selection": selection, "band": 3,
    });
    let locked = page.call("lock_pixels", json!({ "request": request })).expect("locked");
    let (width, _, pixels) = page.load(&locked["id"]).expect("pixels");
    for (index, pixel) in pixels.chunks_exact(4).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let inside = (15..35).contains(&x) && (15..35).contains(&y);
        assert!(inside || pixel == [10, 20, 30, 255], "{x}, {y}: {pixel:?}");
    }
    assert_eq!(pixels[(25 * 50 + 25) * 4..][..4], [200, 0, 0, 255]);
}

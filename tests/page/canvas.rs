use thirtyfour::Key;

use crate::browser::{Look, Page};

/// The canvas's corner on the page.
async fn corner(page: &Page) -> (f64, f64) {
    let box_ = page.get("document.querySelector('#canvas').getBoundingClientRect().toJSON()").await;
    (box_["x"].as_f64().expect("a number"), box_["y"].as_f64().expect("a number"))
}

async fn zoom(page: &Page) -> String {
    page.text("#zoom").await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_400_percent_every_pixel_is_a_sharp_square() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    assert_eq!(zoom(&page).await, "400 %");
    let (x, y, width, height) = page.picture().await;
    assert_eq!((width, height), (512, 512));
    for (column, colour) in [(0, [200, 100, 50, 255]), (1, [10, 220, 30, 255])] {
        for dx in 0..4 {
            for dy in 0..4 {
                assert_eq!(
                    page.pixel(x + 4 * column + dx, y + dy).await,
                    colour,
                    "pixel {column}, {dx} {dy}"
                );
            }
        }
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_transparent_pixels_show_half_of_the_checkerboard() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    let (x, y, ..) = page.picture().await;
    let (light, dark) = (page.pixel(x + 16, y).await, page.pixel(x + 28, y).await);
    assert_eq!((light, dark), ([255; 4], [228, 231, 234, 255]), "the board's two colours");
    let mixed = page.pixel(x + 9, y + 1).await;
    // Half of the red of 255, 0, 0 and half of the dark square below it.
    for (channel, expected) in [242, 115, 117, 255].into_iter().enumerate() {
        assert!(mixed[channel].abs_diff(expected) <= 2, "{mixed:?}");
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn control_and_wheel_zooms_to_the_pointer() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    let (x, y, ..) = page.picture().await;
    let (left, top) = corner(&page).await;
    // In the middle of the second pixel, which is green.
    let (at_x, at_y) = (x + 6, y + 2);
    let pointer = (left + at_x as f64, top + at_y as f64);
    for turn in 0..6 {
        page.wheel(pointer, (0.0, -120.0), true).await;
        assert_eq!(page.pixel(at_x, at_y).await, [10, 220, 30, 255], "after {turn} turns");
    }
    let zoomed = zoom(&page).await;
    assert!(
        zoomed.trim_end_matches(" %").parse::<f64>().is_ok_and(|percent| percent > 1500.0),
        "{zoomed}"
    );
    for turn in 0..6 {
        page.wheel(pointer, (0.0, 120.0), true).await;
        assert_eq!(page.pixel(at_x, at_y).await, [10, 220, 30, 255], "back after {turn} turns");
    }
    assert_eq!(zoom(&page).await, "400 %");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wheel_and_drags_move_the_picture() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    let (x, y, width, height) = page.picture().await;
    let (left, top) = corner(&page).await;
    let middle = (left + (x + width / 2) as f64, top + (y + height / 2) as f64);
    let to = (middle.0 + 30.0, middle.1 - 20.0);

    page.wheel(middle, (15.0, -25.0), false).await;
    assert_eq!(page.picture().await, (x - 15, y + 25, width, height), "wheel");
    page.wheel(middle, (-15.0, 25.0), false).await;

    page.drag("middle", middle, to).await;
    assert_eq!(page.picture().await, (x + 30, y - 20, width, height), "middle button");
    page.drag("middle", to, middle).await;

    page.run("document.querySelector('#stage').focus()").await;
    let space = serde_json::json!({ "type": "keyDown", "key": " ", "code": "Space" });
    page.devtools("Input.dispatchKeyEvent", space).await;
    page.drag("left", middle, to).await;
    let space = serde_json::json!({ "type": "keyUp", "key": " ", "code": "Space" });
    page.devtools("Input.dispatchKeyEvent", space).await;
    assert_eq!(page.picture().await, (x + 30, y - 20, width, height), "space and drag");

    // With the move tool arrow keys move the layer.
    page.keys("h").await;
    page.keys(Key::Left).await;
    page.drawn().await;
    assert_eq!(page.picture().await.0, x + 30 + 48, "arrow key");
    page.chord(Key::Control, "0").await;
    page.drawn().await;
    assert_eq!(page.picture().await, (x, y, width, height), "fit");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn space_over_the_canvas_presses_no_button() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    let (x, y, width, height) = page.picture().await;
    let (left, top) = corner(&page).await;
    let middle = (left + (x + width / 2) as f64, top + (y + height / 2) as f64);
    // Pressed by mouse, so the button keeps the focus without showing it.
    page.click("#zoom-fit").await;
    page.click("#undo").await;
    assert_eq!(page.layer_count().await, 0);
    page.click("#redo").await;
    page.drawn().await;
    page.drag("left", middle, middle).await;
    page.keys(" ").await;
    assert_eq!(page.layer_count().await, 1, "space did not press Redo or Undo");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actual_size_is_one_device_pixel_for_one_image_pixel_at_every_scale() {
    for scale in [1.0, 1.5, 2.0] {
        let page = Page::open_as("stepMs=1", Look { scale, ..Look::default() }).await;
        page.make("a gem").await;
        page.chord(Key::Control, "1").await;
        page.drawn().await;
        let (x, y, width, height) = page.picture().await;
        assert_eq!((width, height), (128, 128), "at scale {scale}");
        assert_eq!(page.pixel(x + 1, y).await, [10, 220, 30, 255]);
        let canvas = page.get("document.querySelector('#canvas').width / document.querySelector('#canvas').clientWidth").await;
        assert!(
            canvas.as_f64().is_some_and(|ratio| (ratio - scale).abs() < 0.01),
            "{canvas} for {scale}"
        );
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_fingers_move_and_zoom_around_their_middle() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    let (x, y, ..) = page.picture().await;
    let (left, top) = corner(&page).await;
    // In the middle of the second pixel, which is green.
    let (at_x, at_y) = (x + 6, y + 2);
    let (middle_x, middle_y) = (left + at_x as f64, top + at_y as f64);
    let touch = async |kind: &str, spread: f64, moved: f64| {
        let points = [(1, -spread), (2, spread)].map(|(id, dx)| {
            serde_json::json!({ "id": id, "x": middle_x + dx + moved, "y": middle_y + moved })
        });
        let points = if kind == "touchEnd" { vec![] } else { points.to_vec() };
        let event = serde_json::json!({ "type": kind, "touchPoints": points });
        page.devtools("Input.dispatchTouchEvent", event).await;
    };
    touch("touchStart", 40.0, 0.0).await;
    for spread in [50.0, 60.0, 70.0, 80.0] {
        touch("touchMove", spread, 0.0).await;
    }
    page.drawn().await;
    let zoomed = zoom(&page).await;
    let percent: f64 = zoomed.trim_end_matches(" %").parse().expect("a number");
    assert!((percent - 800.0).abs() < 20.0, "twice as far apart is twice as large: {zoomed}");
    assert_eq!(page.pixel(at_x, at_y).await, [10, 220, 30, 255], "the middle stays");
    touch("touchMove", 80.0, 25.0).await;
    touch("touchEnd", 0.0, 0.0).await;
    page.drawn().await;
    assert_eq!(page.pixel(at_x + 25, at_y + 25).await, [10, 220, 30, 255], "and moves along");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pixel_is_a_sharp_square_at_the_largest_zoom() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    let (x, y, ..) = page.picture().await;
    let (left, top) = corner(&page).await;
    let pointer = (left + (x + 6) as f64, top + (y + 2) as f64);
    for _ in 0..16 {
        page.wheel(pointer, (0.0, -200.0), true).await;
    }
    assert_eq!(zoom(&page).await, "6400 %");
    let (x, y, ..) = page.picture().await;
    let first = (x, y);
    assert_eq!(page.pixel(first.0, first.1).await, [200, 100, 50, 255]);
    for (dx, colour) in
        [(-1, [200, 100, 50, 255]), (0, [10, 220, 30, 255]), (63, [10, 220, 30, 255])]
    {
        let edge = edge_of_second_pixel(&page, first).await;
        assert_eq!(page.pixel(edge + dx, first.1 + 5).await, colour, "{dx} from the edge");
    }
    page.close().await;
}

/// Where the second pixel of the first row begins.
async fn edge_of_second_pixel(page: &Page, (mut x, y): (i64, i64)) -> i64 {
    while page.pixel(x, y + 5).await == [200, 100, 50, 255] {
        x += 1;
    }
    x
}

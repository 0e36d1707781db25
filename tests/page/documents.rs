use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Look, Page};

async fn menu(page: &Page, command: &str) {
    page.run(&format!("__MOCK__.emit('menu', '{command}')")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_hidden_faded_deleted_and_every_step_undone() {
    let page =
        Page::open_as("stepMs=1", Look { width: 1160, height: 740, ..Look::default() }).await;
    page.make("a gem").await;
    page.make("a key").await;
    let names = "[...document.querySelectorAll('.layer-name')].map((name) => name.textContent)";
    assert_eq!(page.get(names).await, json!(["a key", "a gem"]), "the top layer is first");
    let (x, y, width, height) = page.picture().await;
    let (x, y) = (x + width / 2, y + height / 2);
    let solid = page.pixel(x, y).await;

    page.click("[data-layer-id='2'] .layer-eye").await;
    page.click("[data-layer-id='1'] .layer-eye").await;
    page.drawn().await;
    let clear = page.pixel(x, y).await;
    assert_ne!(clear, solid, "both are hidden");

    page.click("[data-layer-id='1'] .layer-eye").await;
    page.click("[data-layer-id='1'] .layer-select").await;
    for value in [80, 20, 50] {
        page.run(&format!("const o = document.querySelector('#opacity'); o.value = {value}; o.dispatchEvent(new Event('input'))")).await;
    }
    page.run("document.querySelector('#opacity').dispatchEvent(new Event('change'))").await;
    page.drawn().await;
    let half = page.pixel(x, y).await;
    for channel in 0..3 {
        let middle = u8::midpoint(solid[channel], clear[channel]);
        assert!(
            half[channel].abs_diff(middle) <= 2,
            "{half:?} is not between {solid:?} and {clear:?}"
        );
    }

    page.click("[data-layer-id='2'] .layer-select").await;
    page.keys(Key::Delete).await;
    assert_eq!(page.get(names).await, json!(["a gem"]));
    assert_eq!(
        page.get("document.activeElement.closest('[data-layer-id]').dataset.layerId").await,
        json!("1")
    );

    // Delete, the one drag of the slider, and three times the eye: five steps.
    for _ in 0..5 {
        page.chord(Key::Control, "z").await;
    }
    page.drawn().await;
    assert_eq!(page.get(names).await, json!(["a key", "a gem"]));
    assert_eq!(page.pixel(x, y).await, solid);
    for _ in 0..5 {
        page.chord(Key::Control, "y").await;
    }
    page.drawn().await;
    assert_eq!(page.get(names).await, json!(["a gem"]));
    assert_eq!(page.pixel(x, y).await, half);

    // Both pictures are still needed: undo may bring the deleted one back.
    page.wait("__MOCK__.calls.filter((call) => call.command === 'retain_images').at(-1)?.args.ids.length === 2").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_opens_saves_exports_copies_and_pastes() {
    let page = Page::open("stepMs=1").await;
    menu(&page, "file.save").await;
    page.wait("document.querySelector('#notice-error').textContent").await;
    assert_eq!(page.calls("save_document").await.len(), 0, "there is nothing to save");

    menu(&page, "file.open").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    assert_eq!(page.text(".layer-name").await, "opened.png");
    assert_eq!(page.get("document.title").await, json!("opened.png – Veetance Asset Editor"));
    menu(&page, "edit.paste").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 2").await;
    assert_eq!(page.get("document.title").await, json!("• opened.png – Veetance Asset Editor"));
    menu(&page, "file.save").await;
    page.wait("document.querySelector('#notice').textContent.includes('/home/artist/potion.ora')")
        .await;
    assert_eq!(page.get("document.title").await, json!("potion.ora – Veetance Asset Editor"));
    let saved = page.calls("save_document").await;
    let document = &saved[0]["document"];
    assert_eq!(saved[0]["path"], json!(null), "a PNG holds no layers, so the place is asked for");
    assert_eq!(saved[0]["name"], json!("opened.png"));
    assert_eq!(
        json!([document["width"], document["height"], document["depth"]]),
        json!([64, 48, 8])
    );
    let layer = &document["layers"][1];
    assert_eq!(
        json!([
            layer["image"],
            layer["x"],
            layer["y"],
            layer["opacity"],
            layer["visible"],
            layer["blend"]
        ]),
        json!([2, 0, 0, 1, true, "normal"])
    );

    menu(&page, "file.save").await;
    page.wait("__MOCK__.calls.filter((call) => call.command === 'save_document').length === 2")
        .await;
    assert_eq!(page.calls("save_document").await[1]["path"], json!("/home/artist/potion.ora"));
    for format in ["psd", "psb", "ora", "png", "webp", "jpeg", "zip"] {
        menu(&page, &format!("file.export-{format}")).await;
        page.wait(&format!(
            "document.querySelector('#notice').textContent.includes('potion.{format}')"
        ))
        .await;
    }
    let exported = page.calls("export_document").await;
    assert_eq!(exported.len(), 7);
    assert_eq!(exported[0]["document"], *document, "the whole document is exported");
    page.click("#export").await;
    page.click("[data-format='webp']").await;
    page.wait("document.querySelector('#notice').textContent.includes('potion.webp')").await;
    assert_eq!(page.get("document.querySelector('#export-dialog').open").await, json!(false));
    menu(&page, "edit.copy").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'copy_image')").await;

    menu(&page, "file.new").await;
    page.wait("document.querySelector('#new-dialog').open").await;
    // What a dialog asks is answered first.
    menu(&page, "edit.undo").await;
    page.keys(Key::Escape).await;
    page.wait("!document.querySelector('#new-dialog').open").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 2").await;
    menu(&page, "help.shortcuts").await;
    page.wait("document.querySelector('#shortcuts-dialog').open").await;
    page.keys(Key::Escape).await;
    page.wait("!document.querySelector('#shortcuts-dialog').open").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_files_become_layers_and_what_is_no_picture_is_told() {
    let page = Page::open("").await;
    page.run("__MOCK__.emit('tauri://drag-enter', {})").await;
    assert_eq!(page.get("document.body.classList.contains('is-dropping')").await, json!(true));
    let drop = "(paths, x, y) => __MOCK__.emit('tauri://drag-drop', { paths, position: { x, y } })";
    page.run(&format!("({drop})(['/a/one.png', '/a/two.png'], 700, 400)")).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 2").await;
    assert_eq!(page.get("document.body.classList.contains('is-dropping')").await, json!(false));

    page.run(&format!("({drop})(['/a/notes.txt'], 700, 400)")).await;
    page.wait("document.querySelector('#notice-error').textContent.includes('not a picture')")
        .await;
    assert_eq!(page.layer_count().await, 2);

    page.click("#tab-new").await;
    page.run(&format!("({drop})(['/a/style.png'], 100, 400)")).await;
    page.wait("document.querySelectorAll('#references [data-reference-id]').length === 1").await;
    assert_eq!(page.layer_count().await, 2, "on the panel it is a reference");

    let given =
        "{ path: '/a/given.png', name: 'given.png', notes: [], document: { width: 64, height: 48,
        layers: [{ id: 1, name: 'given.png', image: 1, width: 64, height: 48 }] } }";
    page.run(&format!("__MOCK__.emit('open-file', {given})")).await;
    page.wait("document.querySelector('.layer-name').textContent === 'given.png'").await;
    assert_eq!(page.layer_count().await, 1);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_drop_and_a_pasted_picture_go_to_rust_as_raw_bytes() {
    let page = Page::open("").await;
    let transfer = "const data = new DataTransfer(); data.items.add(new File([new Uint8Array(20)], 'Grün & 1.png'))";
    page.run(&format!("{transfer}; document.querySelector('#stage').dispatchEvent(new DragEvent('drop', {{ bubbles: true, cancelable: true, dataTransfer: data }}))")).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    assert_eq!(page.calls("import_image").await, [json!({ "bytes": 20 })]);
    let headers =
        page.get("__MOCK__.calls.find((call) => call.command === 'import_image').headers").await;
    assert_eq!(headers, json!({ "x-image-name": "Gr%C3%BCn%20%26%201.png" }));
    assert_eq!(page.text(".layer-name").await, "Grün & 1.png");

    page.run(&format!("{transfer}; document.querySelector('#prompt').dispatchEvent(new ClipboardEvent('paste', {{ bubbles: true, cancelable: true, clipboardData: data }}))")).await;
    page.wait("document.querySelectorAll('#references [data-reference-id]').length === 1").await;

    page.run("document.querySelector('#stage').focus()").await;
    page.chord(Key::Control, "v").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 2").await;
    page.chord(Key::Control, "c").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'copy_image')").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_ordered_switched_off_and_sent() {
    let page = Page::open("stepMs=1").await;
    page.click("#tab-edit").await;
    for _ in 0..3 {
        page.click("#reference-from-file").await;
    }
    page.wait("document.querySelectorAll('#references [data-reference-id]').length === 3").await;
    page.click("[data-reference-id='3'] [data-part='earlier']").await;
    assert_eq!(
        page.get("document.activeElement.dataset.part").await,
        json!("earlier"),
        "the focus stays"
    );
    page.click("[data-reference-id='1'] [data-part='toggle']").await;
    page.make("a gem").await;
    assert_eq!(page.calls("generate").await[0]["request"]["references"], json!([3, 2]));

    page.click("[data-reference-id='3'] [data-part='remove']").await;
    page.click("#reference-from-layer").await;
    page.make("a gem").await;
    let sent = page.calls("generate").await[1]["request"]["references"].clone();
    assert_eq!(sent.as_array().map(Vec::len), Some(2));
    assert_eq!(sent[0], json!(2));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_renamed_and_moved_by_keys() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    page.make("a key").await;
    page.click("[data-layer-id='1'] .layer-select").await;
    page.keys(Key::F2).await;
    page.keys("Ruby").await;
    page.keys(Key::Enter).await;
    let names = "[...document.querySelectorAll('.layer-name')].map((name) => name.textContent)";
    assert_eq!(page.get(names).await, json!(["a key", "Ruby"]));
    page.chord(Key::Alt, Key::Up).await;
    assert_eq!(page.get(names).await, json!(["Ruby", "a key"]));
    page.keys(Key::Down).await;
    assert_eq!(
        page.get("document.querySelector('[aria-selected=true] .layer-name').textContent").await,
        json!("a key")
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layered_file_opens_as_a_tree_and_is_saved_as_it_came() {
    let page = Page::open(
        "stepMs=1&open=/home/artist/hero.psd&notes=One layer effect is kept but not shown.",
    )
    .await;
    menu(&page, "file.open").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    let notice = page.text("#notice").await;
    assert!(notice.contains("Opened hero.psd."), "{notice}");
    assert!(notice.contains("One layer effect is kept but not shown."), "{notice}");
    assert_eq!(
        page.get("document.querySelector('#make').hidden").await,
        json!(false),
        "a layered file is not about to be split"
    );

    menu(&page, "file.save").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'save_document')").await;
    let saved = &page.calls("save_document").await[0];
    assert_eq!(saved["path"], json!("/home/artist/hero.psd"));
    let document = &saved["document"];
    assert_eq!(json!([document["depth"], document["keep"]]), json!([16, "document-1"]));
    let paper = &document["layers"][0];
    assert_eq!(
        json!([paper["id"], paper["keep"], paper["lock"]["pixels"]]),
        json!([3, "layer-3", true])
    );
    let hat = &document["layers"][1]["children"][1];
    assert_eq!(hat["mask"]["id"], json!(1_u64 << 40));
    assert_eq!(document["layers"][1]["blend"], json!("pass-through"));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsaved_work_is_copied_after_some_seconds_and_offered_again_at_the_next_start() {
    let page = Page::open("stepMs=1&recovered=1").await;
    page.wait("document.querySelector('#recovery')").await;
    assert!(page.text("#recovery").await.contains("10 minutes ago"));
    assert_eq!(page.calls("autosave").await.len(), 0);
    page.click("#recovery [data-part='recover']").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    assert_eq!(page.get("document.title").await, json!("• dragon.psd – Veetance Asset Editor"));
    page.wait("__MOCK__.calls.some((call) => call.command === 'forget_recovered')").await;
    let copy = &page.calls("autosave").await[0];
    assert_eq!(copy["title"], json!("dragon.psd"));
    let slot = copy["slot"].as_str().unwrap_or_default().to_owned();
    assert!(!slot.is_empty() && slot.len() <= 40);
    assert!(
        slot.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    );
    assert_eq!(page.calls("forget_recovered").await, [json!({ "slot": "window-before" })]);

    menu(&page, "file.save").await;
    page.wait("__MOCK__.calls.filter((call) => call.command === 'forget_recovered').length === 2")
        .await;
    assert_eq!(page.calls("forget_recovered").await[1]["slot"], json!(slot));
    page.make("a gem").await;
    page.wait("__MOCK__.calls.filter((call) => call.command === 'autosave').length === 2").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovered_work_can_be_thrown_away() {
    let page = Page::open("recovered=1").await;
    page.wait("document.querySelector('#recovery')").await;
    page.click("#recovery [data-part='discard']").await;
    page.wait("!document.querySelector('#recovery')").await;
    assert_eq!(page.calls("forget_recovered").await, [json!({ "slot": "window-before" })]);
    assert_eq!(page.calls("open_recovered").await.len(), 0);
    assert_eq!(page.layer_count().await, 0);
    page.close().await;
}

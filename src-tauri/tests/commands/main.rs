//! What the page gets when it calls, without a display.

mod decompose;
mod documents;
mod generate;
mod images;
mod kept;
mod library;
mod page;
mod pixels;
mod recovery;
mod session;

use page::Page;
use serde_json::{Value, json};

#[test]
fn the_engine_is_ready_soon_after_the_start() {
    let page = Page::open();
    // Commands that need the engine wait for it.
    page.call("cancel", json!({ "jobId": 1 })).expect("unknown jobs are ignored");
    let status = page.call("engine_status", json!({})).expect("a status");
    assert_eq!(status["state"], "ready");
    assert_eq!(status["message"], Value::Null);
    assert!(status["device"].as_str().expect("a name").starts_with("CPU ("), "{status}");
}

#[test]
fn models_are_listed_with_what_the_page_shows() {
    let page = Page::open();
    let models = page.call("list_models", json!({})).expect("models");
    let models = models.as_array().expect("a list");
    let starter = &models[0];
    assert_eq!(starter["id"], "starter");
    assert_eq!(starter["source"], "starter");
    for key in ["isStarter", "distilled", "ready"] {
        assert_eq!(starter[key], true, "{key} of {starter}");
    }
    assert_eq!(starter["missing"], json!([]));
    assert_eq!(starter["tasks"], json!(["generate"]));
    let defaults = &starter["defaults"];
    assert!(defaults["width"].is_u64() && defaults["steps"].is_u64(), "{defaults}");
    assert!(defaults["height"].is_u64() && defaults["guidance"].is_f64(), "{defaults}");
    let klein = models.iter().find(|model| model["id"] == "klein-4b").expect("the catalogue");
    assert_eq!(klein["ready"], false);
    assert_ne!(klein["missing"], json!([]));
    let layered = models.iter().find(|model| model["id"] == "qwen-image-layered");
    let layered = layered.expect("the catalogue");
    assert_eq!(layered["tasks"], json!(["decompose"]));
    assert_eq!(layered["defaults"]["layers"], 4);
}

#[test]
fn what_is_not_allowed_by_name_is_refused() {
    let page = Page::open();
    for command in ["plugin:fs|read_file", "plugin:dialog|open", "plugin:window|close", "shell"] {
        let error = page.call(command, json!({ "path": "/etc/passwd" })).expect_err(command);
        assert!(error.is_string(), "{command}: {error}");
    }
}

/// The code that a refused call carries; its message is one sentence.
pub(crate) fn code(reply: Result<Value, Value>) -> String {
    let error = reply.expect_err("refused");
    let message = error["message"].as_str().expect("a message");
    assert!(message.ends_with('.') && !message.contains('\n'), "not a sentence: {message}");
    error["code"].as_str().expect("a code").to_owned()
}

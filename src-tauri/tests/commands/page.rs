//! Plays the page: calls commands on Tauri's mock runtime, with the real permissions.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};
use tauri::{
    App, Manager, WebviewWindow,
    http::{HeaderMap, HeaderValue},
    ipc::{CallbackFn, InvokeBody, InvokeResponseBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder},
    webview::InvokeRequest,
};

/// Longer than any run of the tiny model takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Width, height, RGBA.
pub(crate) type Pixels = (u32, u32, Vec<u8>);

/// An app without a display, and its page.
pub(crate) struct Page {
    app: App<MockRuntime>,
    window: WebviewWindow<MockRuntime>,
    events: mpsc::Receiver<Value>,
}

impl Page {
    /// An app whose starter model is the tiny one of the tests.
    pub(crate) fn open() -> Self {
        let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/flux2-klein");
        Self::open_with(app::Settings {
            roots: engine::Roots { starter, ..engine::Roots::default() },
            ..app::Settings::default()
        })
    }

    pub(crate) fn open_with(settings: app::Settings) -> Self {
        let (sender, events) = mpsc::channel();
        let builder = mock_builder().channel_interceptor(move |_, _, _, body| {
            let event = body.clone().deserialize().expect("channels carry JSON");
            sender.send(event).is_ok()
        });
        let mut app = app::configure(builder, settings).build(app::context()).expect("an app");
        #[expect(deprecated, reason = "`run` would not return; one iteration does the setup")]
        app.run_iteration(|_, _| {});
        let window = app.get_webview_window("main").expect("the main window");
        Self { app, window, events }
    }

    pub(crate) fn app(&self) -> &App<MockRuntime> {
        &self.app
    }

    pub(crate) fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let body = self.send(command, InvokeBody::Json(arguments), HeaderMap::new())?;
        Ok(body.deserialize().expect("JSON"))
    }

    pub(crate) fn import(&self, name: &str, bytes: Vec<u8>) -> Result<Value, Value> {
        let mut headers = HeaderMap::new();
        headers.insert("x-image-name", HeaderValue::from_str(name).expect("an encoded name"));
        let body = self.send("import_image", InvokeBody::Raw(bytes), headers)?;
        Ok(body.deserialize().expect("JSON"))
    }

    /// Sends pixels as a body, and what they are as a header.
    pub(crate) fn patch(
        &self,
        command: &str,
        about: &Value,
        pixels: Vec<u8>,
    ) -> Result<Value, Value> {
        let mut headers = HeaderMap::new();
        headers.insert("x-about", HeaderValue::from_str(&about.to_string()).expect("a header"));
        let body = self.send(command, InvokeBody::Raw(pixels), headers)?;
        Ok(body.deserialize().expect("JSON"))
    }

    pub(crate) fn bytes(&self, command: &str, arguments: Value) -> Result<Vec<u8>, Value> {
        match self.send(command, InvokeBody::Json(arguments), HeaderMap::new())? {
            InvokeResponseBody::Raw(bytes) => Ok(bytes),
            InvokeResponseBody::Json(text) => panic!("pixels came as JSON: {text}"),
        }
    }

    pub(crate) fn open_document(&self, path: &Path) -> Result<Value, Value> {
        self.call("open_document_path", json!({ "path": path }))
    }

    pub(crate) fn load(&self, id: &Value) -> Result<Pixels, Value> {
        self.pixels("load_image", json!({ "id": id }))
    }

    pub(crate) fn render(&self, document: &Value, max_side: Value) -> Result<Pixels, Value> {
        self.pixels("render_document", json!({ "document": document, "maxSide": max_side }))
    }

    fn pixels(&self, command: &str, arguments: Value) -> Result<Pixels, Value> {
        let body = InvokeBody::Json(arguments);
        let InvokeResponseBody::Raw(bytes) = self.send(command, body, HeaderMap::new())? else {
            panic!("pixels came as JSON");
        };
        let side = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        Ok((side(0), side(4), bytes[8..].to_vec()))
    }

    /// A small request with this and that changed.
    pub(crate) fn generate(&self, changes: Value) -> Result<Value, Value> {
        let mut request = json!({
            "model": "starter", "prompt": "a red potion", "negative": "", "width": 32, "height": 32,
            "steps": 2, "seed": 7, "guidance": 1.0, "references": [], "init": null, "mask": null,
            "strength": 1.0,
        });
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        request.as_object_mut().expect("an object").extend(changes);
        self.call("generate", json!({ "request": request, "onEvent": "__CHANNEL__:1" }))
    }

    pub(crate) fn next_event(&self) -> Value {
        self.events.recv_timeout(PATIENCE).expect("the run tells something")
    }

    /// Waits for the run's next event of this kind.
    pub(crate) fn until(&self, kind: &str) {
        loop {
            let event = self.next_event();
            if event["event"] == kind {
                return;
            }
            assert!(!is_end(&event), "the run ended without `{kind}`: {event}");
        }
    }

    /// Every event up to the one that ends the run.
    pub(crate) fn events_to_the_end(&self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.push(self.next_event());
            if events.last().is_some_and(is_end) {
                return events;
            }
        }
    }

    fn send(
        &self,
        command: &str,
        body: InvokeBody,
        headers: HeaderMap,
    ) -> Result<InvokeResponseBody, Value> {
        get_ipc_response(
            &self.window,
            InvokeRequest {
                cmd: command.into(),
                callback: CallbackFn(0),
                error: CallbackFn(1),
                url: "tauri://localhost".parse().expect("an address"),
                body,
                headers,
                invoke_key: INVOKE_KEY.into(),
            },
        )
    }
}

fn is_end(event: &Value) -> bool {
    let kind = event["event"].as_str().expect("a tagged event");
    ["finished", "cancelled", "failed"].contains(&kind)
}

/// A picture of one colour as a PNG.
pub(crate) fn png(folder: &Path, width: u32, height: u32, pixel: [u8; 4]) -> PathBuf {
    let pixels = pixel.repeat((width * height) as usize);
    let path = folder.join("picture.png");
    engine::Image::new(width, height, pixels)
        .and_then(|image| image.save_png(&path))
        .expect("a picture");
    path
}

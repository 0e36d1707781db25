//! The app in its window, driven as a person would.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use thirtyfour::{By, Capabilities, Key, WebDriver, WebElement};
use tokio::runtime::Runtime;

use crate::desk::{Desk, Group, app, free_port};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How long a model may take to separate a picture there.
const SPLIT_PATIENCE: Duration = Duration::from_secs(900);

pub(crate) struct Session<'a> {
    desk: &'a Desk,
    driver: WebDriver,
    runtime: Runtime,
    process: Group,
}

impl<'a> Session<'a> {
    /// Starts the app and waits until it can be used.
    pub(crate) fn start(desk: &'a Desk) -> Self {
        Self::start_program(desk, &app(), &[])
    }

    /// Starts what starts the app.
    pub(crate) fn start_program(desk: &'a Desk, program: &Path, arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = desk.command("WebKitWebDriver");
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let process = Group::start(command);
        let runtime = Runtime::new().expect("a runtime");
        until("the driver listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(())
        });
        let mut wanted = Capabilities::new();
        let options = json!({ "binary": program, "args": arguments });
        wanted.set("webkitgtk:browserOptions", options).expect("JSON");
        let address = format!("http://127.0.0.1:{port}");
        let driver = runtime.block_on(WebDriver::new(address, wanted)).expect("a session");
        let session = Self { desk, driver, runtime, process };
        session.until_true(
            "the app is ready",
            "const splash = document.querySelector('#splash');
             return (!splash || splash.hidden || getComputedStyle(splash).visibility === 'hidden')
                 && document.querySelector('#prompt')
                 && document.querySelector('#model')?.value;",
        );
        session
    }

    /// Runs a script in the page.
    pub(crate) fn script(&self, script: &str, arguments: &[Value]) -> Value {
        let result = self.runtime.block_on(self.driver.execute(script, arguments.to_vec()));
        result.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Runs a script that gets its promise's value.
    pub(crate) fn promise(&self, expression: &str, arguments: &[Value]) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             Promise.resolve({expression}).then((value) => done({{ value }}),
                                                (error) => done({{ error: error?.code ?? String(error) }}));"
        );
        let result = self.runtime.block_on(self.driver.execute_async(script, arguments.to_vec()));
        result.unwrap_or_else(|error| panic!("{expression}: {error}")).json().clone()
    }

    /// What a script gives to the function that is its last argument.
    pub(crate) fn asynchronously(&self, script: &str, arguments: &[Value]) -> Value {
        let result = self.runtime.block_on(self.driver.execute_async(script, arguments.to_vec()));
        result.unwrap_or_else(|error| panic!("{script:.400}: {error}")).json().clone()
    }

    /// The names of the app's processes, and the MiB that each holds.
    pub(crate) fn memory(&self) -> Vec<(String, u64)> {
        self.process.memory()
    }

    /// What the app's processes have taken of processors so far.
    pub(crate) fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    pub(crate) fn until_true(&self, what: &str, script: &str) {
        until(what, || {
            let value = self.script(script, &[]);
            let truthy =
                !matches!(&value, Value::Null | Value::Bool(false)) && value != "" && value != 0;
            truthy.then_some(())
        });
    }

    pub(crate) fn find(&self, css: &str) -> WebElement {
        let found = self.runtime.block_on(self.driver.find(By::Css(css)));
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub(crate) fn click(&self, css: &str) {
        let element = self.find(css);
        self.runtime.block_on(element.click()).unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Drags with the mouse from the middle of one element to a place in another one, by shares of its size.
    pub(crate) fn drag(&self, from: &str, to: &str, end: (f64, f64)) {
        self.drag_between((from, (0.5, 0.5)), (to, end));
    }

    /// Drags with the mouse between two places of one element, by shares of its size.
    pub(crate) fn drag_over(&self, css: &str, start: (f64, f64), end: (f64, f64)) {
        self.drag_between((css, start), (css, end));
    }

    fn drag_between(&self, from: (&str, (f64, f64)), to: (&str, (f64, f64))) {
        let place = |(css, (across, down)): (&str, (f64, f64))| -> (i64, i64) {
            let place = self.script(
                "const box = document.querySelector(arguments[0]).getBoundingClientRect();
                 return [Math.round(box.left + box.width * arguments[1]), Math.round(box.top + box.height * arguments[2])];",
                &[json!(css), json!(across), json!(down)],
            );
            serde_json::from_value(place).unwrap_or_else(|error| panic!("{css}: {error}"))
        };
        let (start, end) = (place(from), place(to));
        let middle = ((start.0 + end.0) / 2, (start.1 + end.1) / 2);
        let actions = self.driver.action_chain().move_to(start.0, start.1).click_and_hold();
        let actions = actions.move_to(middle.0, middle.1).move_to(end.0, end.1).release();
        self.runtime
            .block_on(actions.perform())
            .unwrap_or_else(|error| panic!("{}: {error}", from.0));
    }

    /// Replaces the text of a field.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.find(css);
        // A panel that was just asked for takes a moment to be there.
        until(css, || self.runtime.block_on(element.click()).ok());
        let typed = self.runtime.block_on(async {
            // Not `clear`: a number's field answers an empty text with its smallest number.
            element.send_keys(Key::Control + "a").await?;
            element.send_keys(text).await
        });
        typed.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    pub(crate) fn number_of_layers(&self) -> u64 {
        self.script("return document.querySelectorAll('#layers [data-layer-id]').length", &[])
            .as_u64()
            .expect("a number")
    }

    /// Paints a picture and waits for its layer.
    pub(crate) fn generate(&self, prompt: &str) {
        let before = self.number_of_layers();
        self.fill("#prompt", prompt);
        self.click("#generate");
        until("the layer is there", || {
            let error = self.script("return document.querySelector('#error').textContent", &[]);
            assert_eq!(error, "", "the run failed");
            (self.number_of_layers() > before).then_some(())
        });
        self.until_true("the run has ended", "return document.querySelector('#cancel').hidden");
    }

    /// Separates the chosen layer and waits until the new layers can be kept.
    pub(crate) fn split(&self) {
        self.click("#split-start");
        until_within(SPLIT_PATIENCE, "the layers wait", || {
            let error =
                self.script("return document.querySelector('#split-error').textContent", &[]);
            assert_eq!(error, "", "the run failed");
            let waits =
                self.script("return document.querySelector('#split-keep').checkVisibility()", &[]);
            (waits == true).then_some(())
        });
    }

    /// Waits for a native window and gives it the keyboard.
    pub(crate) fn native(&self, title: &str) -> String {
        let window = until(title, || self.desk.window(title));
        self.desk.focus(&window);
        window
    }

    pub(crate) fn screenshot(&self, path: &Path) {
        self.runtime.block_on(self.driver.screenshot(path)).expect("a screenshot");
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let name = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
            // What was seen last tells more than the line that failed.
            let _ = self.runtime.block_on(self.driver.screenshot(&path));
        }
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(what: &str, found: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, found)
}

fn until_within<T>(patience: Duration, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < patience, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

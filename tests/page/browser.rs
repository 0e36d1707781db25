//! Chromium for one test: its own driver on a free port, its own empty profile.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::server::PageServer;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test may choose before the page is opened.
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scale: f64,
    pub(crate) dark: bool,
    pub(crate) calm: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, height: 800, scale: 1.0, dark: false, calm: false }
    }
}

/// An open page. Fields are dropped in order: the session ends before its driver is killed.
pub(crate) struct Page {
    driver: WebDriver,
    _process: DriverProcess,
    _profile: TempDir,
    server: PageServer,
}

impl Page {
    /// Opens the page and waits until the splash is gone. `options` steer `mock.js`.
    pub(crate) async fn open(options: &str) -> Self {
        Self::open_as(options, Look::default()).await
    }

    pub(crate) async fn open_as(options: &str, look: Look) -> Self {
        let page = Self::start(options, look).await;
        page.wait("!document.querySelector('#splash')").await;
        page
    }

    /// Opens the page and waits for nothing.
    pub(crate) async fn start(options: &str, look: Look) -> Self {
        let server = PageServer::start();
        let profile = TempDir::new().expect("a temporary folder");
        let process = DriverProcess::start();
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            capabilities.add_arg(argument).expect("an argument of plain text");
        }
        let address = format!("http://127.0.0.1:{}", process.port);
        let driver = WebDriver::new(address, capabilities).await.expect("chromium starts");
        let page = Self { driver, _process: process, _profile: profile, server };
        page.set_look(&look).await;
        let url = format!("{}/?{options}", page.server.url());
        page.driver.goto(url).await.expect("the page opens");
        page
    }

    /// Opens the page anew in the same browser.
    pub(crate) async fn visit(&self, options: &str) {
        let url = format!("{}/?{options}", self.server.url());
        self.driver.goto(url).await.expect("the page opens");
    }

    pub(crate) async fn screenshot(&self, path: &Path) {
        self.driver.screenshot(path).await.expect("a screenshot");
    }

    /// What an expression's promise gives.
    pub(crate) async fn promise(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             Promise.resolve({expression}).then(done, (error) => done(String(error)))"
        );
        let result = self.driver.execute_async(script, vec![]).await;
        result.expect("the promise is kept").json().clone()
    }

    pub(crate) async fn set_look(&self, look: &Look) {
        let (width, height, scale) = (look.width, look.height, look.scale);
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let motion = if look.calm { "reduce" } else { "no-preference" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.expect(command)
    }

    /// The value of a JavaScript expression.
    pub(crate) async fn get(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression})")).await
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        match self.driver.execute(script, vec![]).await {
            Ok(result) => result.json().clone(),
            Err(error) => panic!("{script}: {error}"),
        }
    }

    /// What a script gives to the function that is its last argument.
    pub(crate) async fn asynchronously(&self, script: &str) -> Value {
        match self.driver.execute_async(script, vec![]).await {
            Ok(result) => result.json().clone(),
            Err(error) => panic!("{script:.400}: {error}"),
        }
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        let text = self.get(&format!("document.querySelector('{selector}').textContent")).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the expression is true.
    pub(crate) async fn wait(&self, expression: &str) {
        let start = Instant::now();
        while !self.get(&format!("Boolean({expression})")).await.as_bool().unwrap_or_default() {
            assert!(start.elapsed() < PATIENCE, "never true: {expression}\n{}", self.story().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until what changed is drawn.
    pub(crate) async fn drawn(&self) {
        let frames = "const done = arguments[0]; \
                      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))";
        self.driver.execute_async(frames, vec![]).await.expect("frames are drawn");
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.driver.find(By::Css(selector)).await.expect(selector);
        element.click().await.expect(selector);
    }

    /// Types into whatever has the focus.
    pub(crate) async fn keys(&self, text: impl Into<TypingData>) {
        self.driver
            .action_chain()
            .send_keys(text.into())
            .perform()
            .await
            .expect("keys are pressed");
    }

    pub(crate) async fn chord(&self, held: Key, key: impl Into<TypingData>) {
        let chain = self.driver.action_chain();
        let (press, release) = (held.clone(), held);
        chain
            .key_down(press)
            .send_keys(key.into())
            .key_up(release)
            .perform()
            .await
            .expect("keys are pressed");
    }

    /// The same with Control and Shift held.
    pub(crate) async fn control_shift(&self, key: &str) {
        let chain = self.driver.action_chain().key_down(Key::Control).key_down(Key::Shift);
        let chain = chain.send_keys(key).key_up(Key::Shift).key_up(Key::Control);
        chain.perform().await.expect("keys are pressed");
    }

    /// Turns the wheel over a point of the page.
    pub(crate) async fn wheel(&self, (x, y): (f64, f64), (dx, dy): (f64, f64), control: bool) {
        let modifiers = if control { 2 } else { 0 };
        let event = json!({
            "type": "mouseWheel", "x": x, "y": y, "deltaX": dx, "deltaY": dy, "modifiers": modifiers,
        });
        self.devtools("Input.dispatchMouseEvent", event).await;
        self.drawn().await;
    }

    /// Presses a mouse button at one point and lets it go at another.
    pub(crate) async fn drag(&self, button: &str, from: (f64, f64), to: (f64, f64)) {
        let held = if button == "middle" { 4 } else { 1 };
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let moves = [
            ("mouseMoved", from, "none", 0),
            ("mousePressed", from, button, held),
            ("mouseMoved", middle, button, held),
            ("mouseMoved", to, button, held),
            ("mouseReleased", to, button, 0),
        ];
        for (kind, (x, y), button, buttons) in moves {
            let event = json!({
                "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
            });
            self.devtools("Input.dispatchMouseEvent", event).await;
        }
        self.drawn().await;
    }

    /// The colour of a device pixel of the scene canvas.
    pub(crate) async fn pixel(&self, x: i64, y: i64) -> [u8; 4] {
        let script = format!(
            "[...document.querySelector('#canvas').getContext('2d').getImageData({x}, {y}, 1, 1).data]"
        );
        serde_json::from_value(self.get(&script).await).expect("four numbers")
    }

    /// Where the picture is on the canvas and how large, found by its edge on the overlay.
    pub(crate) async fn picture(&self) -> (i64, i64, i64, i64) {
        let script = "
            const canvas = document.querySelector('#canvas');
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            let [left, top, right, bottom] = [width, height, -1, -1];
            for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
              if (data[4 * (y * width + x) + 3] === 0) continue;
              left = Math.min(left, x); right = Math.max(right, x);
              top = Math.min(top, y); bottom = Math.max(bottom, y);
            }
            return [left, top, right - left + 1, bottom - top + 1];";
        serde_json::from_value(self.run(script).await).expect("four numbers")
    }

    /// The arguments of every call of a command.
    pub(crate) async fn calls(&self, command: &str) -> Vec<Value> {
        let script = format!("__MOCK__.calls.filter((call) => call.command === '{command}')");
        match self.get(&script).await {
            Value::Array(calls) => calls.into_iter().map(|call| call["args"].clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Writes a prompt, generates, and waits for the layer.
    pub(crate) async fn make(&self, prompt: &str) {
        let before = self.layer_count().await;
        self.run("const p = document.querySelector('#prompt'); p.focus(); p.select()").await;
        self.keys(prompt).await;
        self.chord(Key::Control, Key::Enter).await;
        self.wait(&format!(
            "document.querySelectorAll('#layers [data-layer-id]').length === {}",
            before + 1
        ))
        .await;
        self.wait("document.querySelector('#cancel').hidden").await;
        self.drawn().await;
    }

    pub(crate) async fn layer_count(&self) -> u64 {
        let count = self.get("document.querySelectorAll('#layers [data-layer-id]').length").await;
        count.as_u64().unwrap_or_default()
    }

    /// Ends the test: nothing may have gone wrong unseen.
    pub(crate) async fn close(self) {
        assert_eq!(self.get("__MOCK__.errors").await, json!([]), "the page complained");
        assert_eq!(self.server.missing(), Vec::<String>::new(), "files are missing");
        self.driver.quit().await.expect("chromium ends");
    }

    async fn story(&self) -> String {
        let script = "JSON.stringify({ errors: __MOCK__.errors, calls: __MOCK__.calls.slice(-5), \
                      text: document.body.innerText })";
        self.get(script).await.to_string()
    }
}

/// `chromedriver` on a port of its own choice, killed at the end.
struct DriverProcess {
    process: Child,
    port: u16,
}

impl DriverProcess {
    fn start() -> Self {
        // It takes one number for IPv4 and IPv6, and gives up when another program has one of them.
        (0..5).find_map(|_| Self::try_start()).expect("chromedriver says its port")
    }

    fn try_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`chromedriver` is installed (Debian: chromium-driver)");
        let output = process.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        let Some(port) = port else {
            let _ = process.kill();
            let _ = process.wait();
            return None;
        };
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, port })
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

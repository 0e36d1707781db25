//! Sends `ui/` with the shell's Content-Security-Policy and the mock in front of `main.js`.
//!
//! One thread and one request a connection: Chromium opens more connections than it uses, and
//! a server with a pool of threads (`tiny_http`) can let the one that matters wait for the idle ones.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

/// Its thread ends with the test process.
pub(crate) struct PageServer {
    address: SocketAddr,
    missing: Arc<Mutex<Vec<String>>>,
}

impl PageServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let missing = Arc::new(Mutex::new(Vec::new()));
        let not_found = Arc::clone(&missing);
        thread::spawn(move || {
            let policy: Arc<str> = policy().into();
            for connection in listener.incoming().map_while(Result::ok) {
                let (policy, not_found) = (Arc::clone(&policy), Arc::clone(&not_found));
                thread::spawn(move || answer(connection, &policy, &not_found));
            }
        });
        Self { address, missing }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Paths that were asked for and are not there.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.lock().expect("no thread panics with it").clone()
    }
}

fn answer(mut connection: TcpStream, policy: &str, missing: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    // The headers say nothing that matters here, but must be read before the answer.
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let url = request.split(' ').nth(1).unwrap_or_default();
    let path = url.split('?').next().unwrap_or_default();
    let (status, kind, body) = match body(path) {
        Some((kind, body)) => ("200 OK", kind, body),
        None => {
            missing.lock().expect("no thread panics with it").push(path.to_owned());
            ("404 Not Found", "text/plain", Vec::new())
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {policy}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // The browser may be gone already.
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&body));
}

fn body(path: &str) -> Option<(&'static str, Vec<u8>)> {
    let root = repository();
    match path {
        "/favicon.ico" => Some(("image/x-icon", Vec::new())),
        "/mock.js" => {
            let mut script = fs::read(root.join("tests/page/mock-regions.js")).ok()?;
            for name in ["mock-library", "mock-machine", "mock"] {
                script.extend(fs::read(root.join(format!("tests/page/{name}.js"))).ok()?);
            }
            Some(("text/javascript", script))
        }
        "/mock-pixels.js" => {
            Some(("text/javascript", fs::read(root.join("tests/page/mock-pixels.js")).ok()?))
        }
        "/" => {
            let page = fs::read_to_string(root.join("ui/index.html")).ok()?;
            let module = "<script type=\"module\"";
            let mocks =
                "<script src=\"/mock-pixels.js\"></script><script src=\"/mock.js\"></script>";
            let mocked = format!("{mocks}{module}");
            Some(("text/html; charset=utf-8", page.replacen(module, &mocked, 1).into_bytes()))
        }
        // Tests may ask what the page thinks, and say what a tool would.
        "/main.js" => {
            let script = fs::read_to_string(root.join("ui/main.js")).ok()?;
            let store = "const store = createStore(";
            let told = "const store = globalThis.__STORE__ = createStore(";
            Some(("text/javascript", script.replacen(store, told, 1).into_bytes()))
        }
        _ => {
            let file = root.join("ui").join(path.trim_start_matches('/'));
            let kind = match file.extension()?.to_str()? {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml",
                _ => return None,
            };
            Some((kind, fs::read(file).ok()?))
        }
    }
}

/// The policy of the shipped window, so that the tests break what the window would break.
fn policy() -> String {
    let path = repository().join("src-tauri/tauri.conf.json");
    let text = fs::read_to_string(path).expect("tauri.conf.json is there");
    let config: serde_json::Value = serde_json::from_str(&text).expect("tauri.conf.json is JSON");
    config["app"]["security"]["csp"].as_str().expect("tauri.conf.json has a policy").to_owned()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

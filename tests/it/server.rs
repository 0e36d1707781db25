//! A server on this machine that misbehaves when it is told to.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What a path answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    /// Headers beside those of the length.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether it can send a part.
    pub(crate) ranges: bool,
    /// What goes wrong, one fault for each request; none when they are used up.
    pub(crate) faults: Vec<Fault>,
}

#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Only a status, and perhaps a header.
    Status(u16, &'static str),
    /// The connection ends after so many bytes of the body.
    Drop(usize),
    /// The length that is announced.
    Length(usize),
    /// More bytes than the file has, with no length announced.
    Endless(usize),
    /// Another place.
    Redirect(String),
    /// The range that was asked for is ignored.
    Whole,
}

/// What was asked, in order: method, path and headers in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<BTreeMap<String, Answer>>,
    asked: Mutex<Vec<Asked>>,
    sent: AtomicU64,
    /// Bytes a second; 0 is as fast as it goes.
    speed: AtomicU64,
    ended: AtomicBool,
}

pub(crate) struct Server {
    port: u16,
    shared: Arc<Shared>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let shared = Arc::new(Shared::default());
        let other = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if other.ended.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&other);
                // A client that is killed is no fault of the server's.
                thread::spawn(move || stream.map(|stream| serve(stream, &shared)));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.shared.answers.lock().expect("no panic").insert(path.to_owned(), answer);
    }

    pub(crate) fn slow_down(&self, bytes_per_second: u64) {
        self.shared.speed.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Bytes of bodies that clients have been sent.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no panic").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A file with a strong tag that can be sent in parts.
pub(crate) fn file(body: &[u8]) -> Answer {
    Answer {
        body: body.to_owned(),
        headers: vec![("ETag".into(), "\"one\"".into())],
        ranges: true,
        faults: Vec::new(),
    }
}

/// Bytes in no order that are the same each time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56) as u8
        })
        .collect()
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(asked) = read(&mut reader)? {
        shared.asked.lock().expect("no panic").push(asked.clone());
        if !reply(&stream, shared, &asked)? {
            return stream.shutdown(std::net::Shutdown::Both);
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.by_ref().take(8192).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.by_ref().take(8192).read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_lowercase(), value.trim().to_owned());
            }
            None => return Ok(Some(Asked { method, path, headers })),
        }
    }
}

/// Answers, and says whether the connection goes on.
fn reply(mut stream: &TcpStream, shared: &Shared, asked: &Asked) -> std::io::Result<bool> {
    let (answer, fault) = {
        let mut answers = shared.answers.lock().expect("no panic");
        match answers.get_mut(&asked.path) {
            None => (Answer::default(), Some(Fault::Status(404, ""))),
            Some(answer) => {
                let fault = (!answer.faults.is_empty()).then(|| answer.faults.remove(0));
                (answer.clone(), fault)
            }
        }
    };
    let body = &answer.body;
    let range = asked
        .headers
        .get("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let etag = answer.headers.iter().find(|(name, _)| name == "ETag").map(|(_, value)| value);
    let is_same = asked.headers.get("if-range").is_none_or(|tag| Some(tag) == etag);
    let range = range.filter(|_| answer.ranges && is_same && !matches!(fault, Some(Fault::Whole)));
    let start = range.unwrap_or(0);
    let mut head = match &fault {
        Some(Fault::Status(status, header)) => {
            write!(stream, "HTTP/1.1 {status} Fault\r\n{header}Content-Length: 0\r\n\r\n")?;
            return Ok(true);
        }
        Some(Fault::Redirect(to)) => {
            let mut head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n");
            for (name, value) in &answer.headers {
                head += &format!("{name}: {value}\r\n");
            }
            write!(stream, "{head}\r\n")?;
            return Ok(true);
        }
        _ if start > 0 && start >= body.len() => {
            write!(stream, "HTTP/1.1 416 Range\r\nContent-Length: 0\r\n\r\n")?;
            return Ok(true);
        }
        _ if range.is_some() => format!(
            "HTTP/1.1 206 Part\r\nContent-Range: bytes {start}-{}/{}\r\n",
            body.len() - 1,
            body.len()
        ),
        _ => "HTTP/1.1 200 OK\r\n".to_owned(),
    };
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let part = &body[start..];
    match &fault {
        Some(Fault::Endless(_)) => head += "Connection: close\r\n",
        Some(Fault::Length(length)) => head += &format!("Content-Length: {length}\r\n"),
        _ => head += &format!("Content-Length: {}\r\n", part.len()),
    }
    write!(stream, "{head}\r\n")?;
    if asked.method == "HEAD" {
        return Ok(true);
    }
    match &fault {
        Some(Fault::Drop(bytes)) => {
            send(stream, shared, &part[..(*bytes).min(part.len())])?;
            Ok(false)
        }
        Some(Fault::Endless(bytes)) => {
            send(stream, shared, part)?;
            send(stream, shared, &vec![0; *bytes])?;
            Ok(false)
        }
        Some(Fault::Length(length)) if *length > part.len() => {
            send(stream, shared, part)?;
            Ok(false)
        }
        Some(Fault::Length(length)) => send(stream, shared, &part[..*length]).map(|()| true),
        _ => send(stream, shared, part).map(|()| true),
    }
}

fn send(mut stream: &TcpStream, shared: &Shared, bytes: &[u8]) -> std::io::Result<()> {
    let speed = shared.speed.load(Ordering::Relaxed);
    // A slow server sends small pieces, so that few bytes are on their way when a client is killed.
    let size = if speed == 0 { 1 << 16 } else { 1 << 11 };
    for chunk in bytes.chunks(size) {
        stream.write_all(chunk)?;
        shared.sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        if speed > 0 {
            thread::sleep(Duration::from_secs_f64(chunk.len() as f64 / speed as f64));
        }
    }
    Ok(())
}

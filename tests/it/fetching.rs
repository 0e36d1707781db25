use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use downloads::{Checked, Client, Error, Event, Item, Sha256, Token, fetch};
use tempfile::TempDir;

use crate::server::{Answer, Fault, Server, file, noise};

/// A server with one file, and a folder for it.
struct Bench {
    server: Server,
    body: Vec<u8>,
    folder: TempDir,
}

impl Bench {
    fn new(answer: impl FnOnce(&[u8]) -> Answer) -> Self {
        let (server, body) = (Server::start(), noise(300_000));
        server.answer("/a", answer(&body));
        Self { server, body, folder: tempfile::tempdir().expect("a folder") }
    }

    fn with_faults(faults: &[Fault]) -> Self {
        Self::new(|body| Answer { faults: faults.to_vec(), ..file(body) })
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("below/a.bin")
    }

    /// What a catalogue that knows all would say.
    fn item(&self) -> Item {
        Item {
            url: format!("{}/a", self.server.address()),
            page: "https://example.org/a".into(),
            target: self.target(),
            size: Some(self.body.len() as u64),
            sha256: Some(sha256(&self.body)),
        }
    }

    fn fetch(&self, item: &Item) -> Result<Checked, Error> {
        let client = Client::new(&self.server.address(), None).expect("a client");
        fetch(&client, item, &AtomicBool::new(false), &mut |_| {})
    }

    fn gets(&self, item: &Item) -> Checked {
        let checked = self.fetch(item).unwrap_or_else(|error| panic!("{error}"));
        assert!(fs::read(self.target()).expect("it is there") == self.body, "another content");
        self.assert_clean();
        checked
    }

    fn refuses(&self, item: &Item) -> Error {
        let error = self.fetch(item).expect_err("it should be refused");
        assert!(!self.target().exists(), "a file that was refused is there: {error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        error
    }

    /// Nothing lies beside the file.
    fn assert_clean(&self) {
        let folder = self.folder.path().join("below");
        let names: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(names, ["a.bin"]);
    }

    fn ranges(&self) -> Vec<Option<String>> {
        let asked = self.server.asked();
        asked.iter().map(|asked| asked.headers.get("range").cloned()).collect()
    }
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    Sha256::of_file(file.path(), |_| false).expect("a hash")
}

#[test]
fn a_connection_that_drops_is_taken_up_where_it_was() {
    let bench = Bench::with_faults(&[Fault::Drop(100_000), Fault::Drop(50_000)]);
    assert_eq!(bench.gets(&bench.item()), Checked::Known);
    let ranges = bench.ranges();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert_eq!(ranges[0], None);
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
    assert_eq!(bench.server.sent(), bench.body.len() as u64, "bytes were sent twice");
}

#[test]
fn servers_that_are_busy_are_asked_again_when_they_say() {
    let bench = Bench::with_faults(&[
        Fault::Status(500, ""),
        Fault::Status(429, "Retry-After: 1\r\n"),
        Fault::Status(503, "Retry-After: 0\r\n"),
    ]);
    let client = Client::new(&bench.server.address(), None).expect("a client");
    let mut waits = Vec::new();
    let checked = fetch(&client, &bench.item(), &AtomicBool::new(false), &mut |event| {
        if let Event::Waiting { seconds, .. } = event {
            waits.push(seconds);
        }
    });
    assert_eq!(checked.expect("it comes in the end"), Checked::Known);
    assert_eq!(waits, [0.5, 1.0], "a wait of nothing is none");
    let bench = Bench::with_faults(&[Fault::Status(429, "Retry-After: 86400\r\n")]);
    let error = bench.refuses(&bench.item());
    assert!(error.to_string().contains("1440 minutes"), "{error}");
}

#[test]
fn what_only_the_user_can_mend_is_said_at_once() {
    for (status, words) in
        [(401, "signed in"), (403, "accept the licence"), (404, "not there (404)"), (400, "400")]
    {
        let bench = Bench::with_faults(&[Fault::Status(status, "")]);
        let error = bench.refuses(&bench.item());
        assert!(error.to_string().contains(words), "{status}: {error}");
        assert_eq!(bench.ranges().len(), 1, "{status} was asked again");
    }
}

#[test]
fn another_size_than_the_announced_one_is_refused() {
    let bench = Bench::with_faults(&[]);
    for size in [1, 299_999, 300_001] {
        let error = bench.refuses(&Item { size: Some(size), ..bench.item() });
        assert!(matches!(error, Error::WrongSize { .. }), "{size}: {error}");
    }
    assert_eq!(fs::read_dir(bench.folder.path().join("below")).expect("a folder").count(), 0);
    // More than was announced, by a server that announces nothing.
    let bench = Bench::with_faults(&[Fault::Endless(5)]);
    let error = bench.refuses(&bench.item());
    assert!(matches!(error, Error::WrongSize { .. }), "{error}");
    // The server itself says two things.
    let bench = Bench::with_faults(&[Fault::Length(300_005)]);
    let error = bench.refuses(&bench.item());
    assert!(matches!(error, Error::WrongSize { .. }), "{error}");
}

#[test]
fn another_content_than_the_announced_one_is_refused_and_not_kept() {
    let bench = Bench::with_faults(&[]);
    let item = Item { sha256: Some(sha256(b"another")), ..bench.item() };
    let error = bench.refuses(&item);
    assert!(matches!(error, Error::WrongContent { .. }), "{error}");
    assert_eq!(fs::read_dir(bench.folder.path().join("below")).expect("a folder").count(), 0);
    // A server that states its hash is refused before a byte is read.
    let bench = Bench::new(|body| Answer {
        headers: vec![("X-Linked-Etag".into(), format!("\"{}\"", sha256(body)))],
        ..file(body)
    });
    let mut bytes = 0;
    let client = Client::new(&bench.server.address(), None).expect("a client");
    let item = Item { sha256: item.sha256, ..bench.item() };
    let refused = fetch(&client, &item, &AtomicBool::new(false), &mut |event| {
        if let Event::Progress(progress) = event {
            bytes = progress.done;
        }
    });
    assert!(matches!(refused, Err(Error::WrongContent { .. })) && bytes == 0, "{refused:?}");
}

#[test]
fn where_the_catalogue_knows_no_hash_the_server_s_is_checked_and_said_to_be() {
    let unknown = |bench: &Bench| Item { size: None, sha256: None, ..bench.item() };
    let stating = |hash: String| {
        Bench::new(|body| Answer {
            headers: vec![("X-Linked-Etag".into(), hash), ("ETag".into(), "\"x\"".into())],
            ..file(body)
        })
    };
    let bench = stating(format!("\"{}\"", sha256(&noise(300_000))));
    assert_eq!(bench.gets(&unknown(&bench)), Checked::Stated);
    let bench = stating(format!("\"{}\"", sha256(b"another")));
    assert!(matches!(bench.refuses(&unknown(&bench)), Error::WrongContent { .. }));
    let bench = Bench::with_faults(&[]);
    assert_eq!(bench.gets(&unknown(&bench)), Checked::Unknown);
}

#[test]
fn a_file_that_changed_at_its_source_is_begun_anew() {
    let bench = Bench::with_faults(&[Fault::Drop(100_000)]);
    let item = Item { size: None, sha256: None, ..bench.item() };
    let client = Client::new(&bench.server.address(), None).expect("a client");
    let stop = AtomicBool::new(false);
    let stopped = fetch(&client, &item, &stop, &mut |event| {
        if matches!(event, Event::Waiting { .. }) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    let newer: Vec<u8> = bench.body.iter().map(|byte| !byte).collect();
    let headers = vec![("ETag".into(), "\"two\"".into())];
    bench.server.answer("/a", Answer { headers, ..file(&newer) });
    bench.fetch(&item).expect("it comes");
    assert!(fs::read(bench.target()).expect("it is there") == newer, "two files were mixed");
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let bench = Bench::new(|body| Answer {
        ranges: false,
        faults: vec![Fault::Drop(100_000)],
        ..file(body)
    });
    assert_eq!(bench.gets(&bench.item()), Checked::Known);
    let bench = Bench::with_faults(&[Fault::Drop(100_000), Fault::Whole]);
    assert_eq!(bench.gets(&bench.item()), Checked::Known);
}

#[test]
fn what_was_kept_and_is_damaged_costs_one_more_try() {
    let bench = Bench::with_faults(&[]);
    let partial = bench.folder.path().join("below/a.bin.partial");
    fs::create_dir(bench.folder.path().join("below")).expect("a folder");
    let state = "{\"size\":300000,\"etag\":\"\\\"one\\\"\"}";
    // Zeros where bytes should be; more than there is; another file; nonsense.
    for (kept, state) in [
        (vec![0; 100_000], state),
        (vec![0; 400_000], state),
        (vec![0; 300_000], state),
        (bench.body[..1000].to_vec(), "{\"size\":5}"),
        (bench.body[..1000].to_vec(), "nonsense"),
    ] {
        fs::write(&partial, kept).expect("written");
        fs::write(partial.with_extension("partial.json"), state).expect("written");
        assert_eq!(bench.gets(&bench.item()), Checked::Known);
        fs::remove_file(bench.target()).expect("it was there");
    }
}

#[test]
fn a_token_never_reaches_another_host_and_redirects_stay_encrypted() {
    let (home, other) = (Server::start(), Server::start());
    let body = noise(1000);
    let folder = tempfile::tempdir().expect("a folder");
    let redirect = |to: String| Answer { faults: vec![Fault::Redirect(to)], ..file(&body) };
    other.answer("/b", file(&body));
    home.answer("/a", redirect(format!("{}/b", other.address())));
    home.answer("/c", redirect("/d".into()));
    home.answer("/d", file(&body));
    home.answer("/e", redirect("http://example.org/e".into()));
    home.answer("/f", redirect("file:///etc/passwd".into()));
    let token = Token::new("hf_secret").expect("a token");
    let client = Client::new(&home.address(), Some(token)).expect("a client");
    let get = |path: &str| {
        let item = Item {
            url: format!("{}{path}", home.address()),
            page: "https://example.org".into(),
            target: folder.path().join(&path[1..]),
            size: Some(1000),
            sha256: Some(sha256(&body)),
        };
        fetch(&client, &item, &AtomicBool::new(false), &mut |_| {})
    };
    get("/a").expect("it comes from the other host");
    get("/c").expect("it comes from the same host");
    for path in ["/e", "/f"] {
        let error = get(path).expect_err("it is not encrypted");
        assert!(matches!(error, Error::NotSecure { .. }), "{error}");
    }
    let tokens = |server: &Server| -> Vec<bool> {
        server.asked().iter().map(|asked| asked.headers.contains_key("authorization")).collect()
    };
    assert_eq!(tokens(&other), [false]);
    assert!(tokens(&home).into_iter().all(|seen| seen));
}

#[test]
fn endless_redirects_end() {
    let server = Server::start();
    let to = |path: &str| vec![Fault::Redirect(path.to_owned()); 20];
    server.answer("/a", Answer { faults: to("/a"), ..Answer::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let item = Item {
        url: format!("{}/a", server.address()),
        page: "https://example.org".into(),
        target: folder.path().join("a"),
        size: None,
        sha256: None,
    };
    let client = Client::new(&server.address(), None).expect("a client");
    let error = fetch(&client, &item, &AtomicBool::new(false), &mut |_| {}).expect_err("no end");
    assert!(error.to_string().contains("without end"), "{error}");
}

#[test]
fn stopping_keeps_what_came_and_the_next_call_goes_on() {
    let bench = Bench::with_faults(&[]);
    bench.server.slow_down(1_000_000);
    let client = Client::new(&bench.server.address(), None).expect("a client");
    let stop = AtomicBool::new(false);
    let (mut events, mut last) = (0, 0);
    let stopped = fetch(&client, &bench.item(), &stop, &mut |event| {
        if let Event::Progress(progress) = event {
            assert!(progress.done >= last, "it went back");
            (events, last) = (events + 1, progress.done);
            stop.store(last > 50_000, Ordering::Relaxed);
        }
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert!(events >= 2 && last > 50_000);
    bench.server.slow_down(0);
    let before = bench.server.sent();
    assert_eq!(bench.gets(&bench.item()), Checked::Known);
    let again = bench.server.sent() - before;
    assert!(again <= bench.body.len() as u64 - last, "{again} bytes came again");
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let bench = Bench::with_faults(&[]);
    fs::write(bench.folder.path().join("below"), b"a file").expect("written");
    let error = bench.fetch(&bench.item()).expect_err("there is a file in the way");
    assert!(error.to_string().contains("below"), "{error}");
    let error = bench.fetch(&Item { target: "/proc/a/b".into(), ..bench.item() });
    assert!(matches!(error, Err(Error::Io { .. })), "{error:?}");
    assert!(!Path::new("/proc/a").exists());
}

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use crate::{
    model_folder::reference,
    program::{Bench, Run, finish},
    server::{Answer, Fault, Server, file, noise},
};

/// A catalogue of one small model whose files the server has: the fixture, and something large.
struct Shop {
    bench: Bench,
    server: Server,
    /// Path below the repository, and content.
    files: Vec<(String, Vec<u8>)>,
}

impl Shop {
    /// All files of the fixture.
    fn new() -> Self {
        let base = reference("flux2-klein");
        let mut files = Vec::new();
        let mut open = vec![base.clone()];
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path())
            {
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&base).expect("below it").to_string_lossy();
                    files.push((name.into_owned(), fs::read(&path).expect("a file")));
                }
            }
        }
        files.sort();
        Self::of(files)
    }

    /// One large file.
    fn large(length: usize) -> Self {
        Self::of(vec![("transformer/large.safetensors".into(), noise(length))])
    }

    fn of(files: Vec<(String, Vec<u8>)>) -> Self {
        let (bench, server) = (Bench::new(), Server::start());
        for (path, body) in &files {
            server.answer(&format!("/me/small/resolve/main/{path}"), file(body));
        }
        let shop = Self { bench, server, files };
        shop.write_catalog(&shop.catalog(true));
        shop
    }

    fn catalog(&self, with_hashes: bool) -> String {
        let mut text = String::from(
            "[[licence]]\nid = \"mine\"\nname = \"My Licence\"\nversion = \"3\"\nurl = \"https://example.org/licence\"\nsummary = \"Be kind.\"\ncommercial = false\n",
        );
        for (component, folder) in [
            ("transformer", "transformer/"),
            ("text_encoder", "text_encoder/"),
            ("vae", "vae/"),
            ("settings", ""),
        ] {
            let files: Vec<String> = self
                .files
                .iter()
                .filter(|(path, _)| self.component(path) == folder)
                .map(|(path, body)| {
                    let known = format!(", size = {}, sha256 = \"{}\"", body.len(), sha256(body));
                    let known = if with_hashes { known } else { String::new() };
                    format!("{{ path = \"{path}\"{known} }}")
                })
                .collect();
            if !files.is_empty() {
                text += &format!(
                    "[[part]]\nid = \"small-{component}\"\ncomponent = \"{component}\"\nrepository = \"me/small\"\nfolder = \"small\"\nlicence = \"mine\"\nfiles = [{}]\n",
                    files.join(", ")
                );
            }
        }
        let parts: Vec<&str> = ["transformer", "text_encoder", "vae", "settings"]
            .into_iter()
            .filter(|part| text.contains(&format!("\"small-{part}\"")))
            .collect();
        let parts: Vec<String> = parts.iter().map(|part| format!("\"small-{part}\"")).collect();
        text + &format!(
            "[[model]]\nid = \"small\"\nname = \"Small\"\nnote = \"Small.\"\nfolder = \"small\"\nlicence = \"mine\"\nwidth = 64\nheight = 64\nsteps = 2\nguidance = 1.0\nmax_sequence_length = 64\nparts = [{}]\n",
            parts.join(", ")
        )
    }

    fn component(&self, path: &str) -> &'static str {
        ["transformer/", "text_encoder/", "vae/"]
            .into_iter()
            .find(|folder| path.starts_with(folder))
            .unwrap_or_default()
    }

    fn write_catalog(&self, text: &str) {
        fs::create_dir_all(self.bench.home(".config/asset-editor")).expect("a folder");
        fs::write(self.bench.home(".config/asset-editor/models.toml"), text).expect("written");
    }

    fn target(&self, path: &str) -> PathBuf {
        self.bench.home(".local/share/asset-editor/models/small").join(path)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.bench.run_with(arguments, &[("HF_ENDPOINT", &self.server.address())])
    }

    fn download(&self) -> Run {
        self.run(&["models", "download", "small", "--accept-licence"])
    }
}

fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    downloads::Sha256::of_file(file.path(), |_| false).expect("a hash").to_string()
}

fn error(run: &Run) -> &str {
    assert_eq!(run.code, Some(1), "{run:#?}");
    let last = run.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: "), "{run:#?}");
    last
}

#[test]
fn a_download_that_is_killed_twenty_times_is_right_and_not_read_twice() {
    let shop = Shop::large(2_400_000);
    shop.server.slow_down(400_000);
    let arguments = ["models", "download", "small", "--accept-licence"];
    let address = shop.server.address();
    let target = shop.target("transformer/large.safetensors");
    let partial = target.with_extension("safetensors.partial");
    let length = || fs::metadata(&partial).map(|file| file.len()).unwrap_or_default();
    let mut kills = 0;
    for round in 0..20u64 {
        let before = length();
        let mut child = shop.bench.start(&arguments, &[("HF_ENDPOINT", &address)]);
        // Kills land while bytes come: after some of them, and a moment that is another one each time.
        let start = Instant::now();
        while length() == before && start.elapsed() < Duration::from_secs(20) {
            let ended = child.try_wait().expect("it can be watched");
            assert!(ended.is_none(), "it ended before it was killed: {:#?}", finish(child));
            thread::sleep(Duration::from_millis(2));
        }
        thread::sleep(Duration::from_millis(round * 7919 % 150));
        child.kill().expect("it can be killed");
        let run = finish(child);
        kills += usize::from(run.code.is_none());
        assert!(!target.exists() || length() == 0, "half a file is in its place");
    }
    assert_eq!(kills, 20, "some ended before they were killed");
    let kept = length();
    assert!(kept > 0 && kept < 2_400_000, "{kept} bytes are kept: kills did not land inside");
    shop.server.slow_down(0);
    let run = shop.download();
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(fs::read(&target).expect("it is there") == shop.files[0].1, "another content");
    let sent = shop.server.sent();
    assert!(sent <= 2_640_000, "{sent} bytes were sent for a file of 2400000");
}

#[test]
fn a_model_that_was_downloaded_paints_and_is_not_fetched_again() {
    let shop = Shop::new();
    let run = shop.run(&["models", "download", "small"]);
    assert!(error(&run).contains("My Licence"), "{run:#?}");
    assert!(run.stderr.contains("version 3. Be kind. Its text: https://example.org/licence"));
    assert!(shop.server.asked().is_empty(), "it asked before the licence was accepted");
    let run = shop.download();
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("small: ready"), "{run:#?}");
    let asked = shop.server.asked().len();
    assert_eq!(asked, shop.files.len());
    // The licence is remembered, and nothing is asked for that is there.
    let run = shop.run(&["models", "download", "small"]);
    assert_eq!((run.code, shop.server.asked().len()), (Some(0), asked), "{run:#?}");
    let run = shop.run(&["models", "verify", "small"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("its hash is right"), "{run:#?}");
    let arguments = ["generate", "--model", "small", "--prompt", "a fox", "--out", "out.png"];
    let run = shop.run(&arguments);
    assert_eq!(run.code, Some(0), "{run:#?}");
    // Another text of the licence has to be accepted anew.
    shop.write_catalog(&shop.catalog(true).replace("\"3\"", "\"4\""));
    fs::remove_dir_all(shop.target("vae")).expect("it was there");
    assert!(error(&shop.run(&["models", "download", "small"])).contains("licence"));
    let run = shop.download();
    assert_eq!(run.code, Some(0), "{run:#?}");
    let again = &shop.server.asked()[asked..];
    assert!(again.iter().all(|asked| asked.path.contains("/vae/")), "{again:#?}");
}

#[test]
fn what_lies_in_a_linked_folder_is_used_there_and_not_fetched_again() {
    let shop = Shop::new();
    // Under other names, but for the pieces of one component, which an index names.
    let drive = shop.bench.path("drive");
    for (path, body) in &shop.files {
        let Some((component, name)) = path.split_once('/') else { continue };
        let folder = match component {
            "transformer" => "a/painter",
            "text_encoder" => "b",
            "vae" => "c",
            _ => continue,
        };
        fs::create_dir_all(drive.join(folder)).expect("a folder");
        fs::write(drive.join(folder).join(name), body).expect("written");
    }
    assert_eq!(shop.run(&["models", "link", "drive"]).code, Some(0));
    let run = shop.download();
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("small: ready"), "{run:#?}");
    let asked: Vec<String> = shop.server.asked().into_iter().map(|asked| asked.path).collect();
    assert!(asked.iter().all(|path| !path.contains(".safetensors")), "{asked:#?}");
    let arguments = ["generate", "--model", "small", "--prompt", "a fox", "--out", "out.png"];
    let run = shop.run(&arguments);
    assert_eq!(run.code, Some(0), "{run:#?}");
    // What changes there is another content.
    let vae = drive.join("c/diffusion_pytorch_model.safetensors");
    let mut bytes = fs::read(&vae).expect("it is there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&vae, bytes).expect("written");
    assert_eq!(shop.download().code, Some(0));
    assert!(shop.target("vae/diffusion_pytorch_model.safetensors").is_file());
}

#[test]
fn a_file_that_was_changed_on_the_disk_is_found_by_verify() {
    let shop = Shop::new();
    assert_eq!(shop.download().code, Some(0));
    let path = shop.target("vae/diffusion_pytorch_model.safetensors");
    let mut bytes = fs::read(&path).expect("it is there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&path, bytes).expect("written");
    let run = shop.run(&["models", "verify", "small"]);
    assert!(error(&run).contains("checks failed"), "{run:#?}");
    assert!(run.stdout.contains("its hash is"), "{run:#?}");
    let run = shop.run(&["models", "verify", "nothing"]);
    assert!(error(&run).contains("no model is called `nothing`"), "{run:#?}");
}

#[test]
fn sizes_that_the_catalogue_does_not_know_are_asked_for_first() {
    let shop = Shop::new();
    shop.write_catalog(&shop.catalog(false));
    let run = shop.download();
    assert_eq!(run.code, Some(0), "{run:#?}");
    let methods: Vec<String> = shop.server.asked().into_iter().map(|asked| asked.method).collect();
    let heads = methods.iter().filter(|method| *method == "HEAD").count();
    assert_eq!(heads, shop.files.len());
    assert!(methods[..heads].iter().all(|method| method == "HEAD"), "{methods:?}");
    assert!(run.stderr.contains("nobody states a hash"), "{run:#?}");
}

#[test]
fn refusals_of_the_server_are_said_in_one_line_that_helps() {
    for (status, words) in
        [(401, "give an access token"), (403, "accept the licence"), (404, "moved or renamed")]
    {
        let shop = Shop::large(1000);
        let path = "/me/small/resolve/main/transformer/large.safetensors";
        let faults = vec![Fault::Status(status, "")];
        shop.server.answer(path, Answer { faults, ..file(&noise(1000)) });
        let run = shop.download();
        assert!(error(&run).contains(words), "{status}: {run:#?}");
        assert!(error(&run).contains("me/small"), "{status}: {run:#?}");
    }
    let shop = Shop::large(1000);
    let run = shop.run(&["models", "download", "large"]);
    assert!(error(&run).contains("known are"), "{run:#?}");
    let run = shop.bench.run_with(
        &["models", "download", "small", "--accept-licence"],
        &[("HF_ENDPOINT", "http://example.org")],
    );
    assert!(error(&run).contains("is not an https address"), "{run:#?}");
}

#[test]
fn a_token_of_the_environment_is_sent_and_never_shown() {
    let shop = Shop::large(1000);
    let address = shop.server.address();
    let run = shop.bench.run_with(
        &["models", "download", "small", "--accept-licence"],
        &[("HF_ENDPOINT", &address), ("HF_TOKEN", "hf_verysecret")],
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!format!("{run:?}").contains("verysecret"));
    let asked = shop.server.asked();
    assert_eq!(asked[0].headers["authorization"], "Bearer hf_verysecret");
}

#[test]
fn a_broken_catalogue_of_the_user_s_is_a_notice_and_hides_nothing() {
    let bench = Bench::new();
    fs::create_dir_all(bench.home(".config/asset-editor")).expect("a folder");
    for (text, words) in [
        ("[[model]", "line 1"),
        ("[[model]]\nid = \"x\"", "missing field"),
        ("models = 5", "unknown field `models`"),
    ] {
        fs::write(bench.home(".config/asset-editor/models.toml"), text).expect("written");
        let run = bench.run(&["models"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains("klein-4b") && run.stdout.contains("starter"), "{run:#?}");
        let notice = run.stdout.lines().find(|line| line.starts_with("notice: "));
        let notice = notice.unwrap_or_else(|| panic!("{run:#?}"));
        assert!(notice.contains("models.toml") && notice.contains(words), "{notice}");
    }
}

#[test]
fn entries_of_the_user_s_own_are_added_once_they_are_right() {
    let shop = Shop::large(1000);
    let entry = shop.catalog(true).replace("small", "tiny").replace("\"mine\"", "\"ours\"");
    fs::write(shop.bench.path("tiny.toml"), &entry).expect("written");
    let run = shop.run(&["models", "add", "tiny.toml"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let list = shop.run(&["models"]).stdout;
    assert!(list.contains("small") && list.contains("tiny") && list.contains("klein-4b"), "{list}");
    // Once is enough, and what cannot be is refused by name.
    assert!(error(&shop.run(&["models", "add", "tiny.toml"])).contains("tiny.toml"));
    let escape = entry.replace("transformer/large", "../../large").replace("tiny", "third");
    let escape = escape.replace("\"ours\"", "\"theirs\"");
    fs::write(shop.bench.path("third.toml"), escape).expect("written");
    let run = shop.run(&["models", "add", "third.toml"]);
    assert!(error(&run).contains("does not stay below"), "{run:#?}");
    assert!(error(&shop.run(&["models", "add", "nowhere.toml"])).contains("no such file"));
}

//! Requests and what servers answer.

use std::{thread, time::Duration};

use ureq::{
    Agent, Body, BodyReader,
    http::{HeaderMap, Response, StatusCode, Uri},
};

use crate::{Error, Token, digest::Name};

/// A name has an answer within this, or another try.
const CONNECT: Duration = Duration::from_secs(20);
/// A server that is silent for so long has dropped the connection.
const SILENCE: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 10;
/// Before each look at a file that is not read.
const LOOK_AGAIN: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];
/// A server that asks for more patience is told to the user instead.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// Asks servers; follows redirects itself, so that the token stays where it belongs.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    token: Option<Token>,
    /// The only place that sees the token, as in `https://huggingface.co`.
    home: String,
}

/// What a server says about a file before it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Bytes.
    pub size: Option<u64>,
    pub(crate) name: Option<Name>,
    /// As the server writes it, if it is strong.
    pub(crate) etag: Option<String>,
}

/// The beginning of an answer; the body follows.
pub(crate) struct Answer {
    pub(crate) stated: Stated,
    /// Where the body begins in the file.
    pub(crate) start: u64,
    pub(crate) body: BodyReader<'static>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Another try changes nothing.
    Final(Error),
    /// Another try may work, after this time if the server says so.
    Again { reason: String, wait: Option<Duration> },
    /// What is kept does not fit what the server has.
    OutOfRange,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    /// Where a person reads about it.
    pub(crate) page: &'a str,
    /// Bytes that are there already.
    pub(crate) from: u64,
    /// The whole is wanted instead if the file has another one by now.
    pub(crate) if_etag: Option<&'a str>,
}

impl Client {
    /// A client that shows the token to `home` alone.
    ///
    /// # Errors
    /// [`Error::NotSecure`] if `home` is no https address; this machine's own is fine without.
    pub fn new(home: &str, token: Option<Token>) -> Result<Self, Error> {
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .user_agent("veetance-asset-editor")
            .build();
        let home = origin(&secure(home)?);
        Ok(Self { agent: config.new_agent(), token, home })
    }

    /// What the server says about a file, without reading it.
    ///
    /// # Errors
    /// As for reading it; [`Error::Server`] for what may pass.
    pub fn look(&self, url: &str, page: &str) -> Result<Stated, Error> {
        let ask = Ask { url, page, from: 0, if_etag: None };
        let mut reason = String::new();
        for pause in LOOK_AGAIN {
            thread::sleep(pause);
            match self.follow("HEAD", &ask) {
                Ok((response, stated)) => {
                    let length = number(response.headers(), "content-length");
                    return Ok(Stated { size: stated.size.or(length), ..stated });
                }
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Again { reason: why, .. }) => reason = why,
                Err(Refusal::OutOfRange) => reason = "it answers with nonsense".into(),
            }
        }
        Err(Error::Server { url: url.to_owned(), reason })
    }

    /// Begins to read a file.
    pub(crate) fn get(&self, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        let (response, mut stated) = self.follow("GET", ask)?;
        let headers = response.headers();
        let again = |reason: &str| Refusal::Again { reason: reason.to_owned(), wait: None };
        if headers.get("content-encoding").is_some_and(|coding| coding != "identity") {
            return Err(Refusal::Final(Error::Server {
                url: ask.url.to_owned(),
                reason: "it comes packed, which was not asked for".into(),
            }));
        }
        let length = number(headers, "content-length");
        let (start, size) = if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = text(headers, "content-range").and_then(content_range);
            range.ok_or_else(|| again("the server does not say which part it sends"))?
        } else {
            (0, length)
        };
        if let (Some(stated), Some(size)) = (stated.size, size)
            && stated != size
        {
            let url = ask.url.to_owned();
            return Err(Refusal::Final(Error::WrongSize { url, expected: stated, got: size }));
        }
        stated.size = stated.size.or(size);
        Ok(Answer { stated, start, body: response.into_body().into_reader() })
    }

    /// Follows redirects up to an answer that is one.
    fn follow(&self, method: &str, ask: &Ask<'_>) -> Result<(Response<Body>, Stated), Refusal> {
        let mut uri = secure(ask.url).map_err(Refusal::Final)?;
        let mut stated = Stated::default();
        for _ in 0..=MAX_REDIRECTS {
            let is_home = origin(&uri) == self.home;
            let response = self.ask(method, &uri, is_home, ask)?;
            let headers = response.headers();
            if is_home {
                stated.size = stated.size.or_else(|| number(headers, "x-linked-size"));
                stated.name = stated.name.or_else(|| name(headers));
            }
            if !response.status().is_redirection() {
                stated.etag = text(headers, "etag").filter(|tag| is_strong(tag)).map(str::to_owned);
                return self.check(response, ask).map(|response| (response, stated));
            }
            let to = text(headers, "location").and_then(|to| join(&uri, to));
            let Some(to) = to else { break };
            uri = secure(&to).map_err(Refusal::Final)?;
        }
        Err(Refusal::Final(Error::Server {
            url: ask.url.to_owned(),
            reason: "the server sends from address to address without end".into(),
        }))
    }

    fn ask(
        &self,
        method: &str,
        uri: &Uri,
        is_home: bool,
        ask: &Ask<'_>,
    ) -> Result<Response<Body>, Refusal> {
        let mut request = if method == "HEAD" { self.agent.head(uri) } else { self.agent.get(uri) };
        if let Some(token) = self.token.as_ref().filter(|_| is_home) {
            request = request.header("authorization", token.header());
        }
        if ask.from > 0 {
            request = request.header("range", format!("bytes={}-", ask.from));
            if let Some(etag) = ask.if_etag {
                request = request.header("if-range", etag);
            }
        }
        request.call().map_err(|error| Refusal::Again { reason: reason(&error), wait: None })
    }

    fn check(&self, response: Response<Body>, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
        let status = response.status();
        let page = ask.page.to_owned();
        let had_token = self.token.is_some();
        match status.as_u16() {
            200 | 206 => Ok(response),
            401 => Err(Refusal::Final(Error::TokenNeeded { page, had_token })),
            403 if had_token => Err(Refusal::Final(Error::NotAllowed { page })),
            403 => Err(Refusal::Final(Error::TokenNeeded { page, had_token })),
            404 | 410 => Err(Refusal::Final(Error::NotFound { url: ask.url.to_owned() })),
            416 => Err(Refusal::OutOfRange),
            408 | 429 | 500.. => {
                let wait = number(response.headers(), "retry-after").map(Duration::from_secs);
                if wait.is_some_and(|wait| wait > MAX_RETRY_AFTER) {
                    return Err(Refusal::Final(Error::Server {
                        url: ask.url.to_owned(),
                        reason: format!(
                            "the server is busy and asks to come back in {} minutes",
                            wait.unwrap_or_default().as_secs().div_ceil(60)
                        ),
                    }));
                }
                Err(Refusal::Again { reason: format!("the server answers {status}"), wait })
            }
            _ => Err(Refusal::Final(Error::Server {
                url: ask.url.to_owned(),
                reason: format!("the server answers {status}"),
            })),
        }
    }
}

/// An address whose connection is encrypted, or does not leave this machine.
fn secure(url: &str) -> Result<Uri, Error> {
    let not_secure = || Error::NotSecure { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_error| not_secure())?;
    let host = uri.host().unwrap_or_default();
    let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    // A name and a password in an address end up in logs.
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https") if !host.is_empty() && !has_user => Ok(uri),
        Some("http") if is_here && !has_user => Ok(uri),
        _ => Err(not_secure()),
    }
}

/// Scheme, host and port.
fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{}", uri.authority().map_or("", |authority| authority.as_str()))
        .to_lowercase()
}

/// Where a redirect leads.
fn join(from: &Uri, to: &str) -> Option<String> {
    if to.contains("://") {
        Some(to.to_owned())
    } else if to.starts_with("//") {
        Some(format!("{}:{to}", from.scheme_str()?))
    } else if to.starts_with('/') {
        Some(format!("{}{to}", origin(from)))
    } else {
        None
    }
}

/// The hash that Hugging Face states: that of the content itself for large files, Git's for others.
fn name(headers: &HeaderMap) -> Option<Name> {
    let linked = text(headers, "x-linked-etag");
    let own = text(headers, "etag").filter(|_| headers.contains_key("x-repo-commit"));
    let tag = linked.or(own)?.trim_start_matches("W/").trim_matches('"');
    let is_git = tag.len() == 40 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    match tag.parse() {
        Ok(hash) => Some(Name::Sha256(hash)),
        Err(_) => is_git.then(|| Name::GitBlob(tag.to_lowercase())),
    }
}

/// Whether an ETag promises the same bytes.
fn is_strong(etag: &str) -> bool {
    etag.starts_with('"') && etag.len() < 1024
}

/// `bytes START-END/SIZE` as the start and the size.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, size.trim().parse().ok()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// One line without the address, which the error has already.
pub(crate) fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "the server was not found; is there a network?".into(),
        ureq::Error::ConnectionFailed => "the server does not answer; is there a network?".into(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "the server refuses the connection".into()
        }
        ureq::Error::Timeout(_) => "the server does not answer in time".into(),
        error => error.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_and_this_machine_are_asked() {
        for url in
            ["https://a.b/c", "http://localhost:1/x", "http://127.0.0.1/x", "http://[::1]:2/"]
        {
            assert!(secure(url).is_ok(), "{url}");
        }
        for url in [
            "http://a.b/c",
            "ftp://a.b",
            "https://",
            "a",
            "https://u:p@a.b/",
            "http://localhost.a.b/",
        ] {
            assert!(secure(url).is_err(), "{url}");
        }
    }

    #[test]
    fn redirects_are_read_relative_to_where_they_come_from() {
        let from = secure("https://a.b:1/c/d").expect("an address");
        assert_eq!(join(&from, "/x?y").as_deref(), Some("https://a.b:1/x?y"));
        assert_eq!(join(&from, "//e.f/x").as_deref(), Some("https://e.f/x"));
        assert_eq!(join(&from, "http://e.f/x").as_deref(), Some("http://e.f/x"));
        assert_eq!(join(&from, "x"), None);
    }

    #[test]
    fn parts_say_where_they_begin() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes */10", "bytes x-9/10", "5-9/10"] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }
}

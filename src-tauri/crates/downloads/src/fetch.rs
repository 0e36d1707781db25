//! One file, from its first byte to its place on the disk.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Client, Error, Progress, Sha256,
    client::{Answer, Ask, Refusal, Stated},
    digest::{Hasher, Name},
    lock::Lock,
    meter::Meter,
    partial, space,
};

/// Bytes that are read and written at once, between two looks at the stop flag.
const CHUNK: usize = 64 << 10;
/// Tries in a row that bring nothing new.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a wait looks at the stop flag.
const NAP: Duration = Duration::from_millis(50);

/// A file to get.
#[derive(Debug, Clone)]
pub struct Item {
    /// Where it is.
    pub url: String,
    /// Where a person reads about it, accepts its licence, and asks for access.
    pub page: String,
    /// Where it goes; its folder is made.
    pub target: PathBuf,
    /// Bytes, if they are known beforehand.
    pub size: Option<u64>,
    /// Its hash, if that is known beforehand.
    pub sha256: Option<Sha256>,
}

/// What a finished file was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The hash that was known beforehand.
    Known,
    /// The hash that the server states: nothing was lost or changed on the way.
    Stated,
    /// Its size alone, or nothing: neither the caller nor the server knows a hash.
    Unknown,
    /// It was there; somebody else got it meanwhile.
    WasThere,
}

/// What happens on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Bytes came; at most ten times a second.
    Progress(Progress),
    /// What came earlier is read again, to go on with its hash.
    Checking {
        /// Bytes that were read.
        done: u64,
        /// Bytes that are there.
        total: u64,
    },
    /// The connection is lost; it is tried again after this time.
    Waiting {
        /// Until the next try.
        seconds: f64,
        /// What happened.
        reason: String,
    },
}

/// Gets a file, or goes on where an earlier call was stopped or killed. It is in its place only
/// when all of it is there and its hash is right.
///
/// # Errors
/// See [`Error`]. What has come is kept, unless it was wrong.
pub fn fetch(
    client: &Client,
    item: &Item,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Checked, Error> {
    if let Some(folder) = item.target.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| Error::Io { path: folder.to_owned(), source })?;
    }
    let _lock = Lock::take(&item.target)?;
    if item.target.is_file() {
        return Ok(Checked::WasThere);
    }
    let mut run = Run { client, item, stop, on_event };
    let (mut tries, mut reached) = (0, 0);
    loop {
        let (reason, wait) = match run.attempt() {
            Ok(checked) => return Ok(checked),
            Err(Refusal::Final(error)) => return Err(error),
            Err(Refusal::OutOfRange) => {
                partial::discard_files(&item.target)?;
                ("what was kept does not fit".to_owned(), Some(Duration::ZERO))
            }
            Err(Refusal::Again { reason, wait }) => (reason, wait),
        };
        let length = partial::read(&item.target).map_or(0, |(length, _)| length);
        tries = if length > reached { 1 } else { tries + 1 };
        reached = reached.max(length);
        if tries >= TRIES {
            return Err(Error::Server { url: item.url.clone(), reason });
        }
        run.wait(wait.unwrap_or_else(|| backoff(tries)), reason)?;
    }
}

/// Removes what has come of a file that is not wanted any more.
///
/// # Errors
/// [`Error::Busy`] while somebody gets it; [`Error::Io`].
pub fn discard(target: &Path) -> Result<(), Error> {
    if !target.parent().is_some_and(Path::is_dir) {
        return Ok(());
    }
    let _lock = Lock::take(target)?;
    partial::discard_files(target)
}

/// Bytes that have come of a file.
#[must_use]
pub fn kept_bytes(target: &Path) -> u64 {
    partial::read(target).map_or(0, |(length, _)| length)
}

/// Half a second, then twice as long each time.
fn backoff(tries: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

struct Run<'a> {
    client: &'a Client,
    item: &'a Item,
    stop: &'a AtomicBool,
    on_event: &'a mut dyn FnMut(Event),
}

impl Run<'_> {
    fn check_stop(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }

    fn wait(&mut self, wait: Duration, reason: String) -> Result<(), Error> {
        if !wait.is_zero() {
            (self.on_event)(Event::Waiting { seconds: wait.as_secs_f64(), reason });
        }
        let end = Instant::now() + wait;
        while Instant::now() < end {
            self.check_stop()?;
            thread::sleep(NAP.min(end.saturating_duration_since(Instant::now())));
        }
        self.check_stop()
    }

    /// One connection, up to where it breaks.
    fn attempt(&mut self) -> Result<Checked, Refusal> {
        self.check_stop()?;
        let Item { url, page, target, .. } = self.item;
        let (mut done, mut stated) = self.kept()?.unwrap_or_default();
        let began = done;
        let mut hasher = self.hash_kept(done, &stated)?;
        if done == 0 || self.size(&stated) != Some(done) {
            // The hash that the first address states holds for all copies of the file, whatever
            // ETags these have.
            let etag = stated.etag.as_deref().filter(|_| stated.name.is_none());
            let answer = self.client.get(&Ask { url, page, from: done, if_etag: etag })?;
            if !self.goes_on(done, &stated, &answer)? || answer.start != done {
                if answer.start != 0 {
                    return Err(Refusal::OutOfRange);
                }
                done = 0;
            }
            if done == 0 {
                stated = answer.stated.clone();
                partial::begin(target, &stated)?;
                hasher = Hasher::for_name(self.expected(&stated).as_ref(), self.size(&stated));
            }
            done = self.read(answer, done, &stated, &mut hasher)?;
        }
        self.finish(done, began > 0, &stated, hasher)
    }

    /// What was kept of the very file that is wanted.
    fn kept(&self) -> Result<Option<(u64, Stated)>, Error> {
        let Item { target, size, sha256, .. } = self.item;
        let Some((length, stated)) = partial::read(target) else {
            partial::discard_files(target)?;
            return Ok(None);
        };
        let other_size = matches!((size, stated.size), (Some(a), Some(b)) if *a != b);
        let other_name =
            matches!((sha256, &stated.name), (Some(a), Some(Name::Sha256(b))) if a != b);
        let too_long = self.size(&stated).is_some_and(|size| length > size);
        if other_size || other_name || too_long {
            partial::discard_files(target)?;
            return Ok(None);
        }
        Ok(Some((length, stated)))
    }

    fn size(&self, stated: &Stated) -> Option<u64> {
        self.item.size.or(stated.size)
    }

    /// What the content should turn out to be.
    fn expected(&self, stated: &Stated) -> Option<Name> {
        self.item.sha256.map(Name::Sha256).or_else(|| stated.name.clone())
    }

    /// The hash of what is there, to go on with.
    fn hash_kept(&mut self, length: u64, stated: &Stated) -> Result<Hasher, Error> {
        let mut hasher = Hasher::for_name(self.expected(stated).as_ref(), self.size(stated));
        if length == 0 {
            return Ok(hasher);
        }
        let path = partial::path(&self.item.target);
        let failed = |source| Error::Io { path: path.clone(), source };
        let mut file = File::open(&path).map_err(failed)?;
        let (mut done, mut chunk, mut meter) = (0, vec![0; 16 * CHUNK], Meter::new(None));
        loop {
            self.check_stop()?;
            let read = file.read(&mut chunk).map_err(failed)?;
            if read == 0 {
                return Ok(hasher);
            }
            hasher.update(&chunk[..read]);
            done += read as u64;
            if meter.tell(Instant::now(), done).is_some() {
                (self.on_event)(Event::Checking { done, total: length });
            }
        }
    }

    /// Whether an answer is of the file that was begun, and of the one that is wanted.
    fn goes_on(&self, done: u64, before: &Stated, answer: &Answer) -> Result<bool, Error> {
        let (url, now) = (self.item.url.clone(), &answer.stated);
        if let (Some(expected), Some(got)) = (self.item.size, now.size)
            && expected != got
        {
            return Err(Error::WrongSize { url, expected, got });
        }
        if let (Some(expected), Some(Name::Sha256(got))) = (self.item.sha256, &now.name)
            && expected != *got
        {
            let (expected, got) = (expected.to_string(), got.to_string());
            return Err(Error::WrongContent { url, expected, got });
        }
        let same_size = before.size == now.size;
        let same = match (&before.name, &now.name, &before.etag, &now.etag) {
            (Some(before), Some(now), ..) => before == now,
            (None, None, Some(before), Some(now)) => before == now,
            // Neither says which content it is: the hash of the whole must tell.
            (None, None, None, None) => self.item.sha256.is_some(),
            _ => false,
        };
        Ok(done == 0 || (same_size && same))
    }

    /// Appends what comes until there is no more.
    fn read(
        &mut self,
        mut answer: Answer,
        mut done: u64,
        stated: &Stated,
        hasher: &mut Hasher,
    ) -> Result<u64, Refusal> {
        let target = &self.item.target;
        let size = self.size(stated);
        space::check(target, size.map_or(0, |size| size.saturating_sub(done)))?;
        let path = partial::path(target);
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|source| Error::Io { path: path.clone(), source })?;
        let (mut chunk, mut meter) = (vec![0; CHUNK], Meter::new(size));
        loop {
            self.check_stop()?;
            if let Some(progress) = meter.tell(Instant::now(), done) {
                (self.on_event)(Event::Progress(progress));
            }
            let read = match answer.body.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let reason = format!("the connection was lost ({error})");
                    return Err(Refusal::Again { reason, wait: None });
                }
            };
            let longer = done + read as u64;
            if let Some(expected) = size.filter(|size| longer > *size) {
                partial::discard_files(target)?;
                let url = self.item.url.clone();
                return Err(Refusal::Final(Error::WrongSize { url, expected, got: longer }));
            }
            // Straight to the system, so that a killed process loses nothing that came.
            file.write_all(&chunk[..read]).map_err(|source| self.unwritten(source, size, done))?;
            hasher.update(&chunk[..read]);
            done = longer;
        }
        match size {
            Some(size) if done < size => {
                let reason = "the connection was lost".to_owned();
                Err(Refusal::Again { reason, wait: None })
            }
            _ => Ok(done),
        }
    }

    fn unwritten(&self, source: io::Error, size: Option<u64>, done: u64) -> Error {
        let path = self.item.target.clone();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull {
                needed: size.map_or(CHUNK as u64, |size| size.saturating_sub(done)),
                free: path.parent().and_then(space::free).unwrap_or_default(),
                path,
            },
            _ => Error::Io { path, source },
        }
    }

    /// Holds the whole against its hash and puts it in its place.
    fn finish(
        &mut self,
        done: u64,
        was_resumed: bool,
        stated: &Stated,
        hasher: Hasher,
    ) -> Result<Checked, Refusal> {
        let Item { url, target, sha256, .. } = self.item;
        let expected = self.expected(stated);
        if let Some(expected) = &expected {
            let got = hasher.finish();
            if got != *expected {
                partial::discard_files(target)?;
                if was_resumed {
                    // A power cut can leave zeros where bytes were. One more try, from the start.
                    let reason = "what was kept was damaged".to_owned();
                    return Err(Refusal::Again { reason, wait: Some(Duration::ZERO) });
                }
                return Err(Refusal::Final(Error::WrongContent {
                    url: url.clone(),
                    expected: expected.to_string(),
                    got: got.to_string(),
                }));
            }
        }
        partial::finish(target)?;
        let total = Some(done);
        (self.on_event)(Event::Progress(Progress {
            done,
            total,
            bytes_per_second: 0.0,
            seconds_left: Some(0.0),
        }));
        Ok(match (sha256, expected) {
            (Some(_), _) => Checked::Known,
            (None, Some(_)) => Checked::Stated,
            (None, None) => Checked::Unknown,
        })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

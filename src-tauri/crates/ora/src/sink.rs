use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// What a zip is written to.
///
/// A `ZipWriter` that is dropped after a failure tries to complete its archive, and prints what that
/// fails with. After its first failure a sink takes everything and keeps nothing, so that nothing more is
/// said, and [`Sink::finish`] tells of the failure.
#[derive(Debug)]
pub struct Sink<W> {
    inner: W,
    position: u64,
    end: u64,
    failure: Option<ErrorKind>,
}

impl<W: Write + Seek> Sink<W> {
    /// Around a file that is empty.
    pub fn new(inner: W) -> Self {
        Self { inner, position: 0, end: 0, failure: None }
    }

    /// Brings everything to the file.
    ///
    /// # Errors
    /// If that or anything before failed.
    pub fn finish(mut self) -> io::Result<()> {
        match self.failure {
            Some(kind) => Err(kind.into()),
            None => self.inner.flush(),
        }
    }

    fn failed<T>(&mut self, error: io::Error) -> io::Result<T> {
        if error.kind() != ErrorKind::Interrupted {
            self.failure = Some(error.kind());
        }
        Err(error)
    }

    fn moved(&mut self, position: u64) -> u64 {
        self.position = position;
        self.end = self.end.max(position);
        position
    }
}

impl<W: Write + Seek> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.failure {
            Some(_) => bytes.len(),
            None => match self.inner.write(bytes) {
                Ok(0) if !bytes.is_empty() => return self.failed(ErrorKind::WriteZero.into()),
                Ok(count) => count,
                Err(error) => return self.failed(error),
            },
        };
        self.moved(self.position.saturating_add(count as u64));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.failure {
            Some(_) => Ok(()),
            None => self.inner.flush().or_else(|error| self.failed(error)),
        }
    }
}

impl<W: Write + Seek> Seek for Sink<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match (self.failure, to) {
            (None, to) => match self.inner.seek(to) {
                Ok(position) => position,
                Err(error) => return self.failed(error),
            },
            (Some(_), SeekFrom::Start(position)) => position,
            (Some(_), SeekFrom::Current(by)) => self.position.saturating_add_signed(by),
            (Some(_), SeekFrom::End(by)) => self.end.saturating_add_signed(by),
        };
        Ok(self.moved(position))
    }
}

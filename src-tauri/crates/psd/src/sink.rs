//! Writes big-endian numbers in one go and fills in at the end what is known only then.

use std::io::{Seek, SeekFrom, Write};

use crate::Error;

/// Small writes are gathered up to this many bytes.
const BUFFER: usize = 1 << 18;

/// A field whose value comes later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blank {
    at: u64,
    bytes: usize,
}

pub(crate) struct Sink<W> {
    inner: W,
    buffer: Vec<u8>,
    /// Where the file begins within `inner`.
    start: u64,
    /// Bytes written, buffered ones too.
    position: u64,
    limit: u64,
    fills: Vec<(Blank, u64)>,
}

impl<W: Write + Seek> Sink<W> {
    pub(crate) fn new(mut inner: W, limit: u64) -> Result<Self, Error> {
        let start = inner.stream_position()?;
        let buffer = Vec::with_capacity(BUFFER);
        Ok(Self { inner, buffer, start, position: 0, limit, fills: Vec::new() })
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.position += bytes.len() as u64;
        if self.position > self.limit {
            return Err(Error::TooLarge("a PSD holds at most 2 GB; save it as PSB"));
        }
        if self.buffer.len() + bytes.len() > BUFFER {
            self.inner.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        if bytes.len() > BUFFER {
            self.inner.write_all(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    pub(crate) fn u16(&mut self, value: u16) -> Result<(), Error> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> Result<(), Error> {
        self.bytes(&value.to_be_bytes())
    }

    /// A number in the last `bytes` bytes of 8.
    pub(crate) fn number(&mut self, value: u64, bytes: usize) -> Result<(), Error> {
        check(value, bytes)?;
        self.bytes(&value.to_be_bytes()[8 - bytes..])
    }

    /// Zeros until the distance from `from` is a multiple of `unit`.
    pub(crate) fn pad(&mut self, from: u64, unit: u64) -> Result<(), Error> {
        while !(self.position - from).is_multiple_of(unit) {
            self.bytes(&[0])?;
        }
        Ok(())
    }

    /// A field of `bytes` bytes, at most 8, to be filled later.
    pub(crate) fn blank(&mut self, bytes: usize) -> Result<Blank, Error> {
        let at = self.position;
        self.number(0, bytes)?;
        Ok(Blank { at, bytes })
    }

    pub(crate) fn fill(&mut self, blank: Blank, value: u64) -> Result<(), Error> {
        check(value, blank.bytes)?;
        self.fills.push((blank, value));
        Ok(())
    }

    /// Fills a length field with what was written since.
    pub(crate) fn close(&mut self, blank: Blank) -> Result<(), Error> {
        self.fill(blank, self.position - self.after(blank))
    }

    /// The first byte after a field.
    pub(crate) fn after(&self, blank: Blank) -> u64 {
        blank.at + blank.bytes as u64
    }

    /// Writes what is left and fills the fields.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.inner.write_all(&self.buffer)?;
        for (blank, value) in &self.fills {
            self.inner.seek(SeekFrom::Start(self.start + blank.at))?;
            self.inner.write_all(&value.to_be_bytes()[8 - blank.bytes..])?;
        }
        self.inner.seek(SeekFrom::Start(self.start + self.position))?;
        self.inner.flush()?;
        Ok(())
    }
}

fn check(value: u64, bytes: usize) -> Result<(), Error> {
    let bits = 8 * bytes as u32;
    if bits < 64 && value >> bits != 0 {
        return Err(Error::TooLarge("a part of the document is too large for its field in a PSD"));
    }
    Ok(())
}

//! Stub.
use crate::Error;
use document::Opened;
/// Stub.
pub fn read(_bytes: &[u8]) -> Result<Opened, Error> {
    Err(Error::NotPsd)
}

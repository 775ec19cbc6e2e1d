//! Messages in gzip (RFC 1952), within bounds.

use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use chassis_core::exit::Fatal;
use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};

use crate::server::ServerSettings;

/// What is inflated is kept in pieces of this size: a large one need not be
/// moved to grow, and goes piece by piece.
const PIECE: usize = 16 << 10;
/// A message from this size on is worth it.
pub(super) const LEAST: usize = 1 << 10;

/// Whether the settings can be kept: they can.
#[expect(clippy::unnecessary_wraps, reason = "without the feature they cannot")]
pub(super) fn check(_: &ServerSettings) -> Result<(), Fatal> {
    Ok(())
}

/// Why a message cannot be inflated.
#[derive(Debug)]
pub(super) enum Fault {
    /// It inflates to more than it may.
    TooLarge,
    /// It is not gzip, or not whole.
    Broken,
}

impl Fault {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Broken,
        }
    }
}

/// A message that is inflated as it arrives.
#[derive(Debug)]
pub(super) struct Inflate(GzDecoder<Pieces>);

#[derive(Debug)]
struct Pieces {
    whole: Vec<Bytes>,
    last: Vec<u8>,
    len: usize,
    most: usize,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.most - self.len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let taken = bytes.len().min(PIECE - self.last.len());
        self.last.extend_from_slice(&bytes[..taken]);
        self.len += taken;
        if self.last.len() == PIECE {
            self.whole.push(mem::take(&mut self.last).into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflate {
    /// To no more than `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self(GzDecoder::new(Pieces {
            whole: Vec::new(),
            last: Vec::new(),
            len: 0,
            most,
        }))
    }

    /// Bytes it has inflated to.
    pub(super) fn len(&self) -> usize {
        self.0.get_ref().len
    }

    /// Inflates what came next.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.0.write_all(bytes).map_err(|error| Fault::of(&error))
    }

    /// The message, which must be whole.
    pub(super) fn end(self) -> Result<Vec<Bytes>, Fault> {
        let mut pieces = self.0.finish().map_err(|error| Fault::of(&error))?;
        pieces.whole.push(pieces.last.into());
        Ok(pieces.whole)
    }
}

/// `message`, deflated; `None` if that fails.
pub(super) fn deflate(message: &[u8]) -> Option<Vec<u8>> {
    // Most of what can be gained, at a third of the time of the default.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).ok()?;
    encoder.finish().ok()
}

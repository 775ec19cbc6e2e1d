//! What is left without the cargo feature `gzip`: a refusal.

use bytes::Bytes;
use chassis_core::exit::Fatal;

use crate::server::{Compression, ServerSettings};

/// As with the feature.
pub(super) const LEAST: usize = 1 << 10;

pub(super) fn check(settings: &ServerSettings) -> Result<(), Fatal> {
    let asked = [
        ("--accept-compression", settings.messages.accept_compression),
        ("--send-compression", settings.messages.send_compression),
    ];
    match asked.iter().find(|(_, it)| *it != Compression::None) {
        None => Ok(()),
        Some((flag, _)) => Err(Fatal::usage(format!(
            "{flag} needs the cargo feature `gzip`, which this program was built without; build it \
             with `--features gzip`"
        ))),
    }
}

/// As with the feature.
#[derive(Debug)]
pub(super) enum Fault {
    #[expect(dead_code, reason = "nothing is inflated")]
    TooLarge,
    Broken,
}

/// Inflates nothing.
#[derive(Debug)]
pub(super) struct Inflate;

impl Inflate {
    pub(super) fn new(_: usize) -> Self {
        Self
    }

    pub(super) fn len(&self) -> usize {
        let Self = self;
        0
    }

    pub(super) fn add(&mut self, _: &[u8]) -> Result<(), Fault> {
        let Self = self;
        Err(Fault::Broken)
    }

    pub(super) fn end(self) -> Result<Vec<Bytes>, Fault> {
        let Self = self;
        Err(Fault::Broken)
    }
}

pub(super) fn deflate(_: &[u8]) -> Option<Vec<u8>> {
    None
}

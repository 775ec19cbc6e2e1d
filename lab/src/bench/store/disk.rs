//! What the disk can do.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

const PAGE: usize = 4096;
const PAGES: usize = 1024;

/// A file to sync, of the size of a log that is used again.
pub(super) struct Disk {
    file: File,
    page: usize,
}

impl Disk {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::create_new(path)?;
        file.write_all_at(&vec![1; PAGE * PAGES], 0)?;
        file.sync_all()?;
        Ok(Self { file, page: 0 })
    }

    /// Writes one page after the other and syncs (`fdatasync`) each.
    pub(super) fn syncs(&mut self, time: Duration) -> Result<Samples> {
        let start = Instant::now();
        let mut took = Vec::new();
        while start.elapsed() < time {
            let begun = Instant::now();
            let fill = u8::try_from(took.len() % 256)?;
            self.file
                .write_all_at(&[fill; PAGE], u64::try_from(self.page * PAGE)?)?;
            self.file.sync_data()?;
            took.push(begun.elapsed());
            self.page = (self.page + 1) % PAGES;
        }
        Ok(Samples::new(took, start.elapsed()))
    }
}

/// How long each of many took, and all together.
pub(super) struct Samples {
    sorted: Vec<Duration>,
    total: Duration,
}

impl Samples {
    pub(super) fn new(mut each: Vec<Duration>, total: Duration) -> Self {
        each.sort();
        Self {
            sorted: each,
            total,
        }
    }

    /// Per second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.sorted.len()).unwrap_or(u32::MAX)) / self.total.as_secs_f64()
    }

    /// What `percent` of them took at most.
    pub(super) fn millis(&self, percent: usize) -> f64 {
        let at = self.sorted.len().saturating_sub(1) * percent / 100;
        self.sorted
            .get(at)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

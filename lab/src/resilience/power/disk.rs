//! A disk that loses what was not synced.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::trace::Change;
use crate::support::random::Random;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// The files of one folder: what is durable, and what is not yet.
#[derive(Default)]
pub(super) struct Disk<'a> {
    files: Vec<Content<'a>>,
    /// As programs see it.
    names: BTreeMap<&'a str, usize>,
    /// As the disk knows it.
    durable_names: BTreeMap<&'a str, usize>,
    /// Creations and removals since the folder was synced. A journal keeps
    /// their sequence.
    moves: Vec<(&'a str, Option<usize>)>,
}

#[derive(Default)]
struct Content<'a> {
    durable: Vec<u8>,
    pending: Vec<&'a Change>,
}

impl<'a> Disk<'a> {
    pub(super) fn apply(&mut self, change: &'a Change) {
        match change {
            Change::Create { name } => {
                self.names.insert(name, self.files.len());
                self.moves.push((name, Some(self.files.len())));
                self.files.push(Content::default());
            }
            Change::Remove { name } => {
                self.names.remove(name.as_str());
                self.moves.push((name, None));
            }
            Change::SyncFolder => {
                for (name, file) in self.moves.drain(..) {
                    enter(&mut self.durable_names, name, file);
                }
            }
            Change::Sync { name } => {
                if let Some(content) = self.content(name) {
                    for change in content.pending.drain(..) {
                        write(&mut content.durable, change, |_| true);
                    }
                }
            }
            Change::Write { name, .. } | Change::Truncate { name, .. } => {
                if let Some(content) = self.content(name) {
                    content.pending.push(change);
                }
            }
        }
    }

    fn content(&mut self, name: &str) -> Option<&mut Content<'a>> {
        self.names
            .get(name)
            .and_then(|&file| self.files.get_mut(file))
    }

    /// Writes what is left after a loss of power to `folder`.
    pub(super) fn fail(mut self, random: &mut Random, folder: &Path) -> Result<()> {
        let moves = random.below(self.moves.len() as u64 + 1);
        for (name, file) in self.moves.drain(..).take(usize::try_from(moves)?) {
            enter(&mut self.durable_names, name, file);
        }
        let luck = Luck::of(random);
        for (name, file) in self.durable_names {
            let Some(content) = self.files.get_mut(file) else {
                continue;
            };
            for change in &content.pending {
                match luck.choose(random) {
                    Fate::Gone => {}
                    Fate::Whole => write(&mut content.durable, change, |_| true),
                    Fate::Torn => {
                        let bits = random.next();
                        write(&mut content.durable, change, |sector| {
                            bits >> (sector % 64) & 1 == 1
                        });
                    }
                }
            }
            fs::write(folder.join(name), &content.durable)?;
        }
        if random.below(2) == 1 {
            // Its index of the log is worth nothing after a crash.
            let junk: Vec<u8> = (0..32 * 1024)
                .map(|_| random.next().to_le_bytes()[0])
                .collect();
            fs::write(folder.join("store.db-shm"), junk)?;
        }
        Ok(())
    }
}

fn enter<'a>(names: &mut BTreeMap<&'a str, usize>, name: &'a str, file: Option<usize>) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(name),
    };
}

/// Does the part of `change` whose sectors `reach` the disk.
fn write(content: &mut Vec<u8>, change: &Change, reach: impl Fn(usize) -> bool) {
    match change {
        Change::Truncate { length, .. } => content.resize(*length, 0),
        Change::Write { offset, data, .. } => {
            let mut at = *offset;
            let mut rest = &data[..];
            while !rest.is_empty() {
                let length = rest.len().min(SECTOR - at % SECTOR);
                let (part, after) = rest.split_at(length);
                if reach(at / SECTOR) {
                    if content.len() < at + length {
                        content.resize(at + length, 0);
                    }
                    content[at..at + length].copy_from_slice(part);
                }
                at += length;
                rest = after;
            }
        }
        _ => {}
    }
}

/// What becomes of one write.
enum Fate {
    Gone,
    Whole,
    Torn,
}

/// How a disk fails: all of one kind, or mixed.
enum Luck {
    AllGone,
    AllWhole,
    Mixed,
    Torn,
}

impl Luck {
    fn of(random: &mut Random) -> Self {
        match random.below(6) {
            0 => Self::AllGone,
            1 => Self::AllWhole,
            2 => Self::Torn,
            _ => Self::Mixed,
        }
    }

    fn choose(&self, random: &mut Random) -> Fate {
        match self {
            Self::AllGone => Fate::Gone,
            Self::AllWhole => Fate::Whole,
            Self::Torn => Fate::Torn,
            Self::Mixed => match random.below(4) {
                0 => Fate::Gone,
                1 => Fate::Torn,
                _ => Fate::Whole,
            },
        }
    }
}

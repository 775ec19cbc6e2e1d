//! What strace saw.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::resilience::history::Ack;

/// Every call that changes a file, or makes a change durable.
pub(super) const CALLS: &str = "openat,write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,\
                                fallocate,unlink,unlinkat,rename,renameat,renameat2";

/// One step of the worker.
#[derive(Debug)]
pub(super) enum Step {
    /// It told its caller.
    Ack(Ack),
    /// It changed the disk.
    Change(Change),
}

/// One change of the disk. Names are those of files in the store's folder.
#[derive(Debug)]
pub(super) enum Change {
    /// A new file, empty.
    Create { name: String },
    /// Bytes at an offset.
    Write {
        name: String,
        offset: usize,
        data: Vec<u8>,
    },
    /// A new length.
    Truncate { name: String, length: usize },
    /// The file's content is durable.
    Sync { name: String },
    /// Creations and removals are durable.
    SyncFolder,
    /// The file is gone.
    Remove { name: String },
}

/// Reads the trace at `path` of a worker whose store is in `folder`.
pub(super) fn read(path: &Path, folder: &Path) -> Result<Vec<Step>> {
    let folder = folder.to_str().context("a path that is text")?;
    let mut reader = Reader {
        folder,
        known: HashSet::new(),
        steps: Vec::new(),
    };
    let mut unfinished: HashMap<String, String> = HashMap::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let (process, call) = line.split_once(' ').context("a process id")?;
        let call = call.trim_start();
        let call = if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            // An acknowledgement counts from where it begins.
            if !reader.acknowledges(begun)? {
                unfinished.insert(process.to_owned(), begun.to_owned());
            }
            continue;
        } else if let Some(resumed) = call.strip_prefix("<... ") {
            let (_, rest) = resumed.split_once(" resumed>").context("a resumed call")?;
            match unfinished.remove(process) {
                Some(begun) => begun + rest,
                None => continue,
            }
        } else {
            call.to_owned()
        };
        if !reader.acknowledges(&call)? {
            reader.call(&call).with_context(|| {
                let start: String = call.chars().take(200).collect();
                format!("in the trace: {start}")
            })?;
        }
    }
    ensure!(!reader.steps.is_empty(), "the trace is empty");
    Ok(reader.steps)
}

struct Reader<'a> {
    folder: &'a str,
    known: HashSet<String>,
    steps: Vec<Step>,
}

impl Reader<'_> {
    /// Notes a write of an acknowledgement to the standard output.
    fn acknowledges(&mut self, call: &str) -> Result<bool> {
        if !call.starts_with("write(1<") {
            return Ok(false);
        }
        let text = String::from_utf8(quoted(call)?)?;
        for line in text.lines().filter(|line| line.starts_with("ack ")) {
            self.steps.push(Step::Ack(Ack::parse(line)?));
        }
        Ok(true)
    }

    fn call(&mut self, call: &str) -> Result<()> {
        let Some((name, rest)) = call.split_once('(') else {
            // Signals and ends of threads.
            return Ok(());
        };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else {
            bail!("no result");
        };
        if result.starts_with('-') {
            return Ok(());
        }
        let arguments = arguments.trim_end().trim_end_matches(')');
        let file = match name {
            "openat" | "unlink" | "unlinkat" => String::from_utf8(quoted(arguments)?)?,
            "rename" | "renameat" | "renameat2" => arguments.to_owned(),
            _ => descriptor(arguments)?,
        };
        if file == self.folder {
            if name.ends_with("sync") {
                self.push(Change::SyncFolder);
            }
            return Ok(());
        }
        let Some(file) = file
            .strip_prefix(self.folder)
            .and_then(|file| file.strip_prefix('/'))
            .filter(|file| !file.ends_with("-shm") && !file.ends_with("-lock"))
            .map(str::to_owned)
        else {
            return Ok(());
        };
        let last = |n: usize| -> Result<usize> {
            let number = arguments.rsplit(", ").nth(n).context("a number")?;
            Ok(number.parse()?)
        };
        match name {
            "openat" => {
                if arguments.contains("O_CREAT") && self.known.insert(file.clone()) {
                    self.push(Change::Create { name: file });
                }
            }
            "unlink" | "unlinkat" => {
                self.known.remove(&file);
                self.push(Change::Remove { name: file });
            }
            "pwrite64" => {
                let data = quoted(arguments)?;
                ensure!(result.trim() == data.len().to_string(), "a write of a part");
                let offset = last(0)?;
                self.push(Change::Write {
                    name: file,
                    offset,
                    data,
                });
            }
            "ftruncate" => {
                let length = last(0)?;
                self.push(Change::Truncate { name: file, length });
            }
            "fsync" | "fdatasync" => self.push(Change::Sync { name: file }),
            _ => bail!("a call that this proof does not know"),
        }
        Ok(())
    }

    fn push(&mut self, change: Change) {
        self.steps.push(Step::Change(change));
    }
}

/// The bytes of the first quoted string.
fn quoted(text: &str) -> Result<Vec<u8>> {
    let (_, rest) = text.split_once('"').context("a quoted string")?;
    let (inside, _) = rest.split_once('"').context("its closing quote")?;
    unescape(inside)
}

/// The path between the first angle brackets.
fn descriptor(text: &str) -> Result<String> {
    let (_, rest) = text.split_once('<').context("a file descriptor's path")?;
    let (inside, _) = rest.split_once('>').context("its closing bracket")?;
    Ok(String::from_utf8(unescape(inside)?)?)
}

/// strace is asked to write every byte as `\xHH`; some of its own words are
/// plain.
fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(escaped) = rest.strip_prefix("\\x") {
            let (digits, after) = escaped.split_at_checked(2).context("two digits")?;
            bytes.push(u8::from_str_radix(digits, 16)?);
            rest = after;
        } else {
            let (plain, after) = rest.split_at_checked(1).context("plain ASCII")?;
            bytes.extend(plain.bytes());
            rest = after;
        }
    }
    Ok(bytes)
}

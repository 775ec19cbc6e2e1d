//! `policy.txtpb` as a text: which services it names, where, and in which of its lines.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::Diagnostic as _;
use protox::Compiler;
use protox::file::{ChainFileResolver, GoogleFileResolver};
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::Error;
use crate::annotation::{messages, text};
use crate::bundled::Bundled;

/// Beside the .proto files.
pub const FILE: &str = "policy.txtpb";
const FORM: &str = "mesh/v1/policies.proto";

/// A file with policy of services whose .proto may not be touched.
#[derive(Debug, Default)]
pub struct Policies {
    /// Where it is.
    pub path: PathBuf,
    /// As it was read.
    pub text: String,
    blocks: Vec<Block>,
}

/// A field of the file, with what stands before it.
#[derive(Debug)]
struct Block {
    range: Range<usize>,
    services: Vec<Stated>,
}

/// What a file says of a service.
#[derive(Debug)]
pub struct Stated {
    /// `package.Service`.
    pub name: String,
    /// Where that is; the first line is 1.
    pub line: usize,
    /// And the first column.
    pub column: usize,
    /// Where that is, in bytes.
    pub(crate) at: usize,
    pub(crate) message: DynamicMessage,
}

impl Stated {
    /// Whether both say the same of their service.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        self.message.encode_to_vec() == other.message.encode_to_vec()
    }
}

impl Policies {
    /// Reads the file `path`, which says nothing if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be read, [`Error::Compile`] with line and column if it is
    /// not in the form of `mesh/v1/policies.proto`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::Io(path.to_owned(), error)),
        };
        let wrong = |why| Error::Compile(format!("{}:{why}", path.display()));
        let form = form().map_err(wrong)?;
        parse(&form, &text).map_err(wrong)?;
        let read = |range: Range<usize>| -> Result<Block, String> {
            let block = parse(&form, &text[range.clone()])?;
            let mut from = range.start;
            let services = messages(&block, "service").into_iter().map(|message| {
                let stated = Stated::new(&text, from, message);
                from = stated.at;
                stated
            });
            let services = services.collect();
            Ok(Block { range, services })
        };
        let blocks: Result<Vec<_>, _> = blocks(&text).into_iter().map(read).collect();
        // What cannot be taken apart is one.
        let blocks = match blocks {
            Ok(blocks) => blocks,
            Err(_) => vec![read(0..text.len()).map_err(wrong)?],
        };
        Ok(Self {
            path: path.to_owned(),
            text,
            blocks,
        })
    }

    /// What it says, in its sequence.
    pub fn services(&self) -> impl Iterator<Item = &Stated> {
        self.blocks.iter().flat_map(|block| &block.services)
    }

    /// Its lines that say something of services for which `wanted` holds, each piece with the
    /// number of its first line: all of them if that is every service.
    ///
    /// # Errors
    ///
    /// A service that is not wanted, in one list with one that is.
    pub fn about(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<(usize, &str)>, &Stated> {
        if self.services().all(|it| wanted(&it.name)) {
            return Ok(vec![(1, &self.text)]);
        }
        let mut pieces = Vec::new();
        for block in &self.blocks {
            let unwanted = block.services.iter().find(|it| !wanted(&it.name));
            match unwanted {
                None => {
                    let before = &self.text[..block.range.start];
                    pieces.push((
                        before.matches('\n').count() + 1,
                        &self.text[block.range.clone()],
                    ));
                }
                Some(unwanted) if block.services.iter().any(|it| wanted(&it.name)) => {
                    return Err(unwanted);
                }
                Some(_) => {}
            }
        }
        Ok(pieces)
    }
}

impl Stated {
    fn new(all: &str, from: usize, message: DynamicMessage) -> Self {
        let name = text(&message, "name");
        let at = place(all, from, &name);
        let (line, column) = line_and_column(all, at);
        Self {
            name,
            line,
            column,
            at,
            message,
        }
    }
}

/// The first line is 1, and so is its first column.
pub(crate) fn line_and_column(all: &str, at: usize) -> (usize, usize) {
    let before = &all[..at];
    let column = before
        .rsplit('\n')
        .next()
        .map_or(1, |it| it.chars().count());
    (before.lines().count().max(1), column.max(1))
}

/// Where `name` is quoted, from `from` on.
pub(crate) fn place(all: &str, from: usize, name: &str) -> usize {
    let quoted = ["\"", "'"].map(|quote| format!("{quote}{name}{quote}"));
    let found = quoted.iter().filter_map(|it| all[from..].find(it.as_str()));
    // The quote itself counts, so that it is on the line of the name.
    found.min().map_or(from, |at| from + at + 1)
}

/// Where the file's fields are: each to the end of its line, from the end of the one before.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut blocks, mut start, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at - 1),
            quote @ (b'"' | b'\'') => {
                at += 1;
                while bytes.get(at).is_some_and(|it| it != quote) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' | b'<' => depth += 1,
            b'}' | b']' | b'>' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let end = end_of_line(text, at + 1);
                    blocks.push(start..end);
                    (start, at) = (end, end);
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    blocks
}

/// The next line's beginning, if nothing but a comment is left of this one.
fn end_of_line(text: &str, at: usize) -> usize {
    let line = text[at..].split_inclusive('\n').next().unwrap_or_default();
    let rest = line.trim_start_matches([' ', '\t', '\r', ',', ';']);
    if rest.trim().is_empty() || rest.starts_with('#') {
        at + line.len()
    } else {
        at + line.len() - rest.len()
    }
}

/// What the file is.
fn form() -> Result<MessageDescriptor, String> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .open_file(FORM)
        .map_err(|error| format!(" {error}"))?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    let form = pool.get_message_by_name("mesh.v1.Policies");
    form.ok_or_else(|| format!(" {FORM} has no Policies"))
}

/// The text as a message; or line, column and what is wrong there.
fn parse(form: &MessageDescriptor, text: &str) -> Result<DynamicMessage, String> {
    DynamicMessage::parse_text_format(form.clone(), text).map_err(|error| {
        let label = error.labels().and_then(|mut labels| labels.next());
        let at = label.map_or(0, |label| label.offset());
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |it| it.chars().count())
            + 1;
        format!("{line}:{column}: {error}; its form is that of {FORM}")
    })
}

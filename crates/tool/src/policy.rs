//! `policy.txtpb` beside .proto files that are taken in: what it says of their services
//! goes into the service's own. A policy that is left behind in silence would open what it
//! closes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Protos;
use contract::policies::{FILE, Policies, Stated};

use crate::imports::{self, Imports};
use crate::{Error, Project};

/// The service's own.
pub(crate) const POLICY: &str = "proto/policy.txtpb";

/// What the service's own file is to say, and where that comes from.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) text: String,
    /// What stands there for services that nothing here declares, as sentences.
    pub(crate) left: Vec<String>,
    pieces: Vec<Piece>,
}

/// Lines that were taken, from `line` on of the text.
#[derive(Debug)]
struct Piece {
    line: usize,
    of: PathBuf,
    of_line: usize,
}

impl Policy {
    /// Of the files beside `imports`; `None` if they say nothing new. `protos` has what is
    /// declared, those taken in included.
    pub(crate) fn gather(
        project: &Project,
        imports: &Imports,
        protos: impl FnOnce() -> Result<Protos, Error>,
    ) -> Result<Option<Self>, Error> {
        let own_path = project.path(POLICY);
        let real = |path: &Path| path.canonicalize().ok();
        let mut files = imports.policies.clone();
        files.retain(|it| real(it) != real(&own_path));
        if files.is_empty() {
            return Ok(None);
        }
        let all: Result<Vec<_>, _> = files.iter().map(|it| Policies::read(it)).collect();
        let all = all?;
        let mut own = Policies::read(&own_path)?;
        own.path = PathBuf::from(POLICY);
        let protos = protos()?;
        let mut policy = Self {
            text: own.text.clone(),
            ..Self::default()
        };
        for (index, file) in all.iter().enumerate() {
            let mut wanted = Vec::new();
            for stated in file.services() {
                if protos.pool().get_service_by_name(&stated.name).is_none() {
                    policy.left.push(left(file, stated, &protos)?);
                } else if is_new(&own, &all[..index], file, stated)? {
                    wanted.push(&*stated.name);
                }
            }
            policy.take(file, &wanted)?;
        }
        Ok((policy.text != own.text || !policy.left.is_empty()).then_some(policy))
    }

    /// Appends what `file` says of `wanted`.
    fn take(&mut self, file: &Policies, wanted: &[&str]) -> Result<(), Error> {
        if wanted.is_empty() {
            return Ok(());
        }
        let pieces = file.about(|it| wanted.contains(&it)).map_err(|it| {
            Error::new(format!(
                "{}: {} stands in one list with what is taken in, and is not; write each service in \
                 a block of its own: service {{ … }}",
                place(file, it),
                it.name
            ))
        })?;
        for (of_line, piece) in pieces {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            self.pieces.push(Piece {
                line: self.text.matches('\n').count() + 1,
                of: file.path.clone(),
                of_line,
            });
            self.text.push_str(piece);
        }
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        Ok(())
    }

    /// `said` with each place in `staged`, which has the text, where it was taken from.
    pub(crate) fn shown(&self, said: &str, staged: &str) -> String {
        let begin = format!("{staged}:");
        let mut parts = said.split(&begin);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.split(|it: char| !it.is_ascii_digit()).next();
            let digits = digits.unwrap_or_default();
            let line = digits.parse().unwrap_or(0_usize);
            let piece = self.pieces.iter().rev().find(|it| it.line <= line);
            let (file, line) = piece.map_or_else(
                || (POLICY.to_owned(), line),
                |it| (it.of.display().to_string(), line - it.line + it.of_line),
            );
            // Writing to a string cannot fail.
            let _ = write!(out, "{file}:{line}{}", &part[digits.len()..]);
        }
        out
    }
}

/// Whether what `file` says of a service is said nowhere else yet.
fn is_new(
    own: &Policies,
    before: &[Policies],
    file: &Policies,
    stated: &Stated,
) -> Result<bool, Error> {
    for other in std::iter::once(own).chain(before) {
        let twin = other.services().find(|it| it.name == stated.name);
        match twin {
            Some(twin) if twin.says_what(stated) => return Ok(false),
            Some(twin) => {
                return Err(Error::new(format!(
                    "{}: {} has another policy in {}, and only one can hold; say it in one of \
                     them, or the same in both",
                    place(file, stated),
                    stated.name,
                    place(other, twin)
                )));
            }
            None => {}
        }
    }
    Ok(true)
}

fn place(file: &Policies, stated: &Stated) -> String {
    format!("{}:{}:{}", file.path.display(), stated.line, stated.column)
}

/// That a policy stays where it is, if a .proto near it declares its service.
fn left(file: &Policies, stated: &Stated, protos: &Protos) -> Result<String, Error> {
    let name = &stated.name;
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut near = Vec::new();
    imports::walk(folder, &mut near)?;
    let declares = |path: &PathBuf| {
        fs::read_to_string(path).is_ok_and(|text| imports::declares_service(&text, name))
    };
    if near.iter().any(declares) {
        return Ok(format!(
            "{}: the policy of {name} stays there, as the .proto that declares it does",
            place(file, stated)
        ));
    }
    let known = protos.pool().services().map(|it| it.full_name().to_owned());
    let known = known.collect::<Vec<_>>().join(", ");
    Err(Error::new(format!(
        "{}: {name}: neither what is taken in nor a .proto beside {FILE} declares such a service; \
         write package.Service of one of {known}",
        place(file, stated)
    )))
}

//! The .proto files to adopt, and all that they import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use contract::policies;

use crate::Error;

/// What every service answers: health and reflection.
const BUILT_IN: [&str; 3] = [
    "grpc.health.v1",
    "grpc.reflection.v1",
    "grpc.reflection.v1alpha",
];

/// Files by the name under which others import them.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// Where each is, and its text.
    pub(crate) files: BTreeMap<String, (PathBuf, String)>,
    /// Those that were asked for.
    pub(crate) asked: Vec<String>,
    /// Policy beside them, or above them up to where their names begin.
    pub(crate) policies: Vec<PathBuf>,
}

/// Reads `files`, or all .proto files in them where they are folders, and what
/// they import from `includes` and from where they are themselves. What `there`
/// already has or the contract brings along is left out, and so are health and
/// reflection, which demos keep copies of.
pub(crate) fn gather(
    files: &[PathBuf],
    includes: &[PathBuf],
    there: &Path,
) -> Result<Imports, Error> {
    let mut roots: Vec<PathBuf> = includes.to_vec();
    let mut imports = Imports::default();
    let mut asked = Vec::new();
    for file in files {
        if file.is_dir() {
            roots.push(file.clone());
            let mut within = Vec::new();
            walk(file, &mut within)?;
            within.sort();
            if within.is_empty() {
                return Err(Error::new(format!(
                    "{}: has no .proto file in it; name a folder that has, or the file itself",
                    file.display()
                )));
            }
            for file in within {
                if !is_built_in(&read(&file)?) {
                    asked.push(file);
                }
            }
        } else {
            let text = read(file)?;
            if is_built_in(&text) {
                return Err(Error::new(format!(
                    "{}: every service answers what it declares already; leave it out",
                    file.display()
                )));
            }
            if !includes.iter().any(|it| name_in(it, file).is_some()) {
                roots.push(root_of(file, &text));
            }
            asked.push(file.clone());
        }
    }
    let mut queue: Vec<(String, PathBuf)> = Vec::new();
    for file in asked {
        let name = roots.iter().find_map(|root| name_in(root, &file));
        let name = name.ok_or_else(|| Error::new(format!("{}: has no name", file.display())))?;
        if !imports.asked.contains(&name) {
            imports.asked.push(name.clone());
        }
        enqueue(&mut queue, name, file)?;
    }
    let mut next = 0;
    while let Some((name, file)) = queue.get(next).cloned() {
        next += 1;
        let text = read(&file)?;
        for (place, import) in imported(&text) {
            if contract::is_bundled(import) {
                continue;
            }
            plain(&file, place, import)?;
            // The first of what is given with -I counts; of where files are none comes first.
            let all = |roots: &[PathBuf]| -> Vec<PathBuf> {
                let files = roots.iter().map(|it| it.join(import));
                files.filter(|it| it.is_file()).collect()
            };
            let mut found = all(includes);
            found.truncate(1);
            if found.is_empty() {
                found = all(&roots);
            }
            if found.is_empty() && !there.join(import).is_file() {
                return Err(missing(&file, place, import, &roots));
            }
            for file in found {
                enqueue(&mut queue, import.to_owned(), file)?;
            }
        }
        imports.files.insert(name, (file, text));
    }
    imports.policies = beside(&imports, &roots);
    Ok(imports)
}

/// Notes that `file` is called `name`; two that say something else cannot be.
fn enqueue(queue: &mut Vec<(String, PathBuf)>, name: String, file: PathBuf) -> Result<(), Error> {
    match queue.iter().find(|(other, _)| *other == name) {
        None => queue.push((name, file)),
        Some((_, twin)) => {
            let is_same =
                twin.canonicalize().ok() == file.canonicalize().ok() || read(twin)? == read(&file)?;
            if !is_same {
                return Err(Error::new(format!(
                    "{} and {}: both would be proto/{name}, and they differ; give -I and a folder \
                     above them both, so that their names do too, or rename one",
                    twin.display(),
                    file.display()
                )));
            }
        }
    }
    Ok(())
}

/// What protobuf takes as a name of a file, on every system.
fn plain(file: &Path, (line, column): (usize, usize), import: &str) -> Result<(), Error> {
    let parts: Vec<_> = import.split(['/', '\\']).collect();
    if !import.contains('\\') && !parts.iter().any(|it| ["", ".", ".."].contains(it)) {
        return Ok(());
    }
    let mut name: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." => drop(name.pop()),
            part => name.push(part),
        }
    }
    Err(Error::new(format!(
        "{}:{line}:{column}: import \"{import}\" is no path from a root, which is all that protobuf \
         takes; write \"{}\", and give the folder that it begins in with -I",
        file.display(),
        name.join("/")
    )))
}

fn read(file: &Path) -> Result<String, Error> {
    fs::read_to_string(file).map_err(|error| {
        let remedy = match error.kind() {
            ErrorKind::InvalidData => "a .proto file is text in UTF-8: is this one?",
            ErrorKind::NotFound => "name a .proto file, or a folder of them",
            _ => return Error::io(file, &error),
        };
        Error::new(format!("{}: {error}; {remedy}", file.display()))
    })
}

pub(crate) fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::io(folder, &error);
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            // A link to where it is itself leads nowhere.
            if !is_around(&path, folder) {
                walk(&path, found)?;
            }
        } else if path.extension().is_some_and(|it| it == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

fn is_around(link: &Path, folder: &Path) -> bool {
    let (link, folder) = (link.canonicalize(), folder.canonicalize());
    matches!((link, folder), (Ok(link), Ok(folder)) if folder.starts_with(&link))
}

/// `policy.txtpb` beside the files and above them, up to where their names begin, and in
/// `roots`; each once.
fn beside(imports: &Imports, roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = roots.to_vec();
    for (name, (file, _)) in &imports.files {
        let above = file.ancestors().skip(1).take(name.split('/').count());
        folders.extend(above.map(Path::to_owned));
    }
    let mut known = BTreeSet::new();
    let files = folders.iter().map(|it| it.join(policies::FILE));
    files
        .filter(|it| it.is_file())
        .filter(|it| it.canonicalize().is_ok_and(|it| known.insert(it)))
        .collect()
}

/// Whether the text of a .proto declares the service `package.Name`.
pub(crate) fn declares_service(text: &str, full: &str) -> bool {
    let (of, name) = full.rsplit_once('.').unwrap_or(("", full));
    package(text).unwrap_or_default() == of
        && statements(text).any(|words| words.iter().map(|it| it.1).eq(["service", name]))
}

/// The name of `file` under `root`, as both are written; or else where they really are.
fn name_in(root: &Path, file: &Path) -> Option<String> {
    let written = |path: &Path| std::path::absolute(path).ok();
    let real = |path: &Path| path.canonicalize().ok();
    let name = |root: PathBuf, file: PathBuf| file.strip_prefix(root).map(Path::to_owned).ok();
    let is_plain = |name: &PathBuf| !name.components().any(|it| it == Component::ParentDir);
    let name = name(written(root)?, written(file)?)
        .filter(is_plain)
        .or_else(|| name(real(root)?, real(file)?))?;
    let parts: Vec<_> = name.iter().map(|it| it.to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// Where the folders that name the file's package begin; if they do not, the
/// file's own folder.
fn root_of(file: &Path, text: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let package: Vec<_> = package(text).map_or(Vec::new(), |it| it.split('.').collect());
    let path: PathBuf = package.iter().collect();
    if !package.is_empty() && real.ends_with(&path) {
        let root = real.ancestors().nth(package.len());
        return root.unwrap_or(&real).to_owned();
    }
    real
}

fn package(text: &str) -> Option<&str> {
    let mut statements = statements(text);
    let words = statements.find(|words| words[0].1 == "package")?;
    words.get(1).map(|(_, name)| *name)
}

/// The words of each statement that is in no other, what is in braces left out.
fn statements(text: &str) -> impl Iterator<Item = Vec<(usize, &str)>> {
    let (mut depth, mut all, mut words) = (0_usize, Vec::new(), Vec::new());
    for (at, word) in contract::words(text) {
        match word {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            // As an editor of Windows begins a file.
            "\u{feff}" => continue,
            _ => {}
        }
        if depth == 0 && !matches!(word, ";" | "}") {
            words.push((at, word));
        } else if !words.is_empty() {
            all.push(std::mem::take(&mut words));
        }
    }
    all.into_iter()
}

fn is_built_in(text: &str) -> bool {
    package(text).is_some_and(|it| BUILT_IN.contains(&it))
}

/// What is imported, by line and column.
fn imported(text: &str) -> impl Iterator<Item = ((usize, usize), &str)> {
    statements(text).filter_map(|words| {
        let (at, first) = words[0];
        let (_, name) = words.last()?;
        let is_text = first == "import" && name.starts_with(['"', '\'']);
        let before = &text[..at];
        let column = before.rsplit('\n').next()?.chars().count() + 1;
        let place = (before.matches('\n').count() + 1, column);
        is_text.then_some((place, name.trim_matches(['"', '\''])))
    })
}

fn missing(file: &Path, (line, column): (usize, usize), import: &str, roots: &[PathBuf]) -> Error {
    let tried: Vec<_> = roots
        .iter()
        .map(|it| it.join(import).display().to_string())
        .collect();
    Error::new(format!(
        "{}:{line}:{column}: import \"{import}\" is not there; looked for {} and among the files that come \
         with the contract: give the folder that has it with -I",
        file.display(),
        tried.join(", ")
    ))
}

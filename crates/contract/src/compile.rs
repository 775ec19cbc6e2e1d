//! From files to descriptors, and what is said when that fails.

use std::path::{Path, PathBuf};

use miette::Diagnostic as _;
use protox::Compiler;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use crate::Error;
use crate::bundled::{self, Bundled};
use crate::edition::as_syntax;

/// A compiler that has read `files`, which are under `root`.
pub(crate) fn compiler(root: &Path, files: &[PathBuf]) -> Result<Compiler, Error> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Own::new(root));
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_source_info(true);
    for file in files {
        if let Err(error) = compiler.open_file(file) {
            return Err(Error::Compile(describe(root, file, &error)));
        }
    }
    Ok(compiler)
}

/// The project's own files, those of an edition in the form that protox reads.
struct Own {
    root: PathBuf,
    files: IncludeFileResolver,
}

impl Own {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            files: IncludeFileResolver::new(root.to_owned()),
        }
    }
}

impl FileResolver for Own {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.files.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = std::fs::read_to_string(self.root.join(name));
        match text.map(|text| as_syntax(&text)) {
            Ok(Ok(Some(text))) => File::from_source(name, &text),
            // What is wrong with another is told by who reads it as it is.
            _ => self.files.open_file(name),
        }
    }
}

/// Every .proto file under `folder`, sorted.
pub(crate) fn find(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    walk(folder, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::Io(folder.to_owned(), error);
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The error with file, line, column, every cause and, where it is known, what
/// to do about it.
fn describe(root: &Path, read: &Path, error: &protox::Error) -> String {
    // `Debug` is the form that shows the place, relative to the root.
    let mut text = format!("{error:?}");
    let mut file = read.to_owned();
    if let Some(named) = text.split(':').next().map(|it| root.join(it))
        && named.is_file()
    {
        let rest = text.find(':').map_or("", |colon| &text[colon..]);
        text = format!("{}{rest}", named.display());
        file = named;
    }
    let mut cause = error.diagnostic_source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.diagnostic_source();
    }
    if let Ok(source) = std::fs::read_to_string(&file)
        && let Err(refusal) = as_syntax(&source)
    {
        return format!(
            "{}:{}:{}: {}; write it without, or in proto2 or proto3",
            file.display(),
            refusal.line,
            refusal.column,
            refusal.reason
        );
    }
    match missing(&error.to_string()) {
        Some(import) => format!("{text}; {}", looked_for(root, import)),
        None => text,
    }
}

/// Of "import 'x' not found" and "file 'x' not found", the name.
fn missing(error: &str) -> Option<&str> {
    let name = error.strip_suffix("' not found")?;
    let name = name.strip_prefix("import '");
    name.or_else(|| error.strip_prefix("file '")?.strip_suffix("' not found"))
}

fn looked_for(root: &Path, import: &str) -> String {
    let here = root.join(import);
    let folder = import.rsplit_once('/').map_or("", |(folder, _)| folder);
    let near: Vec<_> = bundled::names()
        .filter(|name| !folder.is_empty() && name.starts_with(folder))
        .collect();
    let near = if near.is_empty() {
        String::new()
    } else {
        format!(" (of {folder}: {})", near.join(", "))
    };
    format!(
        "looked for {} and among the files that come with the contract{near}; put it there, or \
         adopt with -I and the folder that has it",
        here.display()
    )
}

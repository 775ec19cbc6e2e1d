//! From files to descriptors, and what is said when that fails.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use miette::Diagnostic as _;
use protox::Compiler;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};
use protox::prost_reflect::DescriptorPool;
use protox::prost_reflect::prost_types::FileDescriptorProto;

use crate::Error;
use crate::bundled::{self, Bundled};
use crate::edition::{Lowered, Marks, lowered};

/// Of files of an edition what their text, as it is compiled, cannot say, by name.
pub(crate) type Marked = BTreeMap<String, Marks>;

/// A compiler that has read `files`, which are under `root`.
pub(crate) fn compiler(root: &Path, files: &[PathBuf]) -> Result<(Compiler, Marked), Error> {
    let marked = Rc::default();
    let compiler = opened(root, files, Own::new(root, Rc::clone(&marked)))?;
    if marked.borrow().is_empty() {
        return Ok((compiler, Marked::new()));
    }
    // What names mean is known now.
    let types = Some(compiler.descriptor_pool());
    let own = Own {
        types,
        ..Own::new(root, Rc::clone(&marked))
    };
    let compiler = opened(root, files, own)?;
    let marked = marked.take();
    Ok((compiler, marked))
}

fn opened(root: &Path, files: &[PathBuf], own: Own) -> Result<Compiler, Error> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(own);
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
    marked: Rc<RefCell<Marked>>,
    /// What the marks are put into descriptors by.
    types: Option<DescriptorPool>,
}

impl Own {
    fn new(root: &Path, marked: Rc<RefCell<Marked>>) -> Self {
        Self {
            root: root.to_owned(),
            files: IncludeFileResolver::new(root.to_owned()),
            marked,
            types: None,
        }
    }

    /// The file `name` of an edition, whose text is now `lowered`.
    fn edition(&self, name: &str, lowered: Lowered) -> Result<File, protox::Error> {
        let file = File::from_source(name, &lowered.text)?;
        let Some(marks) = lowered.marks else {
            return Ok(file);
        };
        let file = match &self.types {
            None => file,
            Some(types) => {
                let mut file = FileDescriptorProto::from(file);
                marks.apply(&mut file, types);
                File::from_file_descriptor_proto(file)
            }
        };
        self.marked.borrow_mut().insert(name.to_owned(), marks);
        Ok(file)
    }
}

impl FileResolver for Own {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.files.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = std::fs::read_to_string(self.root.join(name));
        match text.map(|text| lowered(&text)) {
            Ok(Ok(Some(lowered))) => self.edition(name, lowered),
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
        && let Err(refusal) = lowered(&source)
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

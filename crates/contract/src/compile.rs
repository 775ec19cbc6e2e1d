//! From files to descriptors.

mod described;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use described::describe;
use protox::Compiler;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};
use protox::prost_reflect::DescriptorPool;
use protox::prost_reflect::prost_types::FileDescriptorProto;

use crate::Error;
use crate::bundled::Bundled;
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
        let mut file = FileDescriptorProto::from(file);
        lowered.shifts.correct(&mut file);
        if let Some(marks) = lowered.marks {
            if let Some(types) = &self.types {
                marks.apply(&mut file, types);
            }
            self.marked.borrow_mut().insert(name.to_owned(), marks);
        }
        Ok(File::from_file_descriptor_proto(file))
    }
}

impl FileResolver for Own {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.files.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let Ok(text) = std::fs::read_to_string(self.root.join(name)) else {
            return self.files.open_file(name);
        };
        // Editors of Windows begin a file with it.
        let plain = text.strip_prefix('\u{feff}');
        match (lowered(plain.unwrap_or(&text)), plain) {
            (Ok(Some(lowered)), _) => self.edition(name, lowered),
            (_, Some(plain)) => File::from_source(name, plain),
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

//! The .proto files, compiled without protoc.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use miette::Diagnostic as _;
use protox::Compiler;
use protox::prost_reflect::prost_types::FileDescriptorSet;
use protox::prost_reflect::{DescriptorPool, FileDescriptor, Kind};

use crate::{Contract, Error, derive};

/// Beside the .proto files: which packages this project offers.
const OFFERED: &str = "offered.conf";

/// Every .proto file under one root, compiled, and which services are offered.
pub struct Protos {
    root: PathBuf,
    files: Vec<PathBuf>,
    pool: DescriptorPool,
    offered: BTreeSet<String>,
}

impl Protos {
    /// Compiles every .proto file under `root` and reads `root/offered.conf`:
    /// one package a line, `#` starts a comment.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or does not compile, or if `offered.conf` is
    /// absent, empty or names a package without services.
    pub fn compile(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let mut files = Vec::new();
        walk(root, &mut files)?;
        files.sort();
        let pool = compiler(root, &files)?.descriptor_pool();
        let offered = offered(&root.join(OFFERED), &pool)?;
        Ok(Self {
            root: root.to_owned(),
            files,
            pool,
            offered,
        })
    }

    /// The policy of every rpc.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with every rule that an annotation breaks.
    pub fn contract(&self) -> Result<Contract, Error> {
        derive::contract(&self.root, &self.pool, &self.offered)
    }

    /// What Rust is generated from: the files whose types or services the code
    /// needs, comments included. Files that only declare options are left out,
    /// nothing at run time reads them.
    #[must_use]
    pub fn code(&self) -> FileDescriptorSet {
        let needed = needed(&self.pool);
        let file = self
            .pool
            .files()
            .filter(|file| needed.contains(file.name()))
            .map(|file| file.file_descriptor_proto().clone())
            .collect();
        FileDescriptorSet { file }
    }

    /// What server reflection answers from: the offered services' files and all
    /// that they import, custom options included, without comments.
    ///
    /// # Errors
    ///
    /// As [`Protos::compile`], if a file changed since.
    pub fn reflection(&self) -> Result<Vec<u8>, Error> {
        let offered: HashSet<_> = self
            .pool
            .services()
            .filter(|service| self.offered.contains(service.package_name()))
            .map(|service| self.root.join(service.parent_file().name()))
            .collect();
        let files: Vec<_> = self
            .files
            .iter()
            .filter(|file| offered.contains(*file))
            .cloned()
            .collect();
        let mut compiler = compiler(&self.root, &files)?;
        compiler.include_imports(true).include_source_info(false);
        Ok(compiler.encode_file_descriptor_set())
    }
}

fn compiler(root: &Path, files: &[PathBuf]) -> Result<Compiler, Error> {
    let failed = |error: protox::Error| Error::Compile(describe(root, &error));
    let mut compiler = Compiler::new([root]).map_err(failed)?;
    compiler.open_files(files).map_err(failed)?;
    Ok(compiler)
}

/// The error with file, line, column and every cause.
fn describe(root: &Path, error: &protox::Error) -> String {
    // `Debug` is the form that shows the place, relative to the root.
    let mut text = format!("{error:?}");
    let file = text.split(':').next().map(|it| root.join(it));
    if let Some(file) = file.filter(|it| it.is_file()) {
        let rest = text.find(':').map_or("", |colon| &text[colon..]);
        text = format!("{}{rest}", file.display());
    }
    let mut cause = error.diagnostic_source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.diagnostic_source();
    }
    text
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

fn offered(path: &Path, pool: &DescriptorPool) -> Result<BTreeSet<String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Io(path.to_owned(), error))?;
    let packages: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    let path = path.display();
    if packages.is_empty() {
        return Err(Error::Offered(format!(
            "{path}: names no package, so no service would be offered; write the package of the \
             service's own .proto, one a line"
        )));
    }
    for package in &packages {
        if !pool.services().any(|it| it.package_name() == package) {
            return Err(Error::Offered(format!(
                "{path}: no .proto declares a service in package {package}; correct the name or \
                 remove the line"
            )));
        }
    }
    Ok(packages)
}

/// Names of the files with services, and of those that declare a type which
/// these use, near or far.
fn needed(pool: &DescriptorPool) -> HashSet<String> {
    let mut queue: VecDeque<FileDescriptor> = pool
        .files()
        .filter(|file| file.services().len() > 0)
        .collect();
    let mut needed = HashSet::new();
    while let Some(file) = queue.pop_front() {
        if file.package_name() == "google.protobuf" || !needed.insert(file.name().to_owned()) {
            continue;
        }
        for method in file
            .services()
            .flat_map(|it| it.methods().collect::<Vec<_>>())
        {
            queue.push_back(method.input().parent_file());
            queue.push_back(method.output().parent_file());
        }
        for message in pool.all_messages().filter(|it| it.parent_file() == file) {
            queue.extend(message.fields().filter_map(|field| match field.kind() {
                Kind::Message(message) => Some(message.parent_file()),
                Kind::Enum(it) => Some(it.parent_file()),
                _ => None,
            }));
        }
    }
    needed
}

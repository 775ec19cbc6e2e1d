//! The .proto files, compiled without protoc.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};

use crate::compile::Marked;
use crate::{Contract, Error, comments, compile, derive, offered};

/// Packages of options and rules: nothing at run time reads their messages.
const ANNOTATIONS: [&str; 3] = ["mesh.v1", "google.api", "buf.validate"];

/// Every .proto file under one root, compiled, and which services are offered.
pub struct Protos {
    pub(crate) root: PathBuf,
    files: Vec<PathBuf>,
    pool: DescriptorPool,
    marked: Marked,
    offered: BTreeSet<String>,
}

impl Protos {
    /// Compiles every .proto file under `root` and reads `root/offered.conf`:
    /// one `package.Service` a line, `#` starts a comment. What is imported and
    /// not there may be one of the files that come with this crate: googleapis'
    /// common ones and `mesh/v1/policy.proto`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or does not compile, or if `offered.conf` is
    /// absent, empty or names what is no service or one without rpcs.
    pub fn compile(root: impl AsRef<Path>) -> Result<Self, Error> {
        let mut protos = Self::all(root)?;
        protos.offered = offered::read(&protos.root.join(offered::FILE), &protos.pool)?;
        Ok(protos)
    }

    /// Compiles every .proto file under `root`, of which nothing is offered.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or does not compile.
    pub fn all(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let files = compile::find(root)?;
        let (compiler, marked) = compile::compiler(root, &files)?;
        Ok(Self {
            root: root.to_owned(),
            files,
            pool: compiler.descriptor_pool(),
            marked,
            offered: BTreeSet::new(),
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

    /// The descriptors of everything that was read.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// Whether the service of that full name is offered.
    pub(crate) fn is_offered(&self, service: &str) -> bool {
        self.offered.contains(service)
    }

    /// What Rust is generated from, comments included: the project's own files
    /// and those that declare a type which these use. Files that only declare
    /// options are left out.
    #[must_use]
    pub fn code(&self) -> FileDescriptorSet {
        let needed = self.needed();
        let file = self
            .pool
            .files()
            .filter(|file| needed.contains(file.name()))
            .map(|file| {
                let mut file = file.file_descriptor_proto().clone();
                comments::as_prose(&mut file);
                file
            })
            .collect();
        FileDescriptorSet { file }
    }

    /// A file of [`Protos::code`] as protoc would hand it on: one of an edition that no
    /// older syntax can say is told with its edition and features, which its own
    /// generators ask for.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] if the file is not what a descriptor is.
    pub fn encoded(&self, file: &FileDescriptorProto) -> Result<Vec<u8>, Error> {
        let bytes = file.encode_to_vec();
        let Some(marks) = self.marked.get(file.name()) else {
            return Ok(bytes);
        };
        let kind = known("google.protobuf.FileDescriptorProto")?;
        let mut file =
            DynamicMessage::decode(kind, &*bytes).map_err(|it| unreadable(&it.to_string()))?;
        marks.say(&mut file);
        Ok(file.encode_to_vec())
    }

    /// What server reflection answers from: the offered services, their files
    /// and all that these import, custom options included, without comments and
    /// without the services that are not offered.
    ///
    /// # Errors
    ///
    /// As [`Protos::compile`], if a file changed since.
    pub fn reflection(&self) -> Result<Vec<u8>, Error> {
        let (set, marked) = self.described(false)?;
        self.only_offered(&set, &marked)
    }

    /// What a gateway and its document are made from: as [`Protos::reflection`], with
    /// comments, and with all services of those files.
    ///
    /// # Errors
    ///
    /// As [`Protos::compile`], if a file changed since.
    pub fn documented(&self) -> Result<Vec<u8>, Error> {
        Ok(self.described(true)?.0)
    }

    /// The files of the offered services and all that these import.
    fn described(&self, comments: bool) -> Result<(Vec<u8>, Marked), Error> {
        let with_offered: HashSet<_> = self
            .pool
            .services()
            .filter(|service| self.offered.contains(service.full_name()))
            .map(|service| self.root.join(service.parent_file().name()))
            .collect();
        let files: Vec<_> = self
            .files
            .iter()
            .filter(|file| with_offered.contains(*file))
            .cloned()
            .collect();
        let (mut compiler, marked) = compile::compiler(&self.root, &files)?;
        compiler.include_imports(true).include_source_info(comments);
        Ok((compiler.encode_file_descriptor_set(), marked))
    }

    /// The set without the services that are not offered, and marked files as they are.
    /// Its messages are read as dynamic ones, which keep the options that prost's types
    /// would drop.
    fn only_offered(&self, set: &[u8], marked: &Marked) -> Result<Vec<u8>, Error> {
        let set_type = known("google.protobuf.FileDescriptorSet")?;
        let mut set =
            DynamicMessage::decode(set_type, set).map_err(|it| unreadable(&it.to_string()))?;
        let Some(Value::List(files)) = set.get_field_by_name_mut("file") else {
            return Err(unreadable("no files"));
        };
        for file in files.iter_mut().filter_map(Value::as_message_mut) {
            if let Some(marks) = marked.get(&text(file, "name")) {
                marks.say(file);
            }
            let package = text(file, "package");
            if let Some(Value::List(services)) = file.get_field_by_name_mut("service") {
                services.retain(|service| {
                    let name = service.as_message().map(|it| text(it, "name"));
                    let name = name.unwrap_or_default();
                    self.offered.contains(&full_name(&package, &name))
                });
            }
        }
        Ok(set.encode_to_vec())
    }

    /// The rpcs that are offered.
    pub(crate) fn rpcs(&self) -> impl Iterator<Item = MethodDescriptor> {
        let offered = (self.pool.services()).filter(|it| self.offered.contains(it.full_name()));
        offered.flat_map(|it| it.methods().collect::<Vec<_>>())
    }

    /// Names of the project's own files, and of those that declare a type which
    /// these use, near or far.
    pub(crate) fn needed(&self) -> HashSet<String> {
        let own: HashSet<_> = self.files.iter().collect();
        let mut queue: VecDeque<FileDescriptor> = self
            .pool
            .files()
            .filter(|file| own.contains(&self.root.join(file.name())))
            .filter(|file| !ANNOTATIONS.contains(&file.package_name()))
            .filter(|file| !file.package_name().starts_with("google.") || file.services().len() > 0)
            .collect();
        let mut needed = HashSet::new();
        while let Some(file) = queue.pop_front() {
            // google.protobuf's are generated by nobody, but whoever generates
            // wants to look at what they are.
            if !needed.insert(file.name().to_owned()) {
                continue;
            }
            for method in file
                .services()
                .flat_map(|it| it.methods().collect::<Vec<_>>())
            {
                queue.push_back(method.input().parent_file());
                queue.push_back(method.output().parent_file());
            }
            let messages = self.pool.all_messages();
            for message in messages.filter(|it| it.parent_file() == file) {
                queue.extend(message.fields().filter_map(|field| match field.kind() {
                    Kind::Message(message) => Some(message.parent_file()),
                    Kind::Enum(it) => Some(it.parent_file()),
                    _ => None,
                }));
            }
        }
        needed
    }
}

/// A message of descriptor.proto.
fn known(name: &str) -> Result<MessageDescriptor, Error> {
    let found = DescriptorPool::global().get_message_by_name(name);
    found.ok_or_else(|| unreadable(&format!("{name} is unknown")))
}

fn unreadable(why: &str) -> Error {
    Error::Compile(format!("the descriptors are not readable: {why}"))
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value
        .and_then(|it| it.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn full_name(package: &str, name: &str) -> String {
    if package.is_empty() {
        name.to_owned()
    } else {
        format!("{package}.{name}")
    }
}

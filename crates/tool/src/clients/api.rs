//! What is offered, as generators of code take it.

use std::collections::BTreeSet;
use std::rc::Rc;

use contract::service_config::{self, Timeouts};
use contract::{Contract, Protos, Role};
use prost::encoding::bytes;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use toml_edit::DocumentMut;

use super::Packages;
use crate::{Error, Project};

/// The API of a service.
#[derive(Clone)]
pub(super) struct Api {
    /// Of the service's package: `packages-service`.
    pub(super) name: String,
    pub(super) version: String,
    pub(super) go_module: String,
    maven_group: Option<String>,
    /// The files with what is offered and all that they need, those first that
    /// others import. Options of other files (rules, policy) are left out:
    /// callers have no use for them.
    pub(super) files: FileDescriptorSet,
    contract: Contract,
    protos: Rc<Protos>,
}

impl Api {
    pub(super) fn read(project: &Project, packages: &Packages) -> Result<Self, Error> {
        let protos = Protos::compile(project.path("proto")).map_err(|error| said(&error))?;
        let contract = protos.contract().map_err(|error| said(&error))?;
        let (name, version) = package(project)?;
        let go_module = packages.go_module.clone();
        Ok(Self {
            maven_group: packages.maven_group.clone(),
            go_module: go_module.unwrap_or_else(|| format!("{name}-client")),
            name,
            version,
            files: offered(&protos.code(), &contract),
            contract,
            protos: Rc::new(protos),
        })
    }

    /// The files as protoc would hand them on, each encoded.
    pub(super) fn encoded(&self) -> Result<Vec<Vec<u8>>, Error> {
        let files = self.files.file.iter();
        files
            .map(|file| self.protos.encoded(file).map_err(|error| said(&error)))
            .collect()
    }

    /// A `FileDescriptorSet` of them.
    pub(super) fn descriptor_set(&self) -> Result<Vec<u8>, Error> {
        let mut set = Vec::new();
        for file in self.encoded()? {
            bytes::encode(1, &file, &mut set);
        }
        Ok(set)
    }

    /// gRPC's service config of what is offered.
    pub(super) fn service_config(&self, timeouts: Timeouts) -> Result<String, Error> {
        service_config::json(&self.contract, None, timeouts).map_err(Error::new)
    }

    /// Seconds that each rpc may take, as JSON; none of a stream.
    pub(super) fn deadlines(&self) -> String {
        let methods = self.offered().flat_map(|service| &service.methods);
        let lines: Vec<_> = methods
            .filter_map(|method| {
                let seconds = method.timeout?.as_secs_f64();
                Some(format!("  \"{}\": {seconds}", method.path))
            })
            .collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// The services that are offered.
    pub(super) fn offered(&self) -> impl Iterator<Item = &contract::Service> {
        let services = self.contract.services.iter();
        services.filter(|service| service.role == Role::Server)
    }

    /// Of the Maven artifacts: what is said, or how the offered package begins.
    pub(super) fn maven_group(&self) -> String {
        let first = self.offered().map(|it| it.name.as_str()).find_map(|name| {
            let (package, _) = name.rsplit_once('.')?;
            package.split('.').next()
        });
        let said = self.maven_group.as_deref();
        said.or(first).unwrap_or("client").to_owned()
    }

    /// The files that are the service's own: not Google's, which each language
    /// has as a package.
    pub(super) fn own(&self) -> Vec<String> {
        let files = self.files.file.iter();
        files
            .filter(|file| !file.package().starts_with("google."))
            .map(|file| file.name().to_owned())
            .collect()
    }
}

fn said(error: &contract::Error) -> Error {
    Error::new(error.to_string())
}

/// Name and version, as Cargo.toml has them.
fn package(project: &Project) -> Result<(String, String), Error> {
    let text = project.read("Cargo.toml")?.unwrap_or_default();
    let wrong = |why: String| Error::new(format!("Cargo.toml: {why}"));
    let manifest: DocumentMut = text.parse().map_err(|it| wrong(format!("{it}")))?;
    let field = |name: &str| {
        let value = manifest.get("package").and_then(|it| it.get(name));
        value.and_then(|it| it.as_str()).map(str::to_owned)
    };
    let name = field("name").ok_or_else(|| wrong("[package] has no name".to_owned()))?;
    // A workspace's version may stand there.
    Ok((name, field("version").unwrap_or_else(|| "0.1.0".to_owned())))
}

/// The files with services that are offered, and what they import of `all`.
fn offered(all: &FileDescriptorSet, contract: &Contract) -> FileDescriptorSet {
    let is_offered = |name: String| {
        let mut services = contract.services.iter();
        services.any(|it| it.role == Role::Server && it.name == name)
    };
    let full_name = |file: &FileDescriptorProto, name: &str| match file.package() {
        "" => name.to_owned(),
        package => format!("{package}.{name}"),
    };
    let mut wanted: BTreeSet<String> = (all.file.iter())
        .filter(|file| {
            let mut services = file.service.iter();
            services.any(|it| is_offered(full_name(file, it.name())))
        })
        .map(|file| file.name().to_owned())
        .collect();
    loop {
        let files = all.file.iter().filter(|file| wanted.contains(file.name()));
        let imports = files.flat_map(|file| file.dependency.clone());
        let known = imports.filter(|it| all.file.iter().any(|file| file.name() == it));
        let more: Vec<_> = known.filter(|it| !wanted.contains(it)).collect();
        if more.is_empty() {
            break;
        }
        wanted.extend(more);
    }
    let mut files = Vec::new();
    let mut left: Vec<_> = (all.file.iter())
        .filter(|file| wanted.contains(file.name()))
        .map(|file| without_options(file, &wanted))
        .collect();
    while !left.is_empty() {
        let done: BTreeSet<String> = names(&files);
        let ready = |file: &FileDescriptorProto| file.dependency.iter().all(|it| done.contains(it));
        let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(ready);
        if now.is_empty() {
            // Files cannot import each other in a circle.
            break;
        }
        files.extend(now);
        left = later;
    }
    FileDescriptorSet { file: files }
}

fn names(files: &[FileDescriptorProto]) -> BTreeSet<String> {
    files.iter().map(|file| file.name().to_owned()).collect()
}

/// The file, importing only what is there.
fn without_options(file: &FileDescriptorProto, there: &BTreeSet<String>) -> FileDescriptorProto {
    let mut file = file.clone();
    let public: Vec<_> = (file.public_dependency.iter())
        .filter_map(|index| file.dependency.get(usize::try_from(*index).ok()?).cloned())
        .collect();
    file.dependency.retain(|it| there.contains(it));
    file.weak_dependency.clear();
    let kept = file.dependency.iter().enumerate();
    file.public_dependency = kept
        .filter(|(_, name)| public.contains(name))
        .filter_map(|(index, _)| i32::try_from(index).ok())
        .collect();
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTO: &str = r#"
        syntax = "proto3";
        package shop.cart.v1;
        import "google/api/field_behavior.proto";
        import "google/type/money.proto";
        import "mesh/v1/policy.proto";
        import "shop/part.proto";
        service CartService {
          rpc GetCart(GetCartRequest) returns (Cart) {
            option idempotency_level = NO_SIDE_EFFECTS;
            option (mesh.v1.method) = { timeout: { seconds: 1 nanos: 500000000 } };
          }
          rpc WatchCart(GetCartRequest) returns (stream Cart);
        }
        message GetCartRequest { string name = 1 [(google.api.field_behavior) = REQUIRED]; }
        message Cart { google.type.Money total = 1; shop.Part part = 2; }
    "#;

    fn api() -> Result<Api, Error> {
        let folder = tempfile::tempdir().map_err(|it| Error::new(it.to_string()))?;
        let project = Project::new(folder.path());
        let other =
            "syntax = \"proto3\"; package other; service S { rpc Do(M) returns (M); } message M {}";
        for (path, text) in [
            (
                "Cargo.toml",
                "[package]\nname = \"cart-service\"\nversion = \"1.2.3\"\n",
            ),
            ("proto/cart.proto", PROTO),
            (
                "proto/shop/part.proto",
                "syntax = \"proto3\"; package shop; message Part {}",
            ),
            ("proto/other.proto", other),
            ("proto/offered.conf", "shop.cart.v1.CartService\n"),
        ] {
            super::super::plugin::write(&project.path(path), text)?;
        }
        Api::read(&project, &Packages::parse(&[]).map_err(Error::new)?)
    }

    #[test]
    fn callers_get_what_is_offered_and_no_options() {
        let api = api().unwrap();
        let names: Vec<_> = api
            .files
            .file
            .iter()
            .map(FileDescriptorProto::name)
            .collect();
        assert_eq!(
            names.last(),
            Some(&"cart.proto"),
            "after what it imports: {names:?}"
        );
        assert_eq!(names.len(), 3, "{names:?}");
        let own = api.own();
        assert!(own.contains(&"shop/part.proto".to_owned()), "{own:?}");
        assert!(!own.iter().any(|it| it.starts_with("google/")), "{own:?}");
        let imports = &api.files.file.last().unwrap().dependency;
        assert!(
            imports.iter().all(|it| names.contains(&it.as_str())),
            "{imports:?}"
        );
        assert_eq!(
            (&*api.version, &*api.go_module),
            ("1.2.3", "cart-service-client")
        );
    }

    #[test]
    fn a_stream_has_no_deadline() {
        let api = api().unwrap();
        let deadlines = api.deadlines();
        assert_eq!(
            deadlines,
            "{\n  \"/shop.cart.v1.CartService/GetCart\": 1.5\n}\n"
        );
        let config = api.service_config(Timeouts::Include).unwrap();
        assert!(config.contains("1.500000000s"), "{config}");
    }
}

//! Messages, clients and servers. A server's requests are checked by the rules
//! of the .proto before its handler sees them, each message of a stream too.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use prost_build::{Config, Service, ServiceGenerator};
use tonic_prost_build::Builder;

use crate::validate::names;
use crate::{Error, Problem, Protos, derive};

/// What decodes a server's requests.
const CODEC: &str = "::chassis::validate::Codec";

/// Writes `out/proto.rs`, which has a module for each package, and the
/// validators; `builder` says how it is generated, less the folder.
///
/// # Errors
///
/// [`Error::Policy`] with every rule that is wrong, as [`check`], or if a file cannot be
/// written.
pub fn generate(protos: &Protos, builder: Builder, out: &Path) -> Result<(), Error> {
    let validators = protos.validators()?;
    check(protos)?;
    let failed = |error| Error::Io(out.to_owned(), error);
    let mut config = Config::new();
    config.service_generator(Box::new(Both {
        client: builder.clone().build_server(false).service_generator(),
        server: builder
            .clone()
            .build_client(false)
            .codec_path(CODEC)
            .service_generator(),
    }));
    builder
        .build_client(false)
        .build_server(false)
        .out_dir(out)
        .include_file("proto.rs")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(protos.code(), config)
        .map_err(failed)?;
    let path = out.join("proto.rs");
    let file = OpenOptions::new().append(true).open(path);
    let mut file = file.map_err(failed)?;
    file.write_all(validators.as_bytes()).map_err(failed)
}

/// That services of a package, and values of an enumeration, which differ in the .proto do so
/// in Rust: there each value loses what is its enumeration's name.
///
/// # Errors
///
/// [`Error::Policy`] with those that do not.
pub fn check(protos: &Protos) -> Result<(), Error> {
    let needed = protos.needed();
    let mut problems = Vec::new();
    for of in protos.pool().all_enums() {
        if !needed.contains(of.parent_file().name()) {
            continue;
        }
        let (mut numbers, mut names) = (HashSet::new(), HashMap::new());
        for value in of.values() {
            // Of those with one number the first counts.
            if !numbers.insert(value.number()) {
                continue;
            }
            let name = names::variant(of.name(), value.name());
            let Some(other) = names.insert(name.clone(), value.name().to_owned()) else {
                continue;
            };
            let file = of.parent_file();
            let file = file.file_descriptor_proto();
            let subject = format!("{}.{}", of.full_name(), value.name());
            let mut site = derive::site(&protos.root, file, value.path(), subject);
            site.reject(
                format!("is called `{name}` in Rust, as {other} is"),
                "give one of them another name",
            );
            problems.append(&mut site.problems);
        }
    }
    problems.append(&mut services(protos));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Policy(problems))
    }
}

/// Services of a package of which the clients and servers would be in one module.
fn services(protos: &Protos) -> Vec<Problem> {
    let needed = protos.needed();
    let mut names = HashMap::new();
    let mut problems = Vec::new();
    for service in protos.pool().services() {
        let file = service.parent_file();
        if !needed.contains(file.name()) {
            continue;
        }
        let name = names::snake(service.name());
        let key = (service.package_name().to_owned(), name.clone());
        if let Some(other) = names.insert(key, service.name().to_owned()) {
            let file = file.file_descriptor_proto();
            let subject = service.full_name().to_owned();
            let mut site = derive::site(&protos.root, file, service.path(), subject);
            site.reject(
                format!("is called `{name}` in Rust, as {other} is"),
                "give one of them another name, or its file another package",
            );
            problems.append(&mut site.problems);
        }
    }
    problems
}

/// Clients take answers as they are, servers check requests.
struct Both {
    client: Box<dyn ServiceGenerator>,
    server: Box<dyn ServiceGenerator>,
}

impl ServiceGenerator for Both {
    fn generate(&mut self, service: Service, buf: &mut String) {
        self.client.generate(service.clone(), buf);
        self.server.generate(service, buf);
    }
}

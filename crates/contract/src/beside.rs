//! `policy.txtpb`: policy of services whose .proto may not be touched, with the
//! rules of annotations (`mesh/v1/policies.proto`).

use std::fs;
use std::io;
use std::path::Path;

use miette::Diagnostic as _;
use protox::Compiler;
use protox::file::{ChainFileResolver, GoogleFileResolver};
use protox::prost_reflect::prost_types::method_options::IdempotencyLevel;
use protox::prost_reflect::{DescriptorPool, DynamicMessage};

use crate::annotation::{Site, message, messages, number, text};
use crate::bundled::Bundled;
use crate::{Error, Problem};

/// Beside the .proto files.
const FILE: &str = "policy.txtpb";
const FORM: &str = "mesh/v1/policies.proto";

/// What the file says; nothing if there is none.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    file: String,
    services: Vec<Entry>,
}

/// What it says of a service, or of an rpc.
#[derive(Debug)]
pub(crate) struct Entry {
    name: String,
    line: usize,
    column: usize,
    /// As the option would be.
    pub(crate) policy: Option<DynamicMessage>,
    /// Of an rpc.
    pub(crate) level: IdempotencyLevel,
    rpcs: Vec<Entry>,
}

impl Entry {
    /// The rpc called `name`.
    pub(crate) fn rpc(&self, name: &str) -> Option<&Self> {
        self.rpcs.iter().find(|rpc| rpc.name == name)
    }
}

impl Beside {
    /// Reads the file under `root`, if it is there.
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::Io(path, error)),
        };
        let file = path.display().to_string();
        let all = parse(&text).map_err(|why| Error::Compile(format!("{file}:{why}")))?;
        let services = messages(&all, "service");
        let services = services.iter().map(|service| {
            let of_service = entry(&text, 0, service);
            let from = place(&text, 0, &of_service.name);
            let rpcs = messages(service, "method");
            let rpcs = rpcs.iter().map(|rpc| entry(&text, from, rpc)).collect();
            Entry { rpcs, ..of_service }
        });
        let services = services.collect();
        Ok(Self { file, services })
    }

    /// The service called `name`.
    pub(crate) fn service(&self, name: &str) -> Option<&Entry> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Where an entry stands.
    pub(crate) fn site(&self, entry: &Entry, subject: &str) -> Site {
        Site {
            file: self.file.clone(),
            line: entry.line,
            column: entry.column,
            subject: subject.to_owned(),
            problems: Vec::new(),
        }
    }

    /// Entries of what no .proto declares, and those that stand twice.
    pub(crate) fn check(&self, pool: &DescriptorPool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, entry) in self.services.iter().enumerate() {
            let mut site = self.site(entry, &entry.name);
            if self.services[..index]
                .iter()
                .any(|it| it.name == entry.name)
            {
                site.reject(
                    "the service stands here twice",
                    "write its policies in one place",
                );
            }
            match pool.get_service_by_name(&entry.name) {
                None => {
                    let known = pool.services().map(|it| it.full_name().to_owned());
                    let known = known.collect::<Vec<_>>().join(", ");
                    site.reject(
                        "no .proto declares such a service",
                        format!("write package.Service of one of {known}"),
                    );
                }
                Some(service) => {
                    let known: Vec<_> = service.methods().map(|it| it.name().to_owned()).collect();
                    for (index, rpc) in entry.rpcs.iter().enumerate() {
                        let mut site = self.site(rpc, &format!("{}/{}", entry.name, rpc.name));
                        if !known.contains(&rpc.name) {
                            site.reject(
                                "the service has no such rpc",
                                format!("write one of {}", known.join(", ")),
                            );
                        } else if entry.rpcs[..index].iter().any(|it| it.name == rpc.name) {
                            site.reject(
                                "the rpc stands here twice",
                                "write its policy in one place",
                            );
                        }
                        problems.append(&mut site.problems);
                    }
                }
            }
            problems.append(&mut site.problems);
        }
        problems
    }
}

fn entry(all: &str, from: usize, message: &DynamicMessage) -> Entry {
    let name = text(message, "name");
    let before = &all[..place(all, from, &name)];
    let column = before
        .rsplit('\n')
        .next()
        .map_or(1, |it| it.chars().count());
    Entry {
        line: before.lines().count().max(1),
        column: column.max(1),
        policy: self::message(message, "policy"),
        level: IdempotencyLevel::try_from(number(message, "idempotency_level")).unwrap_or_default(),
        rpcs: Vec::new(),
        name,
    }
}

/// Where `name` is quoted, from `from` on.
fn place(all: &str, from: usize, name: &str) -> usize {
    let quoted = ["\"", "'"].map(|quote| format!("{quote}{name}{quote}"));
    let found = quoted.iter().filter_map(|it| all[from..].find(it.as_str()));
    // The quote itself counts, so that it is on the line of the name.
    found.min().map_or(from, |at| from + at + 1)
}

/// The text as a message; or line, column and what is wrong there.
fn parse(text: &str) -> Result<DynamicMessage, String> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .open_file(FORM)
        .map_err(|error| format!(" {error}"))?;
    let form = compiler
        .descriptor_pool()
        .get_message_by_name("mesh.v1.Policies");
    let form = form.ok_or_else(|| format!(" {FORM} has no Policies"))?;
    DynamicMessage::parse_text_format(form, text).map_err(|error| {
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

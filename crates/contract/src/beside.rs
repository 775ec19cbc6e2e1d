//! `policy.txtpb`: policy of services whose .proto may not be touched, with the
//! rules of annotations (`mesh/v1/policies.proto`).

use std::path::Path;

use protox::prost_reflect::prost_types::method_options::IdempotencyLevel;
use protox::prost_reflect::{DescriptorPool, DynamicMessage};

use crate::annotation::{Site, message, messages, number, text};
use crate::policies::{FILE, Policies, line_and_column, place};
use crate::{Error, Problem};

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
        let policies = Policies::read(&root.join(FILE))?;
        let Policies { path, text, .. } = &policies;
        let services = policies.services().map(|stated| {
            let rpcs = messages(&stated.message, "method");
            let rpcs = rpcs.iter().map(|rpc| entry(text, stated.at, rpc)).collect();
            Entry {
                rpcs,
                line: stated.line,
                column: stated.column,
                ..entry(text, stated.at, &stated.message)
            }
        });
        Ok(Self {
            file: path.display().to_string(),
            services: services.collect(),
        })
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
    let (line, column) = line_and_column(all, place(all, from, &name));
    Entry {
        line,
        column,
        policy: self::message(message, "policy"),
        level: IdempotencyLevel::try_from(number(message, "idempotency_level")).unwrap_or_default(),
        rpcs: Vec::new(),
        name,
    }
}

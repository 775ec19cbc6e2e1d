//! `offered.conf`: which services this project offers.

use std::collections::BTreeSet;
use std::path::Path;

use protox::prost_reflect::DescriptorPool;

use crate::{Error, place};

/// Beside the .proto files.
pub(crate) const FILE: &str = "offered.conf";

/// The services that `path` names: one a line, `#` starts a comment.
pub(crate) fn read(path: &Path, pool: &DescriptorPool) -> Result<BTreeSet<String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Io(path.to_owned(), error))?;
    let shown = path.display();
    let mut offered = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        if let Some(why) = refusal(name, pool) {
            let column = line.chars().take_while(|it| it.is_whitespace()).count() + 1;
            let line = index + 1;
            return Err(Error::Offered(format!("{shown}:{line}:{column}: {why}")));
        }
        offered.insert(name.to_owned());
    }
    if offered.is_empty() {
        return Err(Error::Offered(format!(
            "{shown}:1:1: names no service, so none would be offered; write package.Service of the \
             project's own .proto, one a line"
        )));
    }
    Ok(offered)
}

/// Why the service called `name` cannot be offered.
fn refusal(name: &str, pool: &DescriptorPool) -> Option<String> {
    if let Some(service) = pool.get_service_by_name(name) {
        return (service.methods().len() == 0).then(|| {
            let file = service.parent_file();
            let (line, column) = place(file.file_descriptor_proto(), service.path());
            format!(
                "service {name} in {}:{line}:{column} has no rpc, so there is nothing to offer; give \
                 it one or remove the line",
                file.name()
            )
        });
    }
    let within: Vec<_> = pool
        .services()
        .filter(|it| it.package_name() == name)
        .map(|it| it.full_name().to_owned())
        .collect();
    Some(if within.is_empty() {
        let known: Vec<_> = pool
            .services()
            .map(|it| it.full_name().to_owned())
            .collect();
        let known = if known.is_empty() {
            "no .proto declares any".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        format!("no .proto declares a service {name}; {known}: correct the name or remove the line")
    } else {
        format!(
            "{name} is a package; name its services that are offered, one a line: {}",
            within.join(", ")
        )
    })
}

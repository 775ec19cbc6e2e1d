//! `add rpc`: declares one in the .proto and makes its function.

use std::path::Path;

use contract::Protos;

use crate::complete::lacking;
use crate::plan::Plan;
use crate::staging::Staging;
use crate::{Error, Project, source};

/// Adds the unary rpc `name` (`Service/Rpc` or `package.Service/Rpc`) to the
/// .proto that declares the service, with a request and a response that are
/// empty, then completes the code. Returns what it wrote, in the project.
///
/// # Errors
///
/// If the name is none, the service is not there or several are meant, or it has
/// the rpc already. Then nothing is written.
pub fn add_rpc(project: &Project, name: &str) -> Result<Vec<String>, Error> {
    let (service, rpc) = name
        .split_once('/')
        .filter(|(_, rpc)| is_name(rpc))
        .ok_or_else(|| {
            Error::new(format!(
                "{name}: write Service/Rpc, the rpc in PascalCase, such as CartService/RemoveItem"
            ))
        })?;
    let mut staging = Staging::new(project)?;
    let protos = staging.all()?;
    let known: Vec<_> = (protos.pool().services())
        .filter(|it| staging.offers(it.full_name()))
        .collect();
    let meant: Vec<_> = known
        .iter()
        .filter(|it| it.full_name() == service || it.name() == service)
        .collect();
    let [service] = meant[..] else {
        let names: Vec<_> = known.iter().map(|it| it.full_name().to_owned()).collect();
        return Err(Error::new(format!(
            "{service}: name one of {} in full",
            names.join(", ")
        )));
    };
    if service.methods().any(|it| it.name() == rpc) {
        return Err(Error::new(format!(
            "{} has the rpc {rpc} already",
            service.full_name()
        )));
    }
    let file = service.parent_file();
    let path = format!("proto/{}", file.name());
    let text = project.read(&path)?.unwrap_or_default();
    let end = end(&text, service.name()).ok_or_else(|| {
        Error::new(format!(
            "{path}: cannot find where service {} ends; declare the rpc yourself, then run `cargo \
             xtask complete`",
            service.name()
        ))
    })?;
    let declared = format!("\n  {}\n", declaration(rpc));
    let grown = source::inserted(&text, end, &declared)
        + &messages(&protos, service.package_name(), Some(file.name()), rpc)?;
    staging.put(file.name(), &grown, Path::new(&path))?;
    let mut plan = Plan::default();
    plan.write(path, grown);
    lacking(project, &mut plan, &staging.offer(&[])?)?;
    plan.carry_out_and_derive(project)
}

/// The unary rpc `rpc` as it is declared.
pub(super) fn declaration(rpc: &str) -> String {
    format!("rpc {rpc}({rpc}Request) returns ({rpc}Response);")
}

/// The request and the response of `rpc`, empty, as far as `package` lacks them.
/// One that is there must be visible in `file`.
pub(super) fn messages(
    protos: &Protos,
    package: &str,
    file: Option<&str>,
    rpc: &str,
) -> Result<String, Error> {
    let mut declared = String::new();
    for message in [format!("{rpc}Request"), format!("{rpc}Response")] {
        let full = format!("{package}.{message}");
        let Some(there) = protos
            .pool()
            .get_message_by_name(full.trim_start_matches('.'))
        else {
            declared = declared + "\nmessage " + &message + " {}\n";
            continue;
        };
        let home = there.parent_file();
        let file = file.and_then(|it| protos.pool().get_file_by_name(it));
        let seen = file.is_some_and(|file| {
            file == home || file.dependencies().any(|imported| imported == home)
        });
        if !seen {
            return Err(Error::new(format!(
                "proto/{}: declares {full} already, and the rpc's file does not import it; import \
                 it there, or give the rpc another name",
                home.name()
            )));
        }
    }
    Ok(declared)
}

/// Whether `rpc` is written as rpcs and services are.
pub(super) fn is_name(rpc: &str) -> bool {
    rpc.starts_with(|it: char| it.is_ascii_uppercase())
        && rpc.chars().all(|it| it.is_ascii_alphanumeric())
}

/// Where the closing brace of `service` is in a .proto.
fn end(text: &str, service: &str) -> Option<usize> {
    let mut words: [&str; 2] = ["", ""];
    let (mut depth, mut within) = (0_usize, None);
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n'),
            '/' if rest.starts_with("/*") => rest.find("*/").map(|end| end + 2),
            '"' | '\'' => quoted(rest, first),
            '{' => {
                if within.is_none() && words == ["service", service] {
                    within = Some(depth);
                }
                depth += 1;
                Some(1)
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if within == Some(depth) {
                    return Some(at);
                }
                Some(1)
            }
            _ => {
                let ends = |it: char| !it.is_ascii_alphanumeric() && it != '_' && it != '.';
                let word = rest.find(ends).unwrap_or(rest.len());
                if word > 0 {
                    words = [words[1], &rest[..word]];
                }
                Some(word.max(first.len_utf8()))
            }
        };
        at += skipped?;
    }
    None
}

/// How long a text in quotes is, both of them included.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, it)| {
        let ends = *it == quote && !escaped;
        escaped = *it == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::end;

    #[test]
    fn the_end_of_a_service_is_found_whatever_stands_in_it() {
        let text = "// service A {\nservice AB { }\nservice A {\n  // }\n  rpc B(C) returns (D) { \
                    option (x) = { y: \"}\\\"}\" }; } /* } */\n}\nmessage M {}\n";
        let at = end(text, "A");
        assert_eq!(at.map(|at| &text[at..]), Some("}\nmessage M {}\n"));
        assert_eq!(end(text, "B"), None);
    }
}

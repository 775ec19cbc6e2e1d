//! Declarations that differ in a .proto and have one name in Rust: no code can be
//! made of them.

use std::collections::BTreeSet;

use contract::Protos;
use syn::{Fields, Item};

use crate::Error;

/// A name that two items of one module have, or two members of one item.
pub(super) fn within(items: &[Item]) -> Option<String> {
    let mut types = BTreeSet::new();
    for item in items {
        let (name, members) = match item {
            Item::Struct(it) => (&it.ident, fields(&it.fields)),
            Item::Enum(it) => {
                let variants = it.variants.iter().map(|it| it.ident.to_string());
                (&it.ident, variants.collect())
            }
            Item::Mod(it) => {
                let items = it.content.as_ref().map(|(_, items)| items.as_slice());
                match within(items.unwrap_or_default()) {
                    None => continue,
                    found => return found,
                }
            }
            _ => continue,
        };
        let mut seen = BTreeSet::new();
        let twice = members.into_iter().find(|it| !seen.insert(it.clone()));
        if twice.is_some() {
            return twice;
        }
        if !types.insert(name.to_string()) {
            return Some(name.to_string());
        }
    }
    None
}

fn fields(fields: &Fields) -> Vec<String> {
    let names = fields.iter().filter_map(|it| it.ident.as_ref());
    names.map(ToString::to_string).collect()
}

/// What is called `name` in Rust, with file, line and column.
pub(super) fn error(protos: &Protos, name: &str) -> Error {
    let wanted = squeezed(name);
    let mut found = Vec::new();
    let mut note = |file: &contract::FileDescriptor, path: &[i32], full: &str| {
        let own = full.rsplit('.').next().unwrap_or(full);
        let own = squeezed(own);
        // An enum's values lose what they begin with.
        if own.ends_with(&wanted) {
            let (line, column) = contract::place(file.file_descriptor_proto(), path);
            let place = format!("proto/{}:{line}:{column}", file.name());
            found.push((own == wanted, format!("{place}: {full}")));
        }
    };
    for message in protos.pool().all_messages() {
        let file = message.parent_file();
        if file.package_name().starts_with("google.protobuf") {
            continue;
        }
        note(&file, message.path(), message.full_name());
        for field in message.fields() {
            note(&file, field.path(), field.full_name());
        }
        for oneof in message.oneofs() {
            note(&file, oneof.path(), oneof.full_name());
        }
    }
    for it in protos.pool().all_enums() {
        let file = it.parent_file();
        note(&file, it.path(), it.full_name());
        for value in it.values() {
            note(&file, value.path(), value.full_name());
        }
    }
    let same = found.iter().filter(|(same, _)| *same).count() > 1;
    let mut found: Vec<_> = (found.into_iter())
        .filter(|(exactly, _)| *exactly || !same)
        .map(|(_, place)| place)
        .collect();
    found.sort();
    Error::new(format!(
        "{}\n{name}: so are two of these called in Rust, which no code can be made of; give one \
         of them another name",
        found.join("\n")
    ))
}

/// Without what a change of case takes away.
fn squeezed(name: &str) -> String {
    let letters = name.trim_start_matches("r#").chars();
    letters
        .filter(|it| *it != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

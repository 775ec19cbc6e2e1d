//! The rules of requests as a table for those who call.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;

use protox::prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

use super::options::{self, Cel, Ignore};
use crate::Protos;

/// What the fields of each request of an offered service may hold, in Markdown; a
/// sentence where there is no rule.
#[must_use]
pub fn rules(protos: &Protos) -> String {
    let mut rows = String::new();
    for message in requests(protos) {
        let name = message.full_name();
        let own = options::of_message(&message);
        for cel in own.iter().flat_map(cels) {
            row(&mut rows, name, &[cel]);
        }
        for oneof in message.oneofs() {
            if options::of_oneof(&oneof).is_some_and(|it| options::flag(&it, "required")) {
                let said = "one of its fields is there".to_owned();
                row(&mut rows, &format!("{name}.{}", oneof.name()), &[said]);
            }
        }
        for field in message.fields() {
            row(
                &mut rows,
                &format!("{name}.{}", field.name()),
                &of_field(&field),
            );
        }
    }
    if rows.is_empty() {
        return "No request has a rule.\n".to_owned();
    }
    format!("| Field | What it may hold |\n|---|---|\n{rows}")
}

/// The fields of a message that have rules, each with what it may hold.
pub(crate) fn listed(message: &MessageDescriptor) -> Vec<(String, Vec<String>)> {
    let fields = message.fields();
    let said = fields.map(|field| (field.name().to_owned(), of_field(&field)));
    said.filter(|(_, said)| !said.is_empty()).collect()
}

/// The messages of requests, and those within them, each once.
fn requests(protos: &Protos) -> Vec<MessageDescriptor> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut queue: VecDeque<_> = (protos.pool().services())
        .filter(|service| protos.is_offered(service.full_name()))
        .flat_map(|service| service.methods().map(|it| it.input()).collect::<Vec<_>>())
        .collect();
    while let Some(message) = queue.pop_front() {
        if message.package_name() == "google.protobuf"
            || !seen.insert(message.full_name().to_owned())
        {
            continue;
        }
        queue.extend(message.fields().filter_map(|field| match field.kind() {
            Kind::Message(within) => Some(within),
            _ => None,
        }));
        if !message.is_map_entry() {
            found.push(message);
        }
    }
    found
}

fn row(rows: &mut String, place: &str, said: &[String]) {
    if !said.is_empty() {
        let said = said.join("; ").replace('|', "\\|").replace('\n', " ");
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "| `{place}` | {said} |");
    }
}

fn of_field(field: &FieldDescriptor) -> Vec<String> {
    let rules = options::of_field(field);
    let mut said = Vec::new();
    if options::is_required(field) || rules.iter().any(|it| options::flag(it, "required")) {
        said.push("required".to_owned());
    }
    let Some(rules) = rules else {
        return said;
    };
    let mut own = cels(&rules);
    for (of, value) in rules
        .fields()
        .filter(|(it, _)| it.containing_oneof().is_some())
    {
        own.extend(
            value
                .as_message()
                .iter()
                .flat_map(|it| typed(of.name(), it)),
        );
    }
    match options::ignore(&rules) {
        Some(Ignore::Always) => return said,
        Some(Ignore::IfZero) => own.iter_mut().for_each(|it| *it = format!("if set, {it}")),
        _ => {}
    }
    said.extend(own);
    said
}

/// `string.max_len: 1000`
fn typed(prefix: &str, rules: &DynamicMessage) -> Vec<String> {
    let mut said = Vec::new();
    for (field, value) in rules.fields() {
        let prefix = format!("{prefix}.{}", field.name());
        match value.as_message() {
            // Rules of elements, keys or values.
            Some(part) if part.descriptor().full_name() == "buf.validate.FieldRules" => {
                said.extend(cels(part));
                for (of, value) in part.fields() {
                    let prefix = format!("{prefix}.{}", of.name());
                    said.extend(value.as_message().iter().flat_map(|it| typed(&prefix, it)));
                }
            }
            _ => said.push(code(&format!("{prefix}: {}", shown(value)))),
        }
    }
    for (extension, value) in rules.extensions() {
        let name = extension.full_name();
        said.push(code(&format!("{prefix}.({name}): {}", shown(value))));
    }
    said
}

/// What expressions say, or are.
fn cels(rules: &DynamicMessage) -> Vec<String> {
    let all = options::expressions(rules)
        .into_iter()
        .chain(options::bare(rules));
    let say = |cel: Cel| {
        if cel.message.is_empty() {
            code(&cel.expression)
        } else {
            cel.message
        }
    };
    all.map(say).collect()
}

fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(it) => it.to_string(),
        Value::I32(it) | Value::EnumNumber(it) => it.to_string(),
        Value::I64(it) => it.to_string(),
        Value::U32(it) => it.to_string(),
        Value::U64(it) => it.to_string(),
        Value::F32(it) => it.to_string(),
        Value::F64(it) => it.to_string(),
        // As it is written, not escaped once more.
        Value::String(it) => format!("\"{it}\""),
        Value::Bytes(it) => format!("{:?}", String::from_utf8_lossy(it)),
        Value::List(all) => {
            let all: Vec<_> = all.iter().map(shown).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Message(it) => {
            let fields = it
                .fields()
                .map(|(field, it)| format!("{}: {}", field.name(), shown(it)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Map(_) => String::new(),
    }
}

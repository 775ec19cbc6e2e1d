//! The reference of an API for people: every rpc that is offered with what may
//! happen to it, what a request may hold, and how it can fail.

mod render;

use std::collections::{HashSet, VecDeque};

use protox::prost_reflect::{
    Cardinality, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};

use crate::{Contract, Error, Method, Protos, Role, Service, reference, validate};

/// In what it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a repository.
    Markdown,
    /// A page that needs nothing else.
    Html,
}

/// A part of the page; text is Markdown's.
enum Block {
    Heading(usize, String),
    Text(String),
    Code(String),
    Table(&'static [&'static str], Vec<Vec<String>>),
}

/// The whole reference.
///
/// # Errors
///
/// As [`Protos::contract`].
pub fn document(protos: &Protos, format: Format) -> Result<String, Error> {
    let contract = protos.contract()?;
    let blocks = blocks(protos, &contract);
    Ok(match format {
        Format::Markdown => render::markdown(&blocks),
        Format::Html => render::html(&blocks),
    })
}

fn blocks(protos: &Protos, contract: &Contract) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(1, "API".to_owned())];
    let mut messages = VecDeque::new();
    let offered = contract.services.iter();
    for service in offered.filter(|it| it.role == Role::Server) {
        let Some(described) = protos.pool().get_service_by_name(&service.name) else {
            continue;
        };
        blocks.push(Block::Heading(2, service.name.clone()));
        let file = described.parent_file();
        blocks.extend(comment(file.file_descriptor_proto(), described.path()).map(Block::Text));
        for rpc in described.methods() {
            if let Some(method) = service.methods.iter().find(|it| it.name == rpc.name()) {
                of_rpc(&mut blocks, service, method, &rpc);
                messages.extend([rpc.input(), rpc.output()]);
            }
        }
    }
    blocks.push(Block::Heading(2, "Messages".to_owned()));
    let mut seen = HashSet::new();
    while let Some(message) = messages.pop_front() {
        let own = message.package_name() != "google.protobuf" && !message.is_map_entry();
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        if own {
            of_message(&mut blocks, &message);
        }
        messages.extend(message.fields().filter_map(|field| match field.kind() {
            Kind::Message(within) => Some(within),
            _ => None,
        }));
    }
    blocks
}

fn of_rpc(blocks: &mut Vec<Block>, service: &Service, method: &Method, rpc: &MethodDescriptor) {
    blocks.push(Block::Heading(3, method.name.clone()));
    let stream = |is: bool| if is { "stream " } else { "" };
    blocks.push(Block::Code(format!(
        "rpc {}({}{}) returns ({}{})",
        method.name,
        stream(rpc.is_client_streaming()),
        rpc.input().full_name(),
        stream(rpc.is_server_streaming()),
        rpc.output().full_name(),
    )));
    let file = rpc.parent_service().parent_file();
    let said = comment(file.file_descriptor_proto(), rpc.path());
    let errors = errors(service, method, rpc, said.as_deref().unwrap_or_default());
    blocks.extend(said.map(Block::Text));
    let mut policy = vec![
        (
            "Safe to repeat",
            reference::safe(method.idempotency).to_owned(),
        ),
        ("Timeout", reference::timeout(method)),
        ("Attempts", reference::attempts(method.retry.as_ref())),
        ("Callers", reference::callers(&method.allowed_callers)),
    ];
    if let Some(paths) = rest(rpc) {
        policy.push(("REST", paths));
    }
    policy.push(("Errors", errors));
    let rows = policy.into_iter();
    let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
    blocks.push(Block::Table(&["", ""], rows.collect()));
}

/// Codes that the comment promises, and those that follow from the policy.
fn errors(service: &Service, method: &Method, rpc: &MethodDescriptor, said: &str) -> String {
    const PROMISED: [&str; 11] = [
        "ABORTED",
        "ALREADY_EXISTS",
        "CANCELLED",
        "DATA_LOSS",
        "FAILED_PRECONDITION",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "OUT_OF_RANGE",
        "RESOURCE_EXHAUSTED",
        "UNAVAILABLE",
        "UNIMPLEMENTED",
    ];
    let mut all: Vec<(&str, &str)> = PROMISED
        .into_iter()
        .filter(|code| said.contains(code))
        .map(|code| (code, "as said above"))
        .collect();
    let has = |all: &[(&str, &str)], code: &str| all.iter().any(|(it, _)| *it == code);
    if !validate::listed(&rpc.input()).is_empty() && !has(&all, "INVALID_ARGUMENT") {
        all.push(("INVALID_ARGUMENT", "a rule of the request is broken"));
    }
    if !method.allowed_callers.is_empty() {
        all.push(("PERMISSION_DENIED", "the caller has none of these roles"));
    }
    if method.timeout.is_some() {
        all.push(("DEADLINE_EXCEEDED", "it took longer than it may"));
    }
    if service.retry_throttling.is_some() && !has(&all, "UNAVAILABLE") {
        all.push(("UNAVAILABLE", "the service is not there, or stops"));
    }
    let all = all.iter().map(|(code, why)| format!("`{code}`: {why}"));
    all.collect::<Vec<_>>().join("; ")
}

/// What a gateway offers of it, by `google.api.http`.
fn rest(rpc: &MethodDescriptor) -> Option<String> {
    const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
    let options = rpc.options();
    let http = rpc.parent_pool().get_extension_by_name("google.api.http")?;
    if !options.has_extension(&http) {
        return None;
    }
    let rule = options.get_extension(&http);
    let rule = rule.as_message()?;
    VERBS.into_iter().find_map(|verb| {
        let path = rule.get_field_by_name(verb)?;
        let path = path.as_str().filter(|it| !it.is_empty())?;
        Some(format!("`{} {path}`", verb.to_uppercase()))
    })
}

fn of_message(blocks: &mut Vec<Block>, message: &MessageDescriptor) {
    blocks.push(Block::Heading(3, message.full_name().to_owned()));
    let file = message.parent_file();
    let file = file.file_descriptor_proto();
    blocks.extend(comment(file, message.path()).map(Block::Text));
    let rules = validate::listed(message);
    let rows: Vec<_> = message
        .fields()
        .map(|field| {
            let said = rules.iter().find(|(name, _)| name == field.name());
            vec![
                format!("`{}`", field.name()),
                kind(&field),
                said.map(|(_, said)| said.join("; ")).unwrap_or_default(),
                comment(file, field.path()).unwrap_or_default(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = &["Field", "Type", "What it may hold", "What it is"];
        blocks.push(Block::Table(head, rows));
    }
}

fn kind(field: &FieldDescriptor) -> String {
    let name = match field.kind() {
        Kind::Message(it) if it.is_map_entry() => {
            let part = |of: &FieldDescriptor| kind(of).replace('`', "");
            let (key, value) = (it.map_entry_key_field(), it.map_entry_value_field());
            return format!("`map<{}, {}>`", part(&key), part(&value));
        }
        Kind::Message(it) => it.full_name().to_owned(),
        Kind::Enum(it) => {
            let values: Vec<_> = it.values().map(|it| it.name().to_owned()).collect();
            return format!("`{}`: {}", it.full_name(), values.join(", "));
        }
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let repeated = field.cardinality() == Cardinality::Repeated;
    format!("`{}{name}`", if repeated { "repeated " } else { "" })
}

/// What is written above a part of a file.
fn comment(
    file: &protox::prost_reflect::prost_types::FileDescriptorProto,
    path: &[i32],
) -> Option<String> {
    let mut locations = file.source_code_info.as_ref()?.location.iter();
    let location = locations.find(|it| it.path == path)?;
    let text = location.leading_comments.as_deref()?;
    let lines: Vec<_> = text
        .lines()
        .map(|it| it.strip_prefix(' ').unwrap_or(it))
        .collect();
    Some(lines.join("\n").trim().to_owned()).filter(|it| !it.is_empty())
}

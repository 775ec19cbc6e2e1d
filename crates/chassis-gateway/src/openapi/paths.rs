//! One operation for each path of each rpc.

use std::collections::BTreeSet;

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::ERROR;
use super::comments::{Comments, summary};
use super::schema::{self, Schemas};
use crate::rpcs::{self, Part, Rule};
use crate::template::{self, Variable};

/// How deep the fields of a query are listed.
const DEPTH: usize = 3;

/// The path as `OpenAPI` writes it, and what may be done there.
pub(super) fn operation(
    rule: &Rule,
    comments: &Comments,
    schemas: &mut Schemas<'_>,
) -> (String, Value) {
    let rpc = &rule.rpc.descriptor;
    let service = rpc.parent_service();
    let text = comments.of(&service.parent_file(), rpc.path());
    let (path, mut parameters) = path(rule, comments);
    let taken: BTreeSet<_> = rule
        .template
        .variables
        .iter()
        .map(|it| it.field.clone())
        .collect();
    if rule.body != Part::Whole {
        let body = match &rule.body {
            Part::Field(field) => Some(field.name().to_owned()),
            _ => None,
        };
        let skip = |name: &str| taken.contains(name) || body.as_deref() == Some(name);
        query(&rpc.input(), "", DEPTH, &skip, schemas, &mut parameters);
    }
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), operation_id(rule).into());
    operation.insert("tags".to_owned(), json!([service.name()]));
    if !text.is_empty() {
        operation.insert("summary".to_owned(), summary(&text).into());
        operation.insert("description".to_owned(), text.into());
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    let body = match &rule.body {
        Part::Nothing => None,
        Part::Whole => Some(schemas.message(&rpc.input())),
        Part::Field(field) => Some(schemas.field(field)),
    };
    if let Some(schema) = body {
        operation.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        );
    }
    let answer = match &rule.answer {
        Part::Field(field) => schemas.field(field),
        _ => schemas.message(&rpc.output()),
    };
    operation.insert("responses".to_owned(), responses(rule, &answer));
    (path, operation.into())
}

fn responses(rule: &Rule, answer: &Value) -> Value {
    let content = if rule.rpc.streams_answers() {
        json!({
            "text/event-stream": {"schema": {
                "type": "string",
                "description": "Server-Sent Events: `data` is the answer in JSON, `id` its resume_token if it has one; the event `error` ends the stream.",
            }},
            "application/x-ndjson": {"schema": answer},
        })
    } else {
        json!({"application/json": {"schema": answer}})
    };
    let mut ok = json!({"description": "OK", "content": content});
    if rule.rpc.output().get_field_by_name("etag").is_some() && !rule.rpc.streams_answers() {
        ok["headers"] = json!({"ETag": {
            "description": "The answer's etag: for If-Match and If-None-Match.",
            "schema": {"type": "string"},
        }});
    }
    json!({"200": ok, "default": {"$ref": format!("#/components/responses/{ERROR}")}})
}

/// One name for each path: the first has the rpc's.
fn operation_id(rule: &Rule) -> String {
    let rpc = &rule.rpc.descriptor;
    let name = format!("{}_{}", rpc.parent_service().name(), rpc.name());
    if rule.is_first {
        name
    } else {
        let path = rule
            .text
            .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        format!("{name}_{}{path}", rule.method.as_str().to_ascii_lowercase())
    }
}

/// `/v1/{name=orders/*}` is `/v1/orders/{order}`: `OpenAPI` has one segment for one
/// parameter.
fn path(rule: &Rule, comments: &Comments) -> (String, Vec<Value>) {
    let (mut path, mut parameters) = (String::new(), Vec::<Value>::new());
    let mut used = BTreeSet::new();
    let mut before = "";
    for (at, part) in rule.template.parts.iter().enumerate() {
        path.push('/');
        if let template::Part::Literal(text) = part {
            path.push_str(text);
            before = text;
            continue;
        }
        let variable = rule
            .template
            .variables
            .iter()
            .find(|it| it.parts.contains(&at));
        let name = name(variable, before, &mut used);
        path.push('{');
        path.push_str(&name);
        path.push('}');
        let described = variable.map(|variable| describe(rule, variable, comments));
        parameters.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": described.unwrap_or_default(),
            "schema": {"type": "string"},
        }));
    }
    if let Some(verb) = &rule.template.verb {
        path.push(':');
        path.push_str(verb);
    }
    (path, parameters)
}

/// A variable of one segment has its field's name, others that of the collection.
fn name(variable: Option<&Variable>, before: &str, used: &mut BTreeSet<String>) -> String {
    let field = variable.filter(|it| it.parts.len() == 1);
    let name = match field {
        Some(variable) => variable.field.clone(),
        None => before.strip_suffix('s').unwrap_or(before).to_owned(),
    };
    let name = if name.is_empty() {
        "segment".to_owned()
    } else {
        name
    };
    let mut unique = name.clone();
    let mut count = 2;
    while !used.insert(unique.clone()) {
        unique = format!("{name}{count}");
        count += 1;
    }
    unique
}

fn describe(rule: &Rule, variable: &Variable, comments: &Comments) -> String {
    let parts: Vec<_> = rule.template.parts[variable.parts.clone()]
        .iter()
        .map(|part| match part {
            template::Part::Literal(text) => text.as_str(),
            template::Part::One => "*",
            template::Part::Rest => "**",
        })
        .collect();
    let part = format!("Part of `{}`: `{}`.", variable.field, parts.join("/"));
    let field = rpcs::walk(&rule.rpc.input(), &variable.field);
    let text = field.map(|field| comments.of(&field.parent_message().parent_file(), field.path()));
    match text.filter(|text| !text.is_empty()) {
        Some(text) => format!("{part} {text}"),
        None => part,
    }
}

/// What may stand in the query.
fn query(
    message: &MessageDescriptor,
    prefix: &str,
    depth: usize,
    skip: &dyn Fn(&str) -> bool,
    schemas: &mut Schemas<'_>,
    parameters: &mut Vec<Value>,
) {
    for field in message.fields() {
        let by_name = format!("{prefix}{}", field.name());
        if skip(&by_name) || field.is_map() {
            continue;
        }
        if let Kind::Message(inner) = field.kind()
            && !schema::is_value(&inner)
        {
            if depth > 1 && !field.is_list() {
                let inside = format!("{by_name}.");
                query(&inner, &inside, depth - 1, skip, schemas, parameters);
            }
            continue;
        }
        let mut described = schemas.field(&field);
        let text = described
            .as_object_mut()
            .and_then(|it| it.remove("description"));
        let mut parameter = json!({"name": by_name, "in": "query", "schema": described});
        if let Some(text) = text {
            parameter["description"] = text;
        }
        if schema::is_required(&field) && prefix.is_empty() {
            parameter["required"] = true.into();
        }
        parameters.push(parameter);
    }
}

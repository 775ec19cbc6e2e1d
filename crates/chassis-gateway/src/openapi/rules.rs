//! Rules of fields (`buf.validate`) as constraints of JSON Schema. Those that it
//! cannot say are left to who checks.

use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Proto};
use serde_json::{Map, Value};

/// Rules of a kind and the constraint that says them.
const CONSTRAINTS: [(&str, &str); 15] = [
    ("min_len", "minLength"),
    ("max_len", "maxLength"),
    ("pattern", "pattern"),
    ("gte", "minimum"),
    ("gt", "exclusiveMinimum"),
    ("lte", "maximum"),
    ("lt", "exclusiveMaximum"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("unique", "uniqueItems"),
    ("min_pairs", "minProperties"),
    ("max_pairs", "maxProperties"),
    ("const", "const"),
    ("in", "enum"),
    ("len", "len"),
];

/// Rules of texts that are formats.
const FORMATS: [(&str, &str); 7] = [
    ("email", "email"),
    ("hostname", "hostname"),
    ("ipv4", "ipv4"),
    ("ipv6", "ipv6"),
    ("uri", "uri"),
    ("uri_ref", "uri-reference"),
    ("uuid", "uuid"),
];

/// Numbers that are texts in JSON: their bounds cannot be said.
const LONG: [&str; 5] = ["int64", "uint64", "sint64", "fixed64", "sfixed64"];

/// The rules of the field itself.
pub(super) fn add(field: &FieldDescriptor, schema: &mut Value) {
    if let (Some(rules), Value::Object(schema)) = (rules(field), schema) {
        add_all(&rules, schema);
    }
}

/// The rules of each item of a list.
pub(super) fn add_of_items(field: &FieldDescriptor, schema: &mut Value) {
    let rules = rules(field).and_then(|rules| inner(&rules, "repeated"));
    let items = rules.and_then(|rules| inner(&rules, "items"));
    if let (Some(items), Value::Object(schema)) = (items, schema) {
        add_all(&items, schema);
    }
}

/// Whether a rule says that the field must be there.
pub(super) fn is_required(field: &FieldDescriptor) -> bool {
    rules(field).is_some_and(|rules| {
        rules.get_field_by_name("required").as_deref() == Some(&Proto::Bool(true))
    })
}

fn rules(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let extension = field
        .parent_pool()
        .get_extension_by_name("buf.validate.field")?;
    let options = field.options();
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

fn inner(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    if !message.has_field_by_name(name) {
        return None;
    }
    message.get_field_by_name(name)?.as_message().cloned()
}

fn add_all(rules: &DynamicMessage, schema: &mut Map<String, Value>) {
    for (kind, value) in rules.fields() {
        let Some(of_kind) = value.as_message() else {
            continue;
        };
        if LONG.contains(&kind.name()) || matches!(kind.name(), "duration" | "timestamp" | "any") {
            continue;
        }
        // Their values are numbers here, and names in JSON.
        let is_enum = kind.name() == "enum";
        for (rule, value) in of_kind.fields() {
            if !is_enum || kind.name() == "repeated" {
                constraint(rule.name(), value, schema);
            }
        }
    }
}

fn constraint(rule: &str, value: &Proto, schema: &mut Map<String, Value>) {
    if let Some((_, format)) = FORMATS.iter().find(|(name, _)| *name == rule) {
        if value == &Proto::Bool(true) {
            schema.insert("format".to_owned(), (*format).into());
        }
        return;
    }
    let Some((_, constraint)) = CONSTRAINTS.iter().find(|(name, _)| *name == rule) else {
        return;
    };
    let Some(value) = json(value) else {
        return;
    };
    if *constraint == "len" {
        schema.insert("minLength".to_owned(), value.clone());
        schema.insert("maxLength".to_owned(), value);
    } else {
        schema.insert((*constraint).to_owned(), value);
    }
}

fn json(value: &Proto) -> Option<Value> {
    Some(match value {
        Proto::Bool(value) => (*value).into(),
        Proto::I32(value) => (*value).into(),
        Proto::I64(value) => (*value).into(),
        Proto::U32(value) => (*value).into(),
        Proto::U64(value) => (*value).into(),
        Proto::F32(value) => f64::from(*value).into(),
        Proto::F64(value) => (*value).into(),
        Proto::String(value) => value.as_str().into(),
        Proto::List(values) => values.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        _ => return None,
    })
}

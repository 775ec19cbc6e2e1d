//! Messages as JSON Schema, by protobuf's mapping.

use std::collections::{BTreeMap, VecDeque};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value as Proto};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use super::rules;

/// Every message that was asked for, and those that it has.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    done: BTreeMap<String, Value>,
    wanted: VecDeque<MessageDescriptor>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments) -> Self {
        Self {
            comments,
            done: BTreeMap::new(),
            wanted: VecDeque::new(),
        }
    }

    /// All of them, by their full names.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        while let Some(message) = self.wanted.pop_front() {
            if !self.done.contains_key(message.full_name()) {
                let schema = self.object(&message);
                self.done.insert(message.full_name().to_owned(), schema);
            }
        }
        self.done.into_iter().collect()
    }

    /// Where the message is described, or what it is.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(known) = well_known(message.full_name()) {
            return known;
        }
        self.wanted.push_back(message.clone());
        json!({"$ref": format!("#/components/schemas/{}", message.full_name())})
    }

    /// A field with what is said of it.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = if field.is_map() {
            self.map(field)
        } else if field.is_list() {
            let mut items = self.kind(&field.kind());
            rules::add_of_items(field, &mut items);
            json!({"type": "array", "items": items})
        } else {
            self.kind(&field.kind())
        };
        rules::add(field, &mut schema);
        let text = self
            .comments
            .of(&field.parent_message().parent_file(), field.path());
        if let Some(schema) = schema.as_object_mut() {
            if !text.is_empty() {
                schema.insert("description".to_owned(), text.into());
            }
            let behaviors = behaviors(field);
            if behaviors.contains(&OUTPUT_ONLY) {
                schema.insert("readOnly".to_owned(), true.into());
            }
            if behaviors.contains(&INPUT_ONLY) {
                schema.insert("writeOnly".to_owned(), true.into());
            }
            let options = field.options();
            if options.get_field_by_name("deprecated").as_deref() == Some(&Proto::Bool(true)) {
                schema.insert("deprecated".to_owned(), true.into());
            }
        }
        schema
    }

    fn map(&mut self, field: &FieldDescriptor) -> Value {
        let Kind::Message(entry) = field.kind() else {
            return json!({"type": "object"});
        };
        let value = entry.map_entry_value_field();
        let schema = self.kind(&value.kind());
        json!({"type": "object", "additionalProperties": schema})
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Double => number("double"),
            Kind::Float => number("float"),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "format": "uint32", "minimum": 0})
            }
            // JavaScript's numbers are too short for them.
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(values) => self.values(values),
            Kind::Message(message) => self.message(message),
        }
    }

    fn values(&mut self, of: &EnumDescriptor) -> Value {
        if of.full_name() == "google.protobuf.NullValue" {
            return json!({"type": "null"});
        }
        let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
        let said: Vec<_> = of
            .values()
            .filter_map(|value| {
                let text = self.comments.of(&of.parent_file(), value.path());
                (!text.is_empty()).then(|| format!("- `{}`: {text}", value.name()))
            })
            .collect();
        let mut schema = json!({"type": "string", "enum": names});
        if !said.is_empty() {
            schema["description"] = said.join("\n").into();
        }
        schema
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in message.fields() {
            if is_required(&field) {
                required.push(field.json_name().to_owned());
            }
            let schema = self.field(&field);
            properties.insert(field.json_name().to_owned(), schema);
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        let text = self.comments.of(&message.parent_file(), message.path());
        let mut said: Vec<String> = (!text.is_empty()).then_some(text).into_iter().collect();
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let names: Vec<_> = oneof
                .fields()
                .map(|field| format!("`{}`", field.json_name()))
                .collect();
            said.push(format!("At most one of {} is set.", names.join(", ")));
        }
        if !said.is_empty() {
            schema["description"] = said.join("\n\n").into();
        }
        schema
    }
}

/// Whether the message is one value in JSON, and no object with fields.
pub(super) fn is_value(message: &MessageDescriptor) -> bool {
    let known = well_known(message.full_name());
    known.is_some_and(|it| it.get("type").is_some_and(|it| it != "object"))
}

/// Whether a request must have the field.
pub(super) fn is_required(field: &FieldDescriptor) -> bool {
    behaviors(field).contains(&REQUIRED) || rules::is_required(field)
}

const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;

/// `google.api.field_behavior`.
fn behaviors(field: &FieldDescriptor) -> Vec<i32> {
    let pool = field.parent_pool();
    let Some(extension) = pool.get_extension_by_name("google.api.field_behavior") else {
        return Vec::new();
    };
    let options = field.options();
    let said = options.get_extension(&extension);
    let list = said.as_list().unwrap_or_default();
    list.iter().filter_map(Proto::as_enum_number).collect()
}

fn number(format: &str) -> Value {
    // NaN and the infinities are texts.
    json!({"anyOf": [
        {"type": "number", "format": format},
        {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]},
    ]})
}

/// Messages that JSON has a form of its own for.
fn well_known(name: &str) -> Option<Value> {
    let name = name.strip_prefix("google.protobuf.")?;
    Some(match name {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"}),
        "FieldMask" => json!({"type": "string", "description": "Paths with commas between."}),
        "Struct" => json!({"type": "object", "additionalProperties": true}),
        "Value" => json!({}),
        "ListValue" => json!({"type": "array", "items": {}}),
        "Empty" => json!({"type": "object", "maxProperties": 0}),
        "Any" => json!({
            "type": "object",
            "required": ["@type"],
            "properties": {"@type": {"type": "string"}},
            "additionalProperties": true,
        }),
        "BoolValue" => json!({"type": ["boolean", "null"]}),
        "StringValue" => json!({"type": ["string", "null"]}),
        "BytesValue" => json!({"type": ["string", "null"], "contentEncoding": "base64"}),
        "DoubleValue" | "FloatValue" => json!({"type": ["number", "string", "null"]}),
        "Int32Value" => json!({"type": ["integer", "null"], "format": "int32"}),
        "UInt32Value" => json!({"type": ["integer", "null"], "format": "uint32", "minimum": 0}),
        "Int64Value" => json!({"type": ["string", "null"], "format": "int64"}),
        "UInt64Value" => json!({"type": ["string", "null"], "format": "uint64"}),
        _ => return None,
    })
}

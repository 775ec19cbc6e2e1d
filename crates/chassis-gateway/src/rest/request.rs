//! From path, query and body to the message that they say together.

use http::{HeaderMap, header};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};
use tonic::{Code, Status};

use crate::json;
use crate::rpcs::{Part, Rule, field_of, walk};
use crate::template::Captured;

/// Most parameters of a query.
const MOST_PARAMETERS: usize = 256;

/// # Errors
/// `INVALID_ARGUMENT` if there is a body, and it is not said to be JSON.
pub(super) fn check_media_type(headers: &HeaderMap, rule: &Rule) -> Result<(), Status> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    if rule.body == Part::Nothing || kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(chassis::status::error(
        Code::InvalidArgument,
        chassis::status::DOMAIN,
        "MEDIA_TYPE",
        "the body must be JSON; send content-type: application/json",
    ))
}

/// The request as JSON: the body, what the query says, and above all the path.
///
/// # Errors
/// `INVALID_ARGUMENT` that names what is wrong.
pub(super) fn value(
    rule: &Rule,
    captured: Captured,
    query: Option<&str>,
    body: &[u8],
) -> Result<Value, Status> {
    let input = rule.rpc.input();
    let mut request = match &rule.body {
        Part::Nothing if !body.is_empty() => {
            return Err(json::invalid(
                "",
                "this takes no body; put it into the query",
            ));
        }
        Part::Nothing => Map::new(),
        Part::Whole if body.is_empty() => Map::new(),
        Part::Whole => match json::json(body)? {
            Value::Object(fields) => fields,
            _ => return Err(json::invalid("", "the body must be an object")),
        },
        Part::Field(field) => {
            let mut request = Map::new();
            if !body.is_empty() {
                request.insert(field.json_name().to_owned(), json::json(body)?);
            }
            request
        }
    };
    normalise(&mut request, &input);
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    for (index, (name, text)) in pairs.enumerate() {
        if index == MOST_PARAMETERS {
            let why = format!("the query has more than {MOST_PARAMETERS} parameters");
            return Err(json::invalid("", &why));
        }
        parameter(rule, &input, &mut request, &name, &text)?;
    }
    for (path, text) in captured {
        let field = walk(&input, &path);
        let field = field.ok_or_else(|| json::invalid(&path, "there is no such field"))?;
        let value = scalar(&field, &text);
        set(&input, &mut request, &path, value, false)?;
    }
    Ok(Value::Object(request))
}

/// One parameter of the query.
fn parameter(
    rule: &Rule,
    input: &MessageDescriptor,
    request: &mut Map<String, Value>,
    name: &str,
    text: &str,
) -> Result<(), Status> {
    let field = walk(input, name).ok_or_else(|| {
        json::invalid(name, "the query has it, and the request has no such field")
    })?;
    let top = name.split('.').next().unwrap_or(name);
    let in_body = match &rule.body {
        Part::Whole => true,
        Part::Field(body) => field_of(input, top).as_ref() == Some(body),
        Part::Nothing => false,
    };
    if in_body {
        return Err(json::invalid(name, "it belongs into the body"));
    }
    if field.is_map() || (is_message(&field) && !is_text(&field)) {
        return Err(json::invalid(
            name,
            "a query has single values only; name a field of it",
        ));
    }
    let value = scalar(&field, text);
    set(input, request, name, value, field.is_list())
}

/// The fields of the top by their names in JSON, as they are set by.
fn normalise(request: &mut Map<String, Value>, of: &MessageDescriptor) {
    let names: Vec<_> = request.keys().cloned().collect();
    for name in names {
        if let Some(field) = of.get_field_by_name(&name)
            && field.json_name() != name
            && !request.contains_key(field.json_name())
            && let Some(value) = request.remove(&name)
        {
            request.insert(field.json_name().to_owned(), value);
        }
    }
}

/// Sets what is at `path`, or adds to the list there.
fn set(
    input: &MessageDescriptor,
    request: &mut Map<String, Value>,
    path: &str,
    value: Value,
    to_list: bool,
) -> Result<(), Status> {
    let wrong = || json::invalid(path, "it is said twice, and differently");
    let mut message = input.clone();
    let mut at = request;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let field = field_of(&message, name).ok_or_else(wrong)?;
        let key = field.json_name().to_owned();
        if names.peek().is_none() {
            if !to_list {
                at.insert(key, value);
                return Ok(());
            }
            let list = at.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().ok_or_else(wrong)?.push(value);
            return Ok(());
        }
        let Kind::Message(inner) = field.kind() else {
            return Err(wrong());
        };
        let next = at.entry(key).or_insert_with(|| Value::Object(Map::new()));
        at = next.as_object_mut().ok_or_else(wrong)?;
        normalise(at, &inner);
        message = inner;
    }
    Ok(())
}

/// A text as the field's kind takes it from JSON. What does not fit is said by who
/// reads the whole.
fn scalar(field: &FieldDescriptor, text: &str) -> Value {
    let wrapped =
        |name: &str| matches!(field.kind(), Kind::Message(message) if message.full_name() == name);
    if field.kind() == Kind::Bool || wrapped("google.protobuf.BoolValue") {
        return match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => other.into(),
        };
    }
    if let Kind::Enum(_) = field.kind()
        && let Ok(number) = text.parse::<i32>()
    {
        return number.into();
    }
    text.into()
}

fn is_message(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(_))
}

/// Messages that are one text in JSON, or one value.
fn is_text(field: &FieldDescriptor) -> bool {
    const TEXTS: [&str; 12] = [
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "Duration",
        "FieldMask",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "StringValue",
        "Timestamp",
        "UInt32Value",
        "UInt64Value",
    ];
    let Kind::Message(message) = field.kind() else {
        return false;
    };
    let name = message.full_name().strip_prefix("google.protobuf.");
    name.is_some_and(|name| TEXTS.contains(&name))
}

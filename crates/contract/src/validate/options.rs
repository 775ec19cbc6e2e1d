//! Rules, as they stand in options.

use protox::prost_reflect::{
    DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor, Value,
};

/// `REQUIRED` of `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;

/// When rules do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignore {
    Never,
    IfZero,
    Always,
}

/// An expression of the .proto.
#[derive(Debug, Clone)]
pub(crate) struct Cel {
    pub(crate) id: String,
    pub(crate) message: String,
    pub(crate) expression: String,
}

fn extension(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let found = options
        .extensions()
        .find(|(it, _)| it.full_name() == name)
        .map(|(_, value)| value.clone());
    found.and_then(|it| it.as_message().cloned())
}

pub(crate) fn of_message(message: &MessageDescriptor) -> Option<DynamicMessage> {
    extension(&message.options(), "buf.validate.message")
}

pub(crate) fn of_oneof(oneof: &OneofDescriptor) -> Option<DynamicMessage> {
    extension(&oneof.options(), "buf.validate.oneof")
}

pub(crate) fn of_field(field: &FieldDescriptor) -> Option<DynamicMessage> {
    extension(&field.options(), "buf.validate.field")
}

/// Whether `google.api.field_behavior` says that it has to be there.
pub(crate) fn is_required(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let mut behaviors = options.extensions();
    behaviors.any(|(it, value)| {
        let values = value.as_list().unwrap_or_default();
        it.full_name() == "google.api.field_behavior"
            && values.contains(&Value::EnumNumber(REQUIRED))
    })
}

/// Whether a message has rules of its own.
pub(crate) fn has_rules(message: &MessageDescriptor) -> bool {
    of_message(message).is_some()
        || message.oneofs().any(|it| of_oneof(&it).is_some())
        || (message.fields()).any(|it| of_field(&it).is_some() || is_required(&it))
}

pub(crate) fn flag(rules: &DynamicMessage, name: &str) -> bool {
    let value = rules.get_field_by_name(name);
    value.and_then(|it| it.as_bool()).unwrap_or_default()
}

pub(crate) fn ignore(rules: &DynamicMessage) -> Option<Ignore> {
    if !rules.has_field_by_name("ignore") {
        return None;
    }
    let value = rules.get_field_by_name("ignore");
    Some(match value.and_then(|it| it.as_enum_number()) {
        Some(1) => Ignore::IfZero,
        Some(3) => Ignore::Always,
        _ => Ignore::Never,
    })
}

/// The messages of a repeated field.
pub(crate) fn messages(of: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let value = of.get_field_by_name(name);
    let items = value.as_ref().and_then(|it| it.as_list());
    let items = items.unwrap_or_default().iter();
    items.filter_map(|it| it.as_message().cloned()).collect()
}

/// The texts of a repeated field.
pub(crate) fn texts(of: &DynamicMessage, name: &str) -> Vec<String> {
    let value = of.get_field_by_name(name);
    let items = value.as_ref().and_then(|it| it.as_list());
    let items = items.unwrap_or_default().iter();
    items
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

/// `cel` of a field, a message or a predefined rule.
pub(crate) fn expressions(rules: &DynamicMessage) -> Vec<Cel> {
    let text = |it: &DynamicMessage, name: &str| {
        let value = it.get_field_by_name(name);
        value
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let rules = messages(rules, "cel");
    let rules = rules.iter().map(|it| Cel {
        id: text(it, "id"),
        message: text(it, "message"),
        expression: text(it, "expression"),
    });
    rules.collect()
}

/// `cel_expression`: each is its own id.
pub(crate) fn bare(rules: &DynamicMessage) -> Vec<Cel> {
    let bare = texts(rules, "cel_expression").into_iter();
    bare.map(|expression| Cel {
        id: expression.clone(),
        message: String::new(),
        expression,
    })
    .collect()
}

/// What `buf.validate.predefined` says of a rule.
pub(crate) fn predefined(options: &DynamicMessage) -> Vec<Cel> {
    let found = extension(options, "buf.validate.predefined");
    found.map(|it| expressions(&it)).unwrap_or_default()
}

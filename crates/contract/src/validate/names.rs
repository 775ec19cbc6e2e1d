//! What prost calls the things of a .proto, and how it keeps them.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use protox::prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};

use super::cel::{Elem, Store, Ty};
use crate::shape::is_boxed;

/// Words that Rust takes but for `r#`.
const RAW: [&str; 47] = [
    "as", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in",
    "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct",
    "trait", "true", "type", "unsafe", "use", "where", "while", "dyn", "abstract", "become", "box",
    "do", "final", "macro", "override", "priv", "typeof", "unsized", "virtual", "yield", "async",
    "await", "try", "gen",
];

fn ident(name: String) -> String {
    match name.as_str() {
        "_" | "super" | "self" | "Self" | "extern" | "crate" => format!("{name}_"),
        it if RAW.contains(&it) => format!("r#{name}"),
        it if it.starts_with(char::is_numeric) => format!("_{name}"),
        _ => name,
    }
}

pub(crate) fn snake(name: &str) -> String {
    ident(name.to_snake_case())
}

pub(super) fn camel(name: &str) -> String {
    ident(name.to_upper_camel_case())
}

/// A value of an enumeration: without the name of it, if a word follows that.
pub(crate) fn variant(of: &str, value: &str) -> String {
    let name = camel(value);
    let rest = name.strip_prefix(&camel(of)).unwrap_or_default();
    if rest.starts_with(char::is_uppercase) {
        rest.to_owned()
    } else {
        name
    }
}

/// The path of a message's struct, from the root of all generated code.
pub(super) fn message(message: &MessageDescriptor) -> String {
    match message.full_name() {
        "google.protobuf.Empty" => return "()".to_owned(),
        name if scalar_of(name).is_some() => return prost_scalar(name).to_owned(),
        name => {
            if let Some(known) = name.strip_prefix("google.protobuf.") {
                return format!("::prost_types::{}", camel(known));
            }
        }
    }
    let mut path = within(message);
    path.push(camel(message.name()));
    path.join("::")
}

/// The modules that a message's struct is in.
fn within(message: &MessageDescriptor) -> Vec<String> {
    match message.parent_message() {
        Some(parent) => modules(&parent),
        None => (message.package_name().split('.'))
            .filter(|it| !it.is_empty())
            .map(snake)
            .collect(),
    }
}

/// The modules of what is declared in a message.
fn modules(message: &MessageDescriptor) -> Vec<String> {
    let mut path = within(message);
    path.push(snake(message.name()));
    path
}

/// The path of a oneof's enum.
fn oneof(oneof: &OneofDescriptor) -> String {
    let parent = oneof.parent_message();
    let mut path = modules(parent);
    let mut name = oneof.name().to_upper_camel_case();
    let taken = |it: &str| it.to_upper_camel_case() == name;
    let clashes = (parent.child_messages().any(|it| taken(it.name())))
        || parent
            .child_enums()
            .any(|it: EnumDescriptor| taken(it.name()));
    name = ident(name);
    if clashes {
        name.push_str("OneOf");
    }
    path.push(name);
    path.join("::")
}

/// The oneof of the .proto that a field is in, if it is in one.
pub(super) fn oneof_of(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|it| !it.is_synthetic())
}

/// The member of `message`, for a field that is in no oneof.
pub(super) fn member(field: &FieldDescriptor, message: &str) -> String {
    format!("{message}.{}", snake(field.name()))
}

/// An `Option` of a reference to the field in `message`; `None` if the field
/// knows nothing of being there.
pub(super) fn option(field: &FieldDescriptor, message: &str) -> Option<String> {
    let required = field.cardinality() == Cardinality::Required;
    if field.is_list() || field.is_map() || !(field.supports_presence() || required) {
        return None;
    }
    let boxed = is_boxed(field);
    if let Some(oneof) = oneof_of(field) {
        let path = self::oneof(&oneof);
        let variant = camel(field.name());
        let member = format!("{message}.{}", snake(oneof.name()));
        let it = if boxed { "&**it" } else { "it" };
        // The only one of its kind leaves nothing to match.
        return Some(format!(
            "(match &{member} {{ Some({path}::{variant}(it)) => Some({it}), _ => None }})"
        ));
    }
    let member = member(field, message);
    if required {
        let reference = if boxed { "&*" } else { "&" };
        return Some(format!("Some({reference}{member})"));
    }
    let by = if boxed { "as_deref" } else { "as_ref" };
    Some(format!("{member}.{by}()"))
}

/// What a field or an element of it is.
pub(super) fn elem(field: &FieldDescriptor) -> Elem {
    Elem {
        ty: ty(&field.kind()),
        store: Store::Prost,
    }
}

/// The types of a map's keys and values.
pub(super) fn entry(field: &FieldDescriptor) -> Option<(FieldDescriptor, FieldDescriptor)> {
    let Kind::Message(entry) = field.kind() else {
        return None;
    };
    Some((entry.get_field(1)?, entry.get_field(2)?)).filter(|_| field.is_map())
}

pub(super) fn ty(kind: &Kind) -> Ty {
    match kind {
        Kind::Bool => Ty::Bool,
        Kind::Double | Kind::Float => Ty::Double,
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Enum(_) => Ty::Int,
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Ty::Uint,
        Kind::String => Ty::Text,
        Kind::Bytes => Ty::Bytes,
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => Ty::Timestamp,
            "google.protobuf.Duration" => Ty::Duration,
            name => match scalar_of(name) {
                Some(of) => Ty::Wrapper(Box::new(of)),
                None => Ty::Message(message.clone()),
            },
        },
    }
}

/// Of a message that wraps a scalar, its type.
pub(super) fn scalar_of(message: &str) -> Option<Ty> {
    Some(match message.strip_prefix("google.protobuf.")? {
        "BoolValue" => Ty::Bool,
        "Int32Value" | "Int64Value" => Ty::Int,
        "UInt32Value" | "UInt64Value" => Ty::Uint,
        "FloatValue" | "DoubleValue" => Ty::Double,
        "StringValue" => Ty::Text,
        "BytesValue" => Ty::Bytes,
        _ => return None,
    })
}

fn prost_scalar(message: &str) -> &'static str {
    match message.strip_prefix("google.protobuf.").unwrap_or_default() {
        "BoolValue" => "bool",
        "Int32Value" => "i32",
        "Int64Value" => "i64",
        "UInt32Value" => "u32",
        "UInt64Value" => "u64",
        "FloatValue" => "f32",
        "DoubleValue" => "f64",
        "BytesValue" => "::prost::alloc::vec::Vec<u8>",
        _ => "::prost::alloc::string::String",
    }
}

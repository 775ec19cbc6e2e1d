//! How a field of a message is kept: by what it is in Rust.

use contract::sample::Samples;
use contract::{FieldDescriptor, MessageDescriptor};
use prost_types::field_descriptor_proto::{Label, Type};
use syn::{GenericArgument, PathArguments};

use super::super::fields::{Field, Kind};
use super::literal;
use crate::generated::Message;

/// The field as `code` has it; `None` if it is called otherwise there.
pub(super) fn read(field: &FieldDescriptor, code: &Message, is_fixed: bool) -> Option<Field> {
    let (name, ty) = code.fields.get(&field.number())?;
    if name != field.name() {
        return None;
    }
    let options = field.field_descriptor_proto().options.as_ref();
    let (kind, samples) = match Rust::of(ty) {
        Rust::Map(..) => (Kind::Map, Rust::of(ty).samples()),
        it => (it.kind(), it.samples()),
    };
    let samples = match contract::sample::samples(field) {
        Samples::Any => samples,
        Samples::Two(two) => literal::both(&two, ty),
        Samples::Absent | Samples::Unknown => None,
    };
    Some(Field {
        name: name.clone(),
        kind,
        is_fixed,
        samples,
        is_deprecated: options.is_some_and(|it| it.deprecated == Some(true)),
    })
}

/// A type, as far as something follows from it.
pub(super) enum Rust {
    /// `String`, `i32`, …
    Plain(String),
    Option(Box<Self>),
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Other,
}

impl Rust {
    pub(super) fn of(ty: &syn::Type) -> Self {
        let syn::Type::Path(path) = ty else {
            return Self::Other;
        };
        let Some(last) = path.path.segments.last() else {
            return Self::Other;
        };
        let arguments: Vec<_> = match &last.arguments {
            PathArguments::AngleBracketed(it) => (it.args.iter())
                .filter_map(|it| match it {
                    GenericArgument::Type(it) => Some(Box::new(Self::of(it))),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        let is_builtin = path.path.segments.len() == 1 || path.path.leading_colon.is_some();
        let mut arguments = arguments.into_iter();
        match (
            last.ident.to_string().as_str(),
            arguments.next(),
            arguments.next(),
        ) {
            _ if !is_builtin => Self::Other,
            ("Option", Some(of), None) => Self::Option(of),
            ("Vec", Some(of), None) => Self::List(of),
            ("HashMap", Some(key), Some(value)) => Self::Map(key, value),
            (name, None, None) => Self::Plain(name.to_owned()),
            _ => Self::Other,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Plain(name) => match name.as_str() {
                "String" => Kind::Text,
                "i32" => Kind::Int32,
                "i64" => Kind::Int64,
                "u32" => Kind::Uint32,
                "u64" => Kind::Uint64,
                "bool" => Kind::Bool,
                _ => Kind::Packed,
            },
            Self::Map(..) => Kind::Map,
            _ => Kind::Packed,
        }
    }

    /// Two values that differ, if any can be known.
    fn samples(&self) -> Option<[String; 2]> {
        let each = |of: &Self, how: &dyn Fn(String) -> String| {
            let [one, other] = of.samples()?;
            Some([how(one), how(other)])
        };
        match self {
            Self::Plain(name) => match name.as_str() {
                "String" | "i32" | "i64" | "u32" | "u64" | "bool" => {
                    Some(self.kind().samples().map(str::to_owned))
                }
                "u8" => Some(["1".to_owned(), "2".to_owned()]),
                _ => None,
            },
            Self::Option(of) => each(of, &|it| format!("Some({it})")),
            Self::List(of) => each(of, &|it| format!("vec![{it}]")),
            Self::Map(key, value) => {
                let [key, _] = key.samples()?;
                each(value, &|it| format!("[({key}, {it})].into()"))
            }
            Self::Other => None,
        }
    }
}

/// Whether it stands in a oneof that somebody wrote.
pub(super) fn is_one_of(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some() && !field.field_descriptor_proto().proto3_optional()
}

/// `required`, as proto2 and `LEGACY_REQUIRED` have it.
pub(super) fn is_required(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().label() == Label::Required
}

pub(super) fn is_string(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().r#type() == Type::String
}

/// A map in the messages that the field holds, at any depth. One that is the field itself
/// is kept entry by entry, and those of google.protobuf have a sequence.
pub(super) fn map_within(field: &FieldDescriptor) -> Option<String> {
    let kind = field.kind();
    let held = kind.as_message()?.clone();
    let mut left = vec![if field.is_map() {
        let value = held.map_entry_value_field().kind();
        value.as_message()?.clone()
    } else {
        held
    }];
    let mut seen: Vec<MessageDescriptor> = Vec::new();
    while let Some(message) = left.pop() {
        if message.package_name() == "google.protobuf" || seen.contains(&message) {
            continue;
        }
        for field in message.fields() {
            if field.is_map() {
                return Some(field.full_name().to_owned());
            }
            left.extend(field.kind().as_message().cloned());
        }
        seen.push(message);
    }
    None
}

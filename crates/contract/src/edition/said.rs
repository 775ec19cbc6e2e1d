//! A marked file as protoc describes it: what reflection tells must be what callers'
//! libraries take, and those refuse proto3 with required fields.

use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost::encoding::{
    WireType, encode_key, encode_varint, uint64::encode as encode_number,
};
use protox::prost_reflect::{DynamicMessage, Value};

use super::Marks;

/// `FileDescriptorProto.edition`, of which protox's descriptors know nothing yet.
const EDITION: u32 = 14;
const EDITION_2023: u64 = 1000;

/// A field of `google.protobuf.FeatureSet`, and its value.
type Feature = (u32, u64);

const IMPLICIT: Feature = (1, 2);
const LEGACY_REQUIRED: Feature = (1, 3);
const CLOSED: Feature = (2, 2);
const EXPANDED: Feature = (3, 2);
const DELIMITED: Feature = (5, 2);

/// `FieldOptions.features` and `EnumOptions.features`.
const OF_FIELD: u32 = 21;
const OF_ENUM: u32 = 7;

/// `FieldDescriptorProto.Label` and `.Type`.
const OPTIONAL: i32 = 1;
const REQUIRED: i32 = 2;
const REPEATED: i32 = 3;
const GROUP: i32 = 10;
const MESSAGE: i32 = 11;
/// Texts, groups, messages and bytes cannot be packed.
const UNPACKED: [i32; 4] = [9, GROUP, MESSAGE, 12];

impl Marks {
    /// Makes of a descriptor that [`Marks::apply`] made one of edition 2023.
    pub(crate) fn say(&self, file: &mut DynamicMessage) {
        file.set_field_by_name("syntax", Value::String("editions".to_owned()));
        let mut edition = Vec::new();
        encode_number(EDITION, &EDITION_2023, &mut edition);
        merge(file, &edition);
        each(file, "enum_type", |it| self.enumeration("", it));
        each(file, "extension", |it| self.field("", it));
        each(file, "message_type", |it| self.message("", it));
    }

    fn message(&self, around: &str, message: &mut DynamicMessage) {
        let within = format!("{around}{}.", text(message, "name"));
        let mut synthetic = 0;
        each(message, "field", |field| {
            synthetic += usize::from(field.has_field_by_name("proto3_optional"));
            self.field(&within, field);
        });
        if let Some(Value::List(oneofs)) = message.get_field_by_name_mut("oneof_decl") {
            // Those that were made stand behind the others.
            oneofs.truncate(oneofs.len().saturating_sub(synthetic));
        }
        each(message, "enum_type", |it| self.enumeration(&within, it));
        each(message, "extension", |it| self.field(&within, it));
        each(message, "nested_type", |it| self.message(&within, it));
    }

    fn field(&self, within: &str, field: &mut DynamicMessage) {
        let mut features = Vec::new();
        if field.has_field_by_name("proto3_optional") {
            field.clear_field_by_name("proto3_optional");
            field.clear_field_by_name("oneof_index");
        }
        let (label, kind) = (number(field, "label"), number(field, "type"));
        if label == REQUIRED {
            field.set_field_by_name("label", Value::EnumNumber(OPTIONAL));
            features.push(LEGACY_REQUIRED);
        } else if label == OPTIONAL
            && kind != GROUP
            && kind != MESSAGE
            && self
                .implicit
                .contains(&format!("{within}{}", text(field, "name")))
        {
            features.push(IMPLICIT);
        }
        if kind == GROUP {
            field.set_field_by_name("type", Value::EnumNumber(MESSAGE));
            features.push(DELIMITED);
        }
        if let Some(Value::Message(options)) = field.get_field_by_name_mut("options") {
            let packed = options.get_field_by_name("packed");
            let expanded = packed.is_some_and(|it| it.as_bool() == Some(false));
            let expanded = expanded && options.has_field_by_name("packed");
            options.clear_field_by_name("packed");
            if expanded && label == REPEATED && !UNPACKED.contains(&kind) {
                features.push(EXPANDED);
            }
        }
        set(field, OF_FIELD, &features);
    }

    fn enumeration(&self, within: &str, enumeration: &mut DynamicMessage) {
        let name = format!("{within}{}", text(enumeration, "name"));
        if self.closed.contains(&name) {
            set(enumeration, OF_ENUM, &[CLOSED]);
        }
    }
}

/// Sets features among what is declared's options.
fn set(declared: &mut DynamicMessage, number: u32, features: &[Feature]) {
    let mut set = Vec::new();
    for (feature, value) in features {
        encode_number(*feature, value, &mut set);
    }
    let Some(Value::Message(options)) = declared.get_field_by_name_mut("options") else {
        return;
    };
    if set.is_empty() {
        if *options
            == DynamicMessage::new(protox::prost_reflect::ReflectMessage::descriptor(options))
        {
            declared.clear_field_by_name("options");
        }
        return;
    }
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(set.len() as u64, &mut bytes);
    bytes.append(&mut set);
    merge(options, &bytes);
}

/// Fields that the descriptor does not know are kept as they are.
fn merge(message: &mut DynamicMessage, bytes: &[u8]) {
    // What was just encoded can be read.
    let _ = message.merge(bytes);
}

fn each(message: &mut DynamicMessage, field: &str, mut of: impl FnMut(&mut DynamicMessage)) {
    if let Some(Value::List(all)) = message.get_field_by_name_mut(field) {
        all.iter_mut()
            .filter_map(Value::as_message_mut)
            .for_each(&mut of);
    }
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value
        .and_then(|it| it.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn number(message: &DynamicMessage, field: &str) -> i32 {
    let value = message.get_field_by_name(field);
    value.and_then(|it| it.as_enum_number()).unwrap_or_default()
}

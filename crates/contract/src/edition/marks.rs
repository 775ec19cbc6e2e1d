//! What of a file of an edition neither proto2 nor proto3 has words for, and its
//! descriptor with that.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use protox::prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
    OneofDescriptorProto,
};
use protox::prost_reflect::{DescriptorPool, Kind};

/// Fields and enumerations, each by its name within the file: `Message.Inner.field`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Fields that do not know whether they are there.
    pub(super) implicit: BTreeSet<String>,
    /// Fields whose messages end by a mark, if they are messages.
    pub(super) delimited: BTreeSet<String>,
    /// Enumerations that have no other values than those declared.
    pub(super) closed: BTreeSet<String>,
}

impl Marks {
    /// Makes of `file`, which was read as proto2, what is generated from: a descriptor of
    /// proto3, in which fields may also be required, delimited or have defaults. No text
    /// says that, but prost and prost-reflect go by the fields. `types` has the file as it
    /// was read, and so what its names mean.
    pub(crate) fn apply(&self, file: &mut FileDescriptorProto, types: &DescriptorPool) {
        file.syntax = Some("proto3".to_owned());
        let package = file.package().to_owned();
        let messages = Messages { package, types };
        for extension in &mut file.extension {
            self.delimit("", extension, &messages);
        }
        for message in &mut file.message_type {
            self.made("", message, &messages);
        }
    }

    fn made(&self, around: &str, message: &mut DescriptorProto, messages: &Messages<'_>) {
        if message
            .options
            .as_ref()
            .is_some_and(MessageOptions::map_entry)
        {
            return;
        }
        let within = format!("{around}{}.", message.name());
        let mut known: BTreeSet<_> = (message.field.iter().map(|it| it.name().to_owned()))
            .chain(message.oneof_decl.iter().map(|it| it.name().to_owned()))
            .collect();
        for field in &mut message.field {
            self.delimit(&within, field, messages);
            let alone = field.label() == Label::Optional && field.oneof_index.is_none();
            // A message always knows whether it is there.
            let is_implicit = self.implicit.contains(&format!("{within}{}", field.name()))
                && field.r#type() != Type::Group;
            if alone && !is_implicit {
                // As protoc does with `optional` of proto3.
                let mut name = format!("_{}", field.name());
                while !known.insert(name.clone()) {
                    name.insert(0, 'X');
                }
                field.proto3_optional = Some(true);
                field.oneof_index = i32::try_from(message.oneof_decl.len()).ok();
                message.oneof_decl.push(OneofDescriptorProto {
                    name: Some(name),
                    ..OneofDescriptorProto::default()
                });
            }
        }
        for extension in &mut message.extension {
            self.delimit(&within, extension, messages);
        }
        for nested in &mut message.nested_type {
            self.made(&within, nested, messages);
        }
    }

    fn delimit(&self, within: &str, field: &mut FieldDescriptorProto, messages: &Messages<'_>) {
        let name = format!("{within}{}", field.name());
        if self.delimited.contains(&name) && messages.has(&name) {
            field.set_type(Type::Group);
        }
    }
}

/// Which fields of a file are messages.
struct Messages<'a> {
    package: String,
    types: &'a DescriptorPool,
}

impl Messages<'_> {
    /// Whether the field, or extension, of that name within the file is one.
    fn has(&self, name: &str) -> bool {
        let full = if self.package.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.package)
        };
        let (of, field) = full.rsplit_once('.').unwrap_or(("", &full));
        let message = self.types.get_message_by_name(of);
        let field = message.and_then(|it| it.get_field_by_name(field));
        let kind = field.map(|it| it.kind()).or_else(|| {
            let mut extensions = self.types.all_extensions();
            Some(extensions.find(|it| it.full_name() == full)?.kind())
        });
        matches!(kind, Some(Kind::Message(_)))
    }
}

//! What is said of a message's fields, and whether tests know values that it allows.

use contract::{FieldDescriptor, MessageDescriptor};

/// `google.api.field_behavior`
pub(super) fn behavior(field: &FieldDescriptor) -> Vec<i32> {
    let options = field.options();
    let mut said = Vec::new();
    for (extension, value) in options.extensions() {
        if extension.full_name() == "google.api.field_behavior" {
            for value in value.as_list().into_iter().flatten() {
                said.extend(value.as_enum_number());
            }
        }
    }
    said
}

/// Whether it has rules beside those of its fields.
pub(super) fn has_rules(message: &MessageDescriptor) -> bool {
    let of_all = (message.options().extensions())
        .any(|(extension, _)| extension.full_name() == "buf.validate.message");
    let of_choices = message.oneofs().any(|it| {
        let options = it.options();
        let mut all = options.extensions();
        all.any(|(extension, _)| extension.full_name() == "buf.validate.oneof")
    });
    of_all || of_choices
}

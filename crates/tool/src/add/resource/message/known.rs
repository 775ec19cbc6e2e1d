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

/// Whether rules say more of it than how long a text may be at most.
pub(super) fn has_rules(message: &MessageDescriptor) -> bool {
    let of_all = (message.options().extensions())
        .any(|(extension, _)| extension.full_name() == "buf.validate.message");
    let of_choices = message.oneofs().any(|it| {
        let options = it.options();
        let mut all = options.extensions();
        all.any(|(extension, _)| extension.full_name() == "buf.validate.oneof")
    });
    of_all || of_choices || message.fields().any(|it| is_ruled(&it))
}

/// The longest text in a test.
const LONGEST: u64 = "another".len() as u64;

fn is_ruled(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let mut all = options.extensions();
    let rules = all.find(|(extension, _)| extension.full_name() == "buf.validate.field");
    let rules = rules.and_then(|(_, rules)| rules.as_message());
    rules.is_some_and(|it| {
        it.fields().any(|(of, rules)| {
            let text = rules.as_message().filter(|_| of.name() == "string");
            let allows = text.is_some_and(|it| {
                it.fields().all(|(of, most)| {
                    ["max_len", "max_bytes"].contains(&of.name())
                        && most.as_u64().is_some_and(|most| most >= LONGEST)
                })
            });
            !allows
        })
    })
}

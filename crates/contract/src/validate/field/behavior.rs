//! What `google.api.field_behavior` asks of a field.

use protox::prost_reflect::{DynamicMessage, FieldDescriptor, Kind};

use crate::validate::{names, options, rule};

/// `google.api.field_behavior`: a required field is there, unless it is one
/// of a resource of which a mask says what counts.
pub(super) fn behavior(field: &FieldDescriptor, rules: Option<&DynamicMessage>) -> String {
    let said = rules.is_some_and(|it| options::flag(it, "required"));
    if said || !options::is_required(field) || names::oneof_of(field).is_some() {
        return String::new();
    }
    let missing = if let Some(option) = names::option(field, "message") {
        format!("{option}.is_none()")
    } else {
        let member = names::member(field, "message");
        match field.kind() {
            _ if field.is_list() || field.is_map() => format!("{member}.is_empty()"),
            Kind::String | Kind::Bytes => format!("{member}.is_empty()"),
            Kind::Enum(_) => format!("{member} == 0"),
            // Zero may be meant.
            _ => return String::new(),
        }
    };
    let rule = rule::reference("required", &[], false);
    format!(
        "if {missing} && !found.is_partial() {{ found.add(&at.field(&{}), {rule}, \"is \
         required\"); }}\n",
        rule::descriptor(field)
    )
}

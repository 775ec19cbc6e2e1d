//! Where within a field's rules something stands.

use protox::prost_reflect::{DynamicMessage, Kind, ReflectMessage as _};

use crate::validate::rule::Step;

/// `repeated.items`, `map.keys`, `map.values`.
pub(super) fn within(rules: &DynamicMessage, of: &str, part: &str) -> Option<DynamicMessage> {
    if !rules.has_field_by_name(of) {
        return None;
    }
    let of = rules.get_field_by_name(of)?;
    let of = of.as_message()?;
    if !of.has_field_by_name(part) {
        return None;
    }
    of.get_field_by_name(part)?.as_message().cloned()
}

pub(super) fn path_within(rules: &DynamicMessage, of: &str, part: &str) -> Vec<Step> {
    let Some(of) = rules.descriptor().get_field_by_name(of) else {
        return Vec::new();
    };
    let Kind::Message(message) = of.kind() else {
        return Vec::new();
    };
    let part = message.get_field_by_name(part);
    let part = part.iter().map(Step::new);
    std::iter::once(Step::new(&of)).chain(part).collect()
}

pub(super) fn step(rules: &DynamicMessage, name: &str) -> Vec<Step> {
    let field = rules.descriptor().get_field_by_name(name);
    field.iter().map(Step::new).collect()
}

pub(super) fn step_at(rules: &DynamicMessage, name: &str, index: usize) -> Option<Step> {
    let field = rules.descriptor().get_field_by_name(name)?;
    Some(Step::at(&field, index))
}

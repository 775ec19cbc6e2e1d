//! Values that a field may hold by the rules of its .proto, for tests of what was
//! generated. Rules that only an expression says are not understood: then there is none.

mod number;
mod text;

use protox::prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, Value};

use crate::validate::options::{self, Ignore};

/// What may stand in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Anything: no rule says otherwise.
    Any,
    /// These two, which differ unless one alone is allowed.
    Two([Value; 2]),
    /// Nothing is known, but it can be left out.
    Absent,
    /// Nothing is known.
    Unknown,
}

/// Two values of `field`.
#[must_use]
pub fn samples(field: &FieldDescriptor) -> Samples {
    let Some(rules) = options::of_field(field) else {
        return Samples::Any;
    };
    let ignore = options::ignore(&rules);
    if ignore == Some(Ignore::Always) {
        return Samples::Any;
    }
    let is_needed = options::flag(&rules, "required") || options::is_required(field);
    let is_absent = !is_needed && (field.supports_presence() || ignore == Some(Ignore::IfZero));
    match of_field(field, &rules) {
        Some(two) => Samples::Two(two),
        None if is_absent => Samples::Absent,
        None => Samples::Unknown,
    }
}

fn of_field(field: &FieldDescriptor, rules: &DynamicMessage) -> Option<[Value; 2]> {
    if field.is_map() {
        return of_map(field, rules);
    }
    if field.is_list() {
        return of_list(field, rules);
    }
    of_kind(&field.kind(), Some(rules))
}

fn of_list(field: &FieldDescriptor, rules: &DynamicMessage) -> Option<[Value; 2]> {
    let rules = within(rules, "repeated")?;
    let known = ["min_items", "max_items", "unique", "items"];
    only(&rules, &known)?;
    let (least, most) = (count(&rules, "min_items"), count(&rules, "max_items"));
    let length = usize::try_from(least.unwrap_or(0).max(1)).ok()?;
    let [one, other] = of_kind(&field.kind(), part(&rules, "items").as_ref())?;
    let is_unique = options::flag(&rules, "unique");
    if length > 100 || most.is_some_and(|most| most < length as u64) {
        return None;
    }
    let list = |one: &Value, other: &Value| {
        let mut items = vec![one.clone(); length];
        if is_unique && length == 2 {
            items[1] = other.clone();
        }
        Value::List(items)
    };
    let is_told = length == 1 || length == 2 && one != other;
    (!is_unique || is_told).then(|| [list(&one, &other), list(&other, &one)])
}

fn of_map(field: &FieldDescriptor, rules: &DynamicMessage) -> Option<[Value; 2]> {
    let rules = within(rules, "map")?;
    only(&rules, &["min_pairs", "max_pairs", "keys", "values"])?;
    let (least, most) = (count(&rules, "min_pairs"), count(&rules, "max_pairs"));
    if least.unwrap_or(0) > 1 || most == Some(0) {
        return None;
    }
    let kind = field.kind();
    let entry = kind.as_message()?;
    let key = entry.map_entry_key_field().kind();
    let value = entry.map_entry_value_field().kind();
    let [key, _] = of_kind(&key, part(&rules, "keys").as_ref())?;
    let key = match key {
        Value::String(it) => MapKey::String(it),
        Value::I32(it) => MapKey::I32(it),
        Value::I64(it) => MapKey::I64(it),
        Value::U32(it) => MapKey::U32(it),
        Value::U64(it) => MapKey::U64(it),
        Value::Bool(it) => MapKey::Bool(it),
        _ => return None,
    };
    let values = of_kind(&value, part(&rules, "values").as_ref())?;
    Some(values.map(|it| Value::Map([(key.clone(), it)].into())))
}

/// Two values of a kind; `rules` are its `FieldRules`.
fn of_kind(kind: &Kind, rules: Option<&DynamicMessage>) -> Option<[Value; 2]> {
    if let Some(rules) = rules {
        let has_more = !options::expressions(rules).is_empty() || !options::bare(rules).is_empty();
        if has_more {
            return None;
        }
    }
    let typed = |name: &str| match rules {
        Some(rules) => within(rules, name),
        None => None,
    };
    let all = match kind {
        Kind::String => text::texts(typed("string").as_ref())?,
        Kind::Bytes => text::bytes(typed("bytes").as_ref())?,
        Kind::Bool => {
            let said = typed("bool").and_then(|it| given(&it, "const"));
            let said = said.map(|it| it.as_bool().unwrap_or_default());
            let both = [true, false].into_iter();
            both.filter(|it| said.is_none_or(|said| said == *it))
                .map(Value::Bool)
                .collect()
        }
        Kind::Message(_) => return None,
        kind => number::numbers(kind, typed(crate::validate::rules_of(kind)).as_ref())?,
    };
    two(all)
}

/// The first, and the first that differs from it.
fn two(all: Vec<Value>) -> Option<[Value; 2]> {
    let mut all = all.into_iter();
    let one = all.next()?;
    let other = all.find(|it| *it != one).unwrap_or_else(|| one.clone());
    Some([one, other])
}

/// The rules of one type, if some are there.
fn within(rules: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    given(rules, name)?.as_message().cloned()
}

fn part(rules: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    within(rules, name)
}

/// What a rule says, if it is there.
fn given(rules: &DynamicMessage, name: &str) -> Option<Value> {
    rules
        .has_field_by_name(name)
        .then(|| {
            rules
                .get_field_by_name(name)
                .map(std::borrow::Cow::into_owned)
        })
        .flatten()
}

fn count(rules: &DynamicMessage, name: &str) -> Option<u64> {
    given(rules, name)?.as_u64()
}

/// `None` where there are other rules than these.
fn only(rules: &DynamicMessage, names: &[&str]) -> Option<()> {
    let is_known = rules.fields().all(|(it, _)| names.contains(&it.name()));
    (is_known && rules.extensions().next().is_none()).then_some(())
}

#[cfg(test)]
mod tests;

//! The rules of a field's type: those with expressions, predefined ones too, and those
//! that say what no expression can.

use protox::prost_reflect::{FieldDescriptor, Kind, ReflectMessage as _, Value};

use super::Place;
use super::contradiction::contradiction;
use crate::validate::cel::{Ty, Val, constant};
use crate::validate::message::Writer;
use crate::validate::options::{self, Cel};
use crate::validate::rule::{self, Step};

impl Writer<'_> {
    /// The rules of a type: `string`, `repeated`.
    pub(super) fn typed(&mut self, place: &Place<'_>, this: &Val, expected: &str) -> String {
        let mut out = String::new();
        let descriptor = place.rules.descriptor();
        let Some(types) = descriptor.oneofs().find(|it| it.name() == "type") else {
            return out;
        };
        let Some(of) = types.fields().find(|it| place.rules.has_field(it)) else {
            return out;
        };
        if of.name() != expected {
            let reason = format!(
                "{} rules on what is {}",
                of.name(),
                kind_name(place, expected)
            );
            let remedy = if expected.is_empty() {
                "a message has rules of its own, and `required` and `cel`: remove them".to_owned()
            } else {
                format!("write {expected} rules")
            };
            let message = place.field.parent_message();
            self.reject(message, Some(place.field), reason, remedy);
            return out;
        }
        let value = place.rules.get_field(&of);
        let Some(rules) = value.as_message() else {
            return out;
        };
        if let Some(why) = contradiction(of.name(), rules, &place.kind, place.is_needed()) {
            let message = place.field.parent_message();
            let remedy = "correct one of them, or leave it out";
            self.reject(message, Some(place.field), why, remedy);
            return out;
        }
        let all = Val::new(Ty::Const(rules.clone()), String::new());
        let mut path = place.path.clone();
        path.push(Step::new(&of));
        for (field, value) in rules.fields() {
            let mut path = path.clone();
            path.push(Step::new(&field));
            if let Some(code) = by_hand(place, of.name(), &field, value, &path) {
                out.push_str(&code);
            }
            let cels = options::predefined(&field.options());
            let known = (field.kind(), value);
            out.push_str(&self.predefined(place, this, &all, &known, &cels, &path));
        }
        for (extension, value) in rules.extensions() {
            let mut path = path.clone();
            path.push(Step::extension(&extension));
            let cels = options::predefined(&extension.options());
            let known = (extension.kind(), value);
            out.push_str(&self.predefined(place, this, &all, &known, &cels, &path));
        }
        out
    }

    fn predefined(
        &mut self,
        place: &Place<'_>,
        this: &Val,
        all: &Val,
        (kind, value): &(Kind, &Value),
        cels: &[Cel],
        path: &[Step],
    ) -> String {
        if cels.is_empty() {
            return String::new();
        }
        let rule = match constant(kind, value) {
            Ok(rule) => rule,
            Err(why) => {
                let message = place.field.parent_message();
                self.wrong(message, Some(place.field), &cels[0].id, "", &why);
                return String::new();
            }
        };
        let names = [
            ("this", this.clone()),
            ("rules", all.clone()),
            ("rule", rule),
        ];
        let cels = cels.iter();
        cels.map(|cel| self.expression(place, cel, &names, path))
            .collect()
    }
}

/// Rules that say what no expression can.
fn by_hand(
    place: &Place<'_>,
    of: &str,
    field: &FieldDescriptor,
    value: &Value,
    path: &[Step],
) -> Option<String> {
    let id = format!("{of}.{}", field.name());
    let rule = rule::reference(&id, path, place.for_key);
    match (of, field.name(), &place.kind) {
        ("enum", "defined_only", Kind::Enum(known)) if value.as_bool() == Some(true) => {
            let numbers: Vec<_> = known.values().map(|it| it.number().to_string()).collect();
            Some(format!(
                "if !matches!(*it, {}) {{ found.add(&at, {rule}, \"value must be one of the defined enum \
                 values\"); }}\n",
                numbers.join(" | ")
            ))
        }
        ("any", "in" | "not_in", _) => {
            let values = value.as_list()?.iter().filter_map(Value::as_str);
            let values: Vec<_> = values.map(|it| format!("{it:?}")).collect();
            let (not, said) = if field.name() == "in" {
                ("!", "type URL must be in the allow list")
            } else {
                ("", "type URL must not be in the block list")
            };
            Some(format!(
                "if {not}[{}].contains(&it.type_url.as_str()) {{ found.add(&at, {rule}, {said:?}); \
                 }}\n",
                values.join(", ")
            ))
        }
        _ => None,
    }
}

fn kind_name(place: &Place<'_>, expected: &str) -> String {
    match &place.kind {
        _ if matches!(expected, "repeated" | "map") => expected.to_owned(),
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(it) => it.full_name().to_owned(),
        _ => expected.to_owned(),
    }
}

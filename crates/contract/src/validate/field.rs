//! A field's rules.

mod behavior;
mod contradiction;
mod steps;
mod typed;

use std::fmt::Write as _;

use behavior::behavior;
use protox::prost_reflect::{DynamicMessage, FieldDescriptor, Kind};
use steps::{path_within, step, step_at, within};

use super::cel::{Elem, Ty, Val, is_not_zero};
use super::message::Writer;
use super::names;
use super::options::{self, Cel, Ignore};
use super::rule::{self, Step};

/// What is being checked: a field, an element of it, a key or a value.
struct Place<'a> {
    field: &'a FieldDescriptor,
    kind: Kind,
    rules: &'a DynamicMessage,
    path: Vec<Step>,
    for_key: bool,
    /// Whether elements are whole, also within what a mask is about.
    whole: bool,
}

impl Place<'_> {
    /// Whether a value that is zero, or empty, counts as missing.
    fn is_needed(&self) -> bool {
        let is_field = self.path.is_empty() && !self.field.supports_presence();
        is_field && options::flag(self.rules, "required")
    }
}

impl Writer<'_> {
    /// What checks a field of `message`; `lone` if at most one of some may be set,
    /// `masked` if it stands beside a mask.
    pub(super) fn field(&mut self, field: &FieldDescriptor, lone: bool, masked: bool) -> String {
        let rules = options::of_field(field);
        let behaves = behavior(field, rules.as_ref());
        let rules = match rules {
            Some(rules) => rules,
            None => match self.no_rules() {
                Some(none) => none,
                None if self.nested(&field.kind()) => return only_nested(field, masked) + &behaves,
                None => return behaves,
            },
        };
        let ignore = options::ignore(&rules);
        if ignore == Some(Ignore::Always) {
            return String::new();
        }
        let if_zero = ignore.unwrap_or(if lone { Ignore::IfZero } else { Ignore::Never });
        let place = Place {
            field,
            kind: field.kind(),
            rules: &rules,
            path: Vec::new(),
            for_key: false,
            whole: !masked,
        };
        let checks = self.checks(&place);
        let required = options::flag(&rules, "required").then(|| {
            let step = step(&rules, "required");
            let rule = rule::reference("required", &[step].concat(), false);
            format!("found.add(&at, {rule}, \"value is required\");")
        });
        if checks.is_empty() && required.is_none() {
            return behaves;
        }
        let at = format!("let at = at.field(&{});\n", rule::descriptor(field));
        let body = if let Some(option) = names::option(field, "message") {
            let missing = required.map_or(String::new(), |it| format!(" else {{ {it} }}"));
            format!("if let Some(it) = {option} {{\n{checks}}}{missing}\n")
        } else {
            let it = format!("let it = &{};\n", names::member(field, "message"));
            let set = if field.is_list() || field.is_map() {
                "!it.is_empty()".to_owned()
            } else {
                is_not_zero(&names::elem(field), "it")
            };
            match (required, if_zero) {
                (Some(missing), _) => {
                    format!("{it}if {set} {{\n{checks}}} else {{ {missing} }}\n")
                }
                (None, Ignore::IfZero) => format!("{it}if {set} {{\n{checks}}}\n"),
                (None, _) => format!("{it}{checks}"),
            }
        };
        format!("{behaves}{{ {at}{body}}}\n")
    }

    /// Rules that say nothing, if the .proto knows of rules at all.
    fn no_rules(&self) -> Option<DynamicMessage> {
        let pool = self.protos.pool();
        let descriptor = pool.get_message_by_name("buf.validate.FieldRules")?;
        Some(DynamicMessage::new(descriptor))
    }

    fn nested(&self, kind: &Kind) -> bool {
        matches!(kind, Kind::Message(it) if self.ruled.contains(it.full_name()))
    }

    /// What checks what `it` refers to, all of a field or what is in it.
    fn checks(&mut self, place: &Place<'_>) -> String {
        let whole = place.path.is_empty();
        let mut out = String::new();
        let list = whole && place.field.is_list();
        let map = whole && place.field.is_map();
        let this = if let (true, Some((key, value))) = (map, names::entry(place.field)) {
            let ty = Ty::Map(Box::new(names::elem(&key)), Box::new(names::elem(&value)));
            Val::new(ty, "it")
        } else if list {
            Val::new(Ty::List(Box::new(names::elem(place.field))), "it")
        } else {
            let elem = Elem {
                ty: names::ty(&place.kind),
                store: super::cel::Store::Prost,
            };
            let ty = match &elem.ty {
                Ty::Wrapper(of) => (**of).clone(),
                ty => ty.clone(),
            };
            let read = elem.read("it");
            if read != "it" {
                let _ = writeln!(out, "let this = {read};");
            }
            Val::new(ty, if read == "it" { "it" } else { "this" })
        };
        let begun = out.len();
        for (name, cels) in [
            ("cel_expression", options::bare(place.rules)),
            ("cel", options::expressions(place.rules)),
        ] {
            for (index, cel) in cels.iter().enumerate() {
                let mut path = place.path.clone();
                path.extend(step_at(place.rules, name, index));
                out.push_str(&self.expression(place, cel, &[("this", this.clone())], &path));
            }
        }
        let expected = match (list, map) {
            (true, _) => "repeated",
            (_, true) => "map",
            _ => rule::rules_of(&place.kind),
        };
        out.push_str(&self.typed(place, &this, expected));
        if out.len() == begun {
            out.clear();
        }
        if list {
            let it = self.items(place);
            out.push_str(&it);
        } else if map {
            let it = self.pairs(place);
            out.push_str(&it);
        } else if !place.for_key && self.nested(&place.kind) {
            out.push_str(nested(place.whole && !whole));
        }
        out
    }

    fn expression(
        &mut self,
        place: &Place<'_>,
        cel: &Cel,
        names: &[(&str, Val)],
        path: &[Step],
    ) -> String {
        match rule::statement(cel, names, path, place.for_key) {
            Ok(code) => code,
            Err(why) => {
                let message = place.field.parent_message();
                self.wrong(message, Some(place.field), &cel.id, &cel.expression, &why);
                String::new()
            }
        }
    }

    /// What checks each element of a list.
    fn items(&mut self, place: &Place<'_>) -> String {
        let rules = within(place.rules, "repeated", "items");
        let mut path = path_within(place.rules, "repeated", "items");
        let body = self.part(place, &place.kind.clone(), rules, &mut path, false);
        elements(place.field, &body)
    }

    /// What checks each key and value of a map.
    fn pairs(&mut self, place: &Place<'_>) -> String {
        let Some((key, value)) = names::entry(place.field) else {
            return String::new();
        };
        let rules = within(place.rules, "map", "keys");
        let mut path = path_within(place.rules, "map", "keys");
        let keys = self.part(place, &key.kind(), rules, &mut path, true);
        let rules = within(place.rules, "map", "values");
        let mut path = path_within(place.rules, "map", "values");
        let values = self.part(place, &value.kind(), rules, &mut path, false);
        if keys.is_empty() && values.is_empty() {
            return String::new();
        }
        let keys = if keys.is_empty() {
            keys
        } else {
            format!("{{ let it = key;\n{keys}}}\n")
        };
        elements(place.field, &format!("{keys}{values}"))
    }

    fn part(
        &mut self,
        place: &Place<'_>,
        kind: &Kind,
        rules: Option<DynamicMessage>,
        path: &mut Vec<Step>,
        for_key: bool,
    ) -> String {
        let Some(rules) = rules.or_else(|| self.no_rules()) else {
            return String::new();
        };
        let ignore = options::ignore(&rules);
        if ignore == Some(Ignore::Always) {
            return String::new();
        }
        let part = Place {
            field: place.field,
            kind: kind.clone(),
            rules: &rules,
            path: std::mem::take(path),
            for_key,
            whole: place.whole,
        };
        let checks = self.checks(&part);
        if ignore != Some(Ignore::IfZero) || checks.is_empty() {
            return checks;
        }
        let elem = Elem {
            ty: names::ty(kind),
            store: super::cel::Store::Prost,
        };
        match elem.ty {
            // A message that is there is not zero.
            Ty::Message(_) | Ty::Timestamp | Ty::Duration | Ty::Wrapper(_) => checks,
            _ if for_key && elem.ty == Ty::Text => format!("if !it.is_empty() {{\n{checks}}}\n"),
            _ => format!("if {} {{\n{checks}}}\n", is_not_zero(&elem, "it")),
        }
    }
}

/// What checks a message within; an update replaces a list: its elements are whole.
fn nested(whole: bool) -> &'static str {
    if whole {
        "let part = found.set_partial(false);\n__v::Validate::check(it, &at, found);\n\
         found.set_partial(part);\n"
    } else {
        "__v::Validate::check(it, &at, found);\n"
    }
}

/// A field without rules, whose message has some, where nothing imports
/// `buf/validate/validate.proto`.
fn only_nested(field: &FieldDescriptor, masked: bool) -> String {
    let at = format!("let at = at.field(&{});\n", rule::descriptor(field));
    let body = if let Some(option) = names::option(field, "message") {
        format!("if let Some(it) = {option} {{ __v::Validate::check(it, &at, found); }}\n")
    } else {
        let member = names::member(field, "message");
        let elements = elements(field, nested(!masked));
        format!("let it = &{member};\n{elements}")
    };
    format!("{{ {at}{body}}}\n")
}

/// A loop over the elements of `it`; it ends when there is no use in going on.
fn elements(field: &FieldDescriptor, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let full = "if found.is_full() { break; }\n";
    if let Some((key, _)) = names::entry(field) {
        let key = match key.kind() {
            Kind::String => "Text(key)",
            Kind::Bool => "Bool(*key)",
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => "Uint(u64::from(*key))",
            _ => "Int(i64::from(*key))",
        };
        return format!(
            "for (key, it) in it {{\nlet at = at.at(__v::Subscript::{key});\n{body}{full}}}\n"
        );
    }
    format!(
        "for (index, it) in it.iter().enumerate() {{\nlet at = \
         at.at(__v::Subscript::Index(index));\n{body}{full}}}\n"
    )
}

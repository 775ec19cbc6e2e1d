//! A message's own rules, and those of its oneofs.

use std::collections::HashSet;
use std::fmt::Write as _;

use protox::prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};

use super::cel::{Ty, Val};
use super::{names, options, rule};
use crate::{Problem, Protos, derive};

/// Writes validators; notes what is wrong.
pub(super) struct Writer<'a> {
    pub(super) protos: &'a Protos,
    pub(super) ruled: &'a HashSet<String>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(protos: &'a Protos, ruled: &'a HashSet<String>) -> Self {
        Self {
            protos,
            ruled,
            problems: Vec::new(),
        }
    }

    /// Notes what is wrong with a rule of a message, or of a field of it.
    pub(super) fn reject(
        &mut self,
        message: &MessageDescriptor,
        field: Option<&FieldDescriptor>,
        reason: String,
        remedy: impl Into<String>,
    ) {
        let (path, subject) = match field {
            Some(field) => (field.path(), field.full_name()),
            None => (message.path(), message.full_name()),
        };
        let file = message.parent_file();
        let file = file.file_descriptor_proto();
        let mut site = derive::site(&self.protos.root, file, path, subject.to_owned());
        site.reject(reason, remedy);
        self.problems.append(&mut site.problems);
    }

    /// What `check` does for a message.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> String {
        let mut out = String::new();
        let rules = options::of_message(message);
        let mut lone = HashSet::new();
        if let Some(rules) = &rules {
            for cel in options::bare(rules)
                .iter()
                .chain(&options::expressions(rules))
            {
                let this = Val::new(Ty::Message(message.clone()), "message");
                match rule::statement(cel, &[("this", this)], &[], false) {
                    Ok(code) => out.push_str(&code),
                    Err(why) => self.wrong(message, None, &cel.id, &cel.expression, &why),
                }
            }
            for oneof in options::messages(rules, "oneof") {
                out.push_str(&self.one_of(message, &oneof, &mut lone));
            }
        }
        for oneof in message.oneofs().filter(|it| !it.is_synthetic()) {
            self.one_required(message, &oneof);
            if options::of_oneof(&oneof).is_some_and(|it| options::flag(&it, "required")) {
                let member = format!("message.{}", names::snake(oneof.name()));
                let rule = rule::reference("required", &[], false);
                let _ = writeln!(
                    out,
                    "if {member}.is_none() {{ found.add(&at.field(&__v::Field {{ number: 0, name: \
                     {:?}, kind: 0, key: 0, value: 0 }}), {rule}, \"exactly one field is required \
                     in oneof\"); }}",
                    oneof.name()
                );
            }
        }
        let masked = message.fields().any(|it| is_mask(&it));
        for field in message.fields() {
            let partial = masked && matches!(field.kind(), Kind::Message(_)) && !is_mask(&field);
            let code = self.field(&field, lone.contains(field.name()), partial);
            if code.is_empty() {
                continue;
            }
            if partial {
                out.push_str("let whole = found.set_partial(true);\n");
            }
            out.push_str(&code);
            if partial {
                out.push_str("found.set_partial(whole);\n");
            }
            out.push_str("if found.is_full() { return; }\n");
        }
        out
    }

    /// Of a oneof no two fields can be there.
    fn one_required(&mut self, message: &MessageDescriptor, oneof: &OneofDescriptor) {
        let is_required = |it: &FieldDescriptor| {
            options::of_field(it).is_some_and(|it| options::flag(&it, "required"))
        };
        let mut required = oneof.fields().filter(is_required);
        if let (Some(one), Some(other)) = (required.next(), required.next()) {
            let reason = format!(
                "required as {} is, and only one of a oneof can be there",
                one.name()
            );
            let remedy = "require the oneof: option (buf.validate.oneof).required = true";
            self.reject(message, Some(&other), reason, remedy);
        }
    }

    /// `(buf.validate.message).oneof`.
    fn one_of(
        &mut self,
        message: &MessageDescriptor,
        oneof: &DynamicMessage,
        lone: &mut HashSet<String>,
    ) -> String {
        let fields = options::texts(oneof, "fields");
        let mut set = Vec::new();
        for (place, name) in fields.iter().enumerate() {
            let reason = match message.get_field_by_name(name) {
                Some(_) if fields[..place].contains(name) => format!("oneof names {name} twice"),
                Some(field) => {
                    lone.insert(name.clone());
                    set.push(format!(
                        "usize::from({})",
                        super::cel::is_set(&field, "message")
                    ));
                    continue;
                }
                None => format!("oneof names {name}, which is no field of it"),
            };
            self.reject(message, None, reason, "name each of its fields once");
        }
        if set.is_empty() {
            let reason = "oneof names no field".to_owned();
            self.reject(message, None, reason, "name its fields");
            return String::new();
        }
        let rule = rule::reference("message.oneof", &[], false);
        let names = fields.join(", ");
        let mut out = format!("let set: usize = {};\n", set.join(" + "));
        let _ = writeln!(
            out,
            "if set > 1 {{ found.add(at, {rule}, \"only one of {names} can be set\"); }}"
        );
        if options::flag(oneof, "required") {
            let _ = writeln!(
                out,
                "if set == 0 {{ found.add(at, {rule}, \"one of {names} must be set\"); }}"
            );
        }
        format!("{{ {out} }}\n")
    }

    /// Notes what is wrong with an expression.
    pub(super) fn wrong(
        &mut self,
        message: &MessageDescriptor,
        field: Option<&FieldDescriptor>,
        id: &str,
        expression: &str,
        why: &str,
    ) {
        let reason = format!("rule {id:?}: {why}: {expression}");
        self.reject(
            message,
            field,
            reason,
            "correct the expression or its types",
        );
    }
}

fn is_mask(field: &FieldDescriptor) -> bool {
    let Kind::Message(message) = field.kind() else {
        return false;
    };
    message.full_name() == "google.protobuf.FieldMask" && !field.is_list()
}

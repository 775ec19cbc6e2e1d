//! One rule, as Rust.

use std::fmt::Write as _;

use protox::prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind};

use super::cel::{Emitter, Expr, Ty, Val, parse};
use super::names;
use super::options::Cel;

/// A step to where a rule stands.
#[derive(Debug, Clone)]
pub(super) struct Step {
    code: String,
    index: Option<usize>,
}

impl Step {
    pub(super) fn new(field: &FieldDescriptor) -> Self {
        Self {
            code: descriptor(field),
            index: None,
        }
    }

    pub(super) fn at(field: &FieldDescriptor, index: usize) -> Self {
        Self {
            index: Some(index),
            ..Self::new(field)
        }
    }

    pub(super) fn extension(extension: &ExtensionDescriptor) -> Self {
        let kind = extension.field_descriptor_proto().r#type;
        let name = format!("[{}]", extension.full_name());
        Self {
            code: written(extension.number(), &name, kind.unwrap_or_default(), 0, 0),
            index: None,
        }
    }
}

/// A field as `chassis::validate::Field`.
pub(super) fn descriptor(field: &FieldDescriptor) -> String {
    let kind = |it: &FieldDescriptor| it.field_descriptor_proto().r#type.unwrap_or_default();
    let (key, value) =
        names::entry(field).map_or((0, 0), |(key, value)| (kind(&key), kind(&value)));
    written(field.number(), field.name(), kind(field), key, value)
}

fn written(number: u32, name: &str, kind: i32, key: i32, value: i32) -> String {
    format!(
        "__v::Field {{ number: {number}, name: {name:?}, kind: {kind}, key: {key}, value: {value} }}"
    )
}

/// `&chassis::validate::Rule`.
pub(super) fn reference(id: &str, path: &[Step], for_key: bool) -> String {
    let mut steps = String::new();
    for Step { code, index } in path {
        // Writing to a string cannot fail.
        let _ = write!(steps, "({code}, {index:?}), ");
    }
    format!("&__v::Rule {{ id: {id:?}, path: &[{steps}], for_key: {for_key} }}")
}

/// A statement that notes a violation of `cel` at `at`; empty if there cannot be
/// one. `names` are what the expression knows.
pub(super) fn statement(
    cel: &Cel,
    names: &[(&str, Val)],
    path: &[Step],
    for_key: bool,
) -> Result<String, String> {
    let expr = parse(&cel.expression)?;
    let mut emitter = Emitter::default();
    for (name, val) in names {
        emitter.name(name, val.clone());
    }
    let rule = reference(&cel.id, path, for_key);
    let said = if cel.message.is_empty() {
        format!("{:?}", format!("{:?} returned false", cel.expression))
    } else {
        format!("{:?}", cel.message)
    };
    let code = match &expr {
        // What is said is made only when it is.
        Expr::Cond(test, yes, no) if is_empty(no) || is_empty(yes) => {
            let holds = is_empty(no);
            let spoken = if holds { yes } else { no };
            chosen(&mut emitter, test, holds, spoken, &rule)?
        }
        _ => None,
    };
    let code = match code {
        Some(code) => code,
        None => plain(&mut emitter, &expr, &rule, &said)?,
    };
    if code.is_empty() || !emitter.asks_now {
        return Ok(code);
    }
    Ok(format!("{{ let now = found.now(); {code} }}\n"))
}

fn is_empty(expr: &Expr) -> bool {
    *expr == Expr::Text(String::new())
}

/// `test ? said : ''`, or the other way round; `None` if it takes more.
fn chosen(
    emitter: &mut Emitter,
    test: &Expr,
    holds: bool,
    said: &Expr,
    rule: &str,
) -> Result<Option<String>, String> {
    let test = emitter.expr(test)?;
    if test.ty != Ty::Bool || test.fails {
        return Ok(None);
    }
    if test.truth() == Some(!holds) {
        return Ok(Some(String::new()));
    }
    // A choice between more is left to whoever can take it apart.
    let said = emitter.expr(said)?;
    if said.ty != Ty::Text || said.fails {
        return Ok(None);
    }
    let not = if holds { "" } else { "!" };
    let cow = said.cow();
    Ok(Some(format!(
        "if {not}({}) {{ let said: ::std::borrow::Cow<'_, str> = {cow}; if !said.is_empty() {{ \
         found.add(&at, {rule}, said.into_owned()); }} }}\n",
        test.code
    )))
}

fn plain(emitter: &mut Emitter, expr: &Expr, rule: &str, said: &str) -> Result<String, String> {
    let val = emitter.expr(expr)?;
    let add = format!("found.add(&at, {rule}, {said})");
    let fail = "Err(why) => found.fail(&at, why)";
    match (&val.ty, val.fails) {
        (Ty::Bool, false) if val.truth() == Some(true) => Ok(String::new()),
        (Ty::Bool, false) => Ok(format!("if !({}) {{ {add}; }}\n", val.code)),
        (Ty::Bool, true) => Ok(format!(
            "match (|| -> Result<bool, __v::cel::Failed> {{ Ok({}) }})() {{ Ok(true) => {{}} \
             Ok(false) => {add}, {fail} }}\n",
            val.code
        )),
        (Ty::Text, fails) => {
            let cow = val.cow();
            let add =
                format!("if !said.is_empty() {{ found.add(&at, {rule}, said.into_owned()); }}");
            Ok(if fails {
                format!(
                    "match (|| -> Result<::std::borrow::Cow<'_, str>, __v::cel::Failed> {{ \
                     Ok({cow}) }})() {{ Ok(said) => {{ {add} }} {fail} }}\n"
                )
            } else {
                format!("{{ let said: ::std::borrow::Cow<'_, str> = {cow}; {add} }}\n")
            })
        }
        (Ty::Never, _) => Ok(format!(
            "match (|| -> Result<bool, __v::cel::Failed> {{ {} }})() {{ Ok(_) => {{}} {fail} }}\n",
            val.code
        )),
        (ty, _) => Err(format!("it is {}, neither bool nor string", ty.name())),
    }
}

/// What a field's kind is called among `buf.validate`'s rules.
pub(crate) fn rules_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "enum",
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.BoolValue" => "bool",
            "google.protobuf.Int32Value" => "int32",
            "google.protobuf.Int64Value" => "int64",
            "google.protobuf.UInt32Value" => "uint32",
            "google.protobuf.UInt64Value" => "uint64",
            "google.protobuf.FloatValue" => "float",
            "google.protobuf.DoubleValue" => "double",
            "google.protobuf.StringValue" => "string",
            "google.protobuf.BytesValue" => "bytes",
            "google.protobuf.Any" => "any",
            "google.protobuf.Duration" => "duration",
            "google.protobuf.Timestamp" => "timestamp",
            "google.protobuf.FieldMask" => "field_mask",
            _ => "",
        },
    }
}

//! One request of the suite on standard input, the answers on standard output.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use chassis::validate::{Element, Field, Found, Key, Validate, validate};
use prost::Message;

#[allow(warnings)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto.rs"));
    include!(concat!(env!("OUT_DIR"), "/validators.rs"));
}

use proto::buf::validate as pb;
use proto::buf::validate::conformance::harness::test_result::Result as Answer;
use proto::buf::validate::conformance::harness::{
    TestConformanceRequest, TestConformanceResponse, TestResult,
};

/// What became of a message.
pub enum Outcome {
    /// It was checked.
    Checked(Found),
    /// A rule of it was refused when this was built.
    Refused(&'static str),
    /// It is no message.
    Undecodable(prost::DecodeError),
    /// It has no validator.
    Unknown,
}

/// Decodes and checks a message.
pub fn check<M: Message + Default + Validate>(bytes: &[u8]) -> Outcome {
    match M::decode(bytes) {
        Ok(message) => Outcome::Checked(validate(&message, usize::MAX)),
        Err(error) => Outcome::Undecodable(error),
    }
}

fn answer(type_url: &str, bytes: &[u8]) -> Answer {
    let name = type_url.rsplit('/').next().unwrap_or_default();
    match proto::check(name, bytes) {
        Outcome::Refused(why) => Answer::CompilationError(why.to_owned()),
        Outcome::Undecodable(error) => Answer::UnexpectedError(error.to_string()),
        // Without rules nothing is wrong.
        Outcome::Unknown if proto::KNOWN.contains(&name) => Answer::Success(true),
        Outcome::Unknown => Answer::UnexpectedError(format!("{name} is not known")),
        Outcome::Checked(found) => match found.failed() {
            Some((_, why)) => Answer::RuntimeError(why.to_string()),
            None if found.is_empty() => Answer::Success(true),
            None => Answer::ValidationError(pb::Violations {
                violations: found.violations().iter().map(violation).collect(),
            }),
        },
    }
}

fn violation(it: &chassis::validate::Violation) -> pb::Violation {
    let at = it.at.iter().map(|Element { field, key }| step(field, key));
    let rule = (it.rule.path.iter()).map(|(field, index)| {
        let key = index.map_or(Key::None, Key::Index);
        step(field, &key)
    });
    let path = |elements: Vec<_>| (!elements.is_empty()).then_some(pb::FieldPath { elements });
    pb::Violation {
        field: path(at.collect()),
        rule: path(rule.collect()),
        rule_id: Some(it.rule.id.to_owned()),
        message: Some(it.message.to_string()),
        for_key: it.rule.for_key.then_some(true),
    }
}

fn step(field: &Field, key: &Key) -> pb::FieldPathElement {
    use pb::field_path_element::Subscript;

    let is = |number: i32| (number != 0).then_some(number);
    let within = *key != Key::None;
    pb::FieldPathElement {
        field_number: is(field.number),
        field_name: Some(field.name.to_owned()),
        field_type: is(field.kind),
        key_type: is(field.key).filter(|_| within),
        value_type: is(field.value).filter(|_| within),
        subscript: match key {
            Key::None => None,
            Key::Index(index) => Some(Subscript::Index(*index as u64)),
            Key::Bool(key) => Some(Subscript::BoolKey(*key)),
            Key::Int(key) => Some(Subscript::IntKey(*key)),
            Key::Uint(key) => Some(Subscript::UintKey(*key)),
            Key::Text(key) => Some(Subscript::StringKey(key.clone())),
        },
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request)?;
    let request = TestConformanceRequest::decode(request.as_slice())?;
    let results: HashMap<_, _> = (request.cases.into_iter())
        .map(|(name, case)| {
            let result = Some(answer(&case.type_url, &case.value));
            (name, TestResult { result })
        })
        .collect();
    let response = TestConformanceResponse { results };
    std::io::stdout().write_all(&response.encode_to_vec())?;
    Ok(())
}

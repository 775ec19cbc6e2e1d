//! What the telemetry is about.
//!
//! Kubernetes attributes need no code: the chart fills `OTEL_RESOURCE_ATTRIBUTES`
//! from the downward API.

use std::collections::BTreeMap;

use chassis_core::hex;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use super::environment::Environment;

const NAME: &str = "service.name";

/// The service by name, version and instance. `OTEL_SERVICE_NAME` and
/// `OTEL_RESOURCE_ATTRIBUTES` count before what is given here.
pub(crate) fn resource(
    env: &mut Environment,
    service_name: &'static str,
    version: &'static str,
) -> Resource {
    let mut attributes = told(env);
    if let Some(name) = env.get("OTEL_SERVICE_NAME") {
        attributes.insert(NAME.to_owned(), name);
    }
    let mut missing = |key: &str, value: fn(&'static str, &'static str) -> String| {
        let known = attributes.get(key).is_some_and(|value| !value.is_empty());
        if !known {
            attributes.insert(key.to_owned(), value(service_name, version));
        }
    };
    missing(NAME, |name, _| name.to_owned());
    missing("service.version", |_, version| version.to_owned());
    missing("service.instance.id", |_, _| {
        uuid::Uuid::new_v4().to_string()
    });
    // Not the SDK's own detectors of the environment, which do not decode.
    Resource::builder_empty()
        .with_attributes(
            attributes
                .into_iter()
                .map(|(key, value)| KeyValue::new(key, value)),
        )
        .with_detector(Box::new(TelemetryResourceDetector))
        .build()
}

/// `OTEL_RESOURCE_ATTRIBUTES`, or nothing of it if a part is malformed: so says
/// the specification.
fn told(env: &mut Environment) -> BTreeMap<String, String> {
    let variable = "OTEL_RESOURCE_ATTRIBUTES";
    let text = env.get(variable).unwrap_or_default();
    let pairs = text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    let mut attributes = BTreeMap::new();
    for pair in pairs {
        let Some((key, value)) = decoded(pair) else {
            let why = format!(
                "{pair:?} is no key=value with all else than letters and digits written as %XX"
            );
            env.ignored(variable, &text, &why);
            return BTreeMap::new();
        };
        attributes.insert(key, value);
    }
    attributes
}

fn decoded(pair: &str) -> Option<(String, String)> {
    let (key, value) = pair.split_once('=')?;
    let key = hex::percent_decode(key.trim_end())?.into_owned();
    let value = hex::percent_decode(value.trim_start())?.into_owned();
    (!key.is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::*;

    fn of(text: &str) -> (BTreeMap<String, String>, usize) {
        let variables = [("OTEL_RESOURCE_ATTRIBUTES".into(), text.into())];
        let mut env = Environment::new(variables.into_iter());
        let attributes = told(&mut env);
        (attributes, env.warnings.len())
    }

    #[test]
    fn attributes_are_decoded() {
        for (text, expected) in [
            ("a=b", vec![("a", "b")]),
            (" a = b , c=d,", vec![("a", "b"), ("c", "d")]),
            ("a=x%2Cy%3Dz%25", vec![("a", "x,y=z%")]),
            ("team%2C=caf%C3%A9%20bar", vec![("team,", "caf\u{e9} bar")]),
            ("a=b=c==", vec![("a", "b=c==")]),
            ("a=1,a=2", vec![("a", "2")]),
            ("a=", vec![("a", "")]),
        ] {
            let expected = expected.into_iter();
            let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(of(text), (expected.collect(), 0), "{text}");
        }
    }

    #[test]
    fn of_what_is_malformed_nothing_is_taken() {
        for text in [
            "a=1,b",
            "a=1,=2",
            "a=1,b=100%",
            "a=1,b=%zz",
            "a=1,b=%ff",
            "a=1,%=2",
        ] {
            assert_eq!(of(text), (BTreeMap::new(), 1), "{text}");
        }
    }

    #[test]
    fn an_empty_name_is_none() {
        let variables = [("OTEL_RESOURCE_ATTRIBUTES".into(), "service.name=".into())];
        let mut env = Environment::new(variables.into_iter());
        let resource = resource(&mut env, "mine", "1");
        let name = resource.get(&Key::new(NAME)).unwrap();
        assert_eq!(name.as_str(), "mine");
    }
}

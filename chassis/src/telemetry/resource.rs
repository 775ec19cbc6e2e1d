//! What the telemetry is about.
//!
//! Kubernetes attributes need no code: the chart fills `OTEL_RESOURCE_ATTRIBUTES`
//! from the downward API.

use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;

/// The service by name, version and instance. `OTEL_SERVICE_NAME` and
/// `OTEL_RESOURCE_ATTRIBUTES` count before what is given here.
pub(crate) fn resource(
    service_name: &'static str,
    version: &'static str,
    from_variable: Option<String>,
) -> Resource {
    let named = Resource::builder_empty()
        .with_detector(Box::new(EnvResourceDetector::new()))
        .build();
    let missing = |key: &str| named.get_ref(&Key::from(key.to_owned())).is_none();
    let mut attributes = Vec::new();
    if let Some(name) = from_variable {
        attributes.push(KeyValue::new("service.name", name));
    } else if missing("service.name") {
        attributes.push(KeyValue::new("service.name", service_name));
    }
    if missing("service.version") {
        attributes.push(KeyValue::new("service.version", version));
    }
    if missing("service.instance.id") {
        let id: Value = uuid::Uuid::new_v4().to_string().into();
        attributes.push(KeyValue::new("service.instance.id", id));
    }
    Resource::builder().with_attributes(attributes).build()
}

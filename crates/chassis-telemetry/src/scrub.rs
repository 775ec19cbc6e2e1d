//! Spans without secrets: taken out where batches are sent, off the threads that
//! serve.

use std::time::Duration;

use opentelemetry::trace::Status;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::log::redact;
use super::names;

/// Hands on to `E` what [`redact`] leaves.
#[derive(Debug)]
pub(crate) struct Scrubbed<E>(pub(crate) E);

impl<E: SpanExporter> SpanExporter for Scrubbed<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(span);
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn span(span: &mut SpanData) {
    span.attributes.iter_mut().for_each(attribute);
    for event in &mut span.events.events {
        event.attributes.iter_mut().for_each(attribute);
    }
    if let Status::Error { description } = &mut span.status
        && let Some(clean) = redact::scrubbed(description)
    {
        *description = clean.into();
    }
}

fn attribute(attribute: &mut KeyValue) {
    if names::HARMLESS.contains(&attribute.key.as_str()) {
        return;
    }
    if redact::is_secret(attribute.key.as_str()) {
        attribute.value = redact::REDACTED.into();
    } else if let Value::String(text) = &attribute.value
        && let Some(clean) = redact::scrubbed(text.as_str())
    {
        attribute.value = clean.into();
    }
}

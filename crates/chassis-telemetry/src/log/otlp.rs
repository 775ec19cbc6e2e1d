//! An event as a log record for a collector. The logger adds the trace ids.

use std::fmt::Debug;

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, Severity};
use opentelemetry::time::now;
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::redact;

pub(super) fn emit(logger: &SdkLogger, event: &Event<'_>) {
    let metadata = event.metadata();
    let mut record = logger.create_log_record();
    record.set_timestamp(now());
    record.set_target(metadata.target());
    record.set_severity_text(metadata.level().as_str());
    record.set_severity_number(match *metadata.level() {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warn,
        Level::INFO => Severity::Info,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Trace,
    });
    event.record(&mut Fields(&mut record));
    logger.emit(record);
}

struct Fields<'a>(&'a mut SdkLogRecord);

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: AnyValue) {
        if field.name() == "message" {
            self.0.set_body(value);
        } else {
            self.0.add_attribute(field.name(), value);
        }
    }

    fn add_text(&mut self, field: &Field, text: String) {
        let text = if redact::is_secret(field.name()) {
            redact::REDACTED.to_owned()
        } else {
            redact::scrub(text)
        };
        self.add(field, text.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add_text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, value.into()),
            Err(_) => self.add(field, value.to_string().into()),
        }
    }
}

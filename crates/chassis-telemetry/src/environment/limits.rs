//! Numbers that the SDK would take as they come, whatever they lead to: a queue
//! without end, or a thread that never rests.

use std::time::Duration;

use opentelemetry_sdk::{logs, trace};

use super::Environment;

/// Most items in a queue, whose places are all made at once.
const MOST_QUEUED: u64 = 65_536;

/// How spans or log records are sent in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batches {
    queue: usize,
    batch: usize,
    delay: Duration,
}

impl Batches {
    /// Of spans: `OTEL_BSP_*`.
    pub(crate) fn of_spans(env: &mut Environment) -> trace::BatchConfig {
        let it = Self::read(env, "OTEL_BSP", Duration::from_secs(5));
        trace::BatchConfigBuilder::default()
            .with_max_queue_size(it.queue)
            .with_max_export_batch_size(it.batch)
            .with_scheduled_delay(it.delay)
            .build()
    }

    /// Of log records: `OTEL_BLRP_*`.
    pub(crate) fn of_records(env: &mut Environment) -> logs::BatchConfig {
        let it = Self::read(env, "OTEL_BLRP", Duration::from_secs(1));
        logs::BatchConfigBuilder::default()
            .with_max_queue_size(it.queue)
            .with_max_export_batch_size(it.batch)
            .with_scheduled_delay(it.delay)
            .build()
    }

    fn read(env: &mut Environment, prefix: &str, delay: Duration) -> Self {
        let name = |suffix: &str| format!("{prefix}_{suffix}");
        let queue = at_most(env, &name("MAX_QUEUE_SIZE")).unwrap_or(2048);
        let batch = at_most(env, &name("MAX_EXPORT_BATCH_SIZE")).unwrap_or(512);
        let told = env.positive(&name("SCHEDULE_DELAY"));
        Self {
            queue,
            batch: batch.min(queue),
            delay: told.map_or(delay, Duration::from_millis),
        }
    }
}

fn at_most(env: &mut Environment, name: &str) -> Option<usize> {
    let number = env.positive(name)?;
    if number > MOST_QUEUED {
        let why = format!("more than {MOST_QUEUED}, which it is taken for");
        env.ignored(name, &number.to_string(), &why);
    }
    usize::try_from(number.min(MOST_QUEUED)).ok()
}

/// `OTEL_METRIC_EXPORT_INTERVAL`.
pub(crate) fn metric_interval(env: &mut Environment) -> Duration {
    let told = env.positive("OTEL_METRIC_EXPORT_INTERVAL");
    told.map_or(Duration::from_mins(1), Duration::from_millis)
}

/// The `OTEL_*_COUNT_LIMIT` variables; the general limit where a span's is not set.
pub(crate) fn span_limits(env: &mut Environment) -> trace::SpanLimits {
    let mut limits = trace::SpanLimits::default();
    let mut number = |name: &str| {
        let told = env.number(name);
        told.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    let general = number("OTEL_ATTRIBUTE_COUNT_LIMIT");
    if let Some(limit) = number("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_span = limit;
    }
    if let Some(limit) = number("OTEL_SPAN_EVENT_COUNT_LIMIT") {
        limits.max_events_per_span = limit;
    }
    if let Some(limit) = number("OTEL_SPAN_LINK_COUNT_LIMIT") {
        limits.max_links_per_span = limit;
    }
    if let Some(limit) = number("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_event = limit;
    }
    if let Some(limit) = number("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_link = limit;
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> (Batches, Vec<String>) {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let mut env = Environment::new(variables);
        let batches = Batches::read(&mut env, "OTEL_BSP", Duration::from_secs(5));
        (batches, env.warnings)
    }

    #[test]
    fn numbers_that_would_hurt_are_not_taken() {
        let usual = Batches {
            queue: 2048,
            batch: 512,
            delay: Duration::from_secs(5),
        };
        assert_eq!(of(&[]), (usual, vec![]));
        for (value, warnings) in [("0", 3), ("-1", 3), ("1e9", 3), ("99999999999999999999", 3)] {
            let (batches, said) = of(&[
                ("OTEL_BSP_MAX_QUEUE_SIZE", value),
                ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", value),
                ("OTEL_BSP_SCHEDULE_DELAY", value),
            ]);
            assert_eq!((batches, said.len()), (usual, warnings), "{value}");
        }
        let (batches, said) = of(&[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "18446744073709551615"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "18446744073709551615"),
        ]);
        assert_eq!((batches.queue, batches.batch), (65_536, 65_536));
        assert_eq!(said.len(), 2, "{said:?}");
        let (batches, said) = of(&[("OTEL_BSP_MAX_QUEUE_SIZE", "100")]);
        assert_eq!((batches.queue, batches.batch, said.len()), (100, 100, 0));
    }
}

//! Metrics as Prometheus text, format 0.0.4.
//!
//! Own code: the exporter crate brings five more crates, two text encoders among
//! them, to write what a page of code writes. Names follow the OpenTelemetry
//! specification's chapter on compatibility with Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};

/// `Content-Type` of what [`Exposition::render`] returns.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Reads all instruments when asked; clones read the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exposition(Arc<ManualReader>);

impl MetricReader for Exposition {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

impl Exposition {
    /// All instruments' present values.
    ///
    /// # Errors
    /// When metrics are shut down.
    pub(crate) fn render(&self) -> Result<String, opentelemetry_sdk::error::OTelSdkError> {
        let mut metrics = ResourceMetrics::default();
        self.0.collect(&mut metrics)?;
        let mut text = Text::default();
        text.target(metrics.resource());
        for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
            text.metric(metric);
        }
        Ok(text.finish())
    }
}

#[derive(Default)]
struct Text {
    /// Families by name: heading and samples, which must stand together.
    families: BTreeMap<String, (String, String)>,
}

impl Text {
    fn target(&mut self, resource: &Resource) {
        let attributes: Vec<_> = resource
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
            .collect();
        let samples = self.family("target_info", "gauge", "What the metrics are about.");
        let _ = writeln!(samples, "target_info{} 1", labels(attributes.iter(), None));
    }

    fn metric(&mut self, metric: &Metric) {
        match metric.data() {
            AggregatedMetrics::F64(data) => self.data(metric, data),
            AggregatedMetrics::U64(data) => self.data(metric, data),
            AggregatedMetrics::I64(data) => self.data(metric, data),
        }
    }

    fn data<T: Copy + Display>(&mut self, metric: &Metric, data: &MetricData<T>) {
        match data {
            MetricData::Gauge(gauge) => {
                let name = name(metric, false);
                let samples = self.family(&name, "gauge", metric.description());
                for point in gauge.data_points() {
                    let labels = labels(point.attributes(), None);
                    let _ = writeln!(samples, "{name}{labels} {}", point.value());
                }
            }
            MetricData::Sum(sum) => {
                let name = name(metric, sum.is_monotonic());
                let kind = if sum.is_monotonic() {
                    "counter"
                } else {
                    "gauge"
                };
                let samples = self.family(&name, kind, metric.description());
                for point in sum.data_points() {
                    let labels = labels(point.attributes(), None);
                    let _ = writeln!(samples, "{name}{labels} {}", point.value());
                }
            }
            MetricData::Histogram(histogram) => {
                let name = name(metric, false);
                let samples = self.family(&name, "histogram", metric.description());
                for point in histogram.data_points() {
                    let bounds = point.bounds().map(Some).chain([None]);
                    let mut below = 0;
                    for (bound, count) in bounds.zip(point.bucket_counts()) {
                        below += count;
                        let bound = bound.map_or("+Inf".to_owned(), |bound| bound.to_string());
                        let labels = labels(point.attributes(), Some(&bound));
                        let _ = writeln!(samples, "{name}_bucket{labels} {below}");
                    }
                    let labels = labels(point.attributes(), None);
                    let _ = writeln!(samples, "{name}_sum{labels} {}", point.sum());
                    let _ = writeln!(samples, "{name}_count{labels} {}", point.count());
                }
            }
            // Buckets without bounds have no form in this format.
            MetricData::ExponentialHistogram(_) => {}
        }
    }

    fn family(&mut self, name: &str, kind: &str, description: &str) -> &mut String {
        let (_, samples) = self.families.entry(name.to_owned()).or_insert_with(|| {
            let description = description.replace('\\', "\\\\").replace('\n', "\\n");
            let heading = format!("# HELP {name} {description}\n# TYPE {name} {kind}\n");
            (heading, String::new())
        });
        samples
    }

    fn finish(self) -> String {
        self.families
            .into_values()
            .filter(|(_, samples)| !samples.is_empty())
            .map(|(heading, samples)| heading + &samples)
            .collect()
    }
}

/// The metric's name with its unit, and `total` for a counter.
fn name(metric: &Metric, counter: bool) -> String {
    let mut name = identifier(metric.name());
    let unit = match metric.unit() {
        "s" => "seconds",
        "By" => "bytes",
        "1" if !counter => "ratio",
        // Those in braces are notes, not units.
        _ => "",
    };
    if !unit.is_empty() && !name.ends_with(unit) {
        name.push('_');
        name.push_str(unit);
    }
    if counter && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

fn identifier(name: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(clean).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// The name of an attribute as a label's. Those that begin with `__` and those
/// that histograms and summaries have of their own are Prometheus'.
fn label(key: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = key.chars().map(clean).collect();
    let first = name.chars().next();
    if first.is_none_or(|first| first.is_ascii_digit())
        || name.starts_with("__")
        || ["le", "quantile"].contains(&name.as_str())
    {
        format!("key_{name}")
    } else {
        name
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>, bound: Option<&str>) -> String {
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    // Keys that come to one name share it, their values side by side.
    let mut pairs: BTreeMap<String, String> = BTreeMap::new();
    for KeyValue { key, value, .. } in attributes {
        pairs
            .entry(label(key.as_str()))
            .and_modify(|all| {
                let _ = write!(all, ";{value}");
            })
            .or_insert_with(|| value.to_string());
    }
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut text = String::new();
    for (name, value) in pairs.chain(bound.map(|bound| ("le", bound))) {
        text.push(if text.is_empty() { '{' } else { ',' });
        let value = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let _ = write!(text, "{name}=\"{value}\"");
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::*;
    use crate::environment::Environment;
    use crate::resource;

    /// Labels as Prometheus reads them; `None` where it would not.
    fn read(text: &str) -> Option<BTreeMap<String, String>> {
        let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
        let mut labels = BTreeMap::new();
        loop {
            let (name, after) = rest.split_once("=\"")?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let well = name.starts_with(|c: char| plain(c) && !c.is_ascii_digit());
            if !well || !name.chars().all(plain) || name.starts_with("__") {
                return None;
            }
            let (mut value, mut chars) = (String::new(), after.chars());
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => value.push(match chars.next()? {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        _ => return None,
                    }),
                    '\n' => return None,
                    c => value.push(c),
                }
            }
            if labels.insert(name.to_owned(), value).is_some() {
                return None;
            }
            match chars.as_str() {
                "" => return Some(labels),
                more => rest = more.strip_prefix(',')?,
            }
        }
    }

    #[test]
    fn labels_have_names_that_prometheus_takes() {
        for (keys, expected) in [
            (&["a.b", "a-b", "a_b"][..], r#"{a_b="a-b;a.b;a_b"}"#),
            (&["1st"], r#"{key_1st="1st"}"#),
            (&["__name__"], r#"{key___name__="__name__"}"#),
            (&["_x", "le"], r#"{_x="_x",key_le="le"}"#),
            (&["\u{e9}"], "{_=\"\u{e9}\"}"),
        ] {
            let attributes: Vec<_> = keys.iter().map(|key| KeyValue::new(*key, *key)).collect();
            assert_eq!(labels(attributes.iter(), None), expected);
            assert!(read(expected).is_some(), "{expected}");
        }
        let le = [KeyValue::new("le", "1")];
        assert_eq!(labels(le.iter(), Some("2")), r#"{key_le="1",le="2"}"#);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_environment_holds_is_one_line_that_parses(
            name in "\\PC{0,8}|[\"\\\\\n\r,={}#]{0,8}",
            attributes in "((%[0-9A-F]{2}|[a-c._0-9\"\\\\\n\r{}# ]){0,4}=?(%[0-7][0-9A-F]|\\PC|[\"\\\\\n\r]){0,4},){0,6}",
        ) {
            let variables = [
                ("OTEL_SERVICE_NAME".into(), name.into()),
                ("OTEL_RESOURCE_ATTRIBUTES".into(), attributes.into()),
            ];
            let mut env = Environment::new(variables.into_iter());
            let resource = resource::resource(&mut env, "demo", "1");
            let exposition = Exposition::default();
            let _provider = SdkMeterProvider::builder()
                .with_reader(exposition.clone())
                .with_resource(resource.clone())
                .build();
            let text = exposition.render().unwrap();
            let lines: Vec<_> = text.split('\n').collect();
            proptest::prop_assert_eq!(lines.len(), 4, "{}", &text);
            let sample = lines[2].strip_prefix("target_info").unwrap();
            let labels = read(sample.strip_suffix(" 1").unwrap());
            proptest::prop_assert!(labels.is_some(), "{}", &text);
            let mut values = labels.unwrap().into_values();
            let name = resource.get(&"service.name".into()).unwrap().to_string();
            proptest::prop_assert!(values.any(|value| value.contains(&name)), "{}", &text);
        }
    }

    #[test]
    fn every_kind_in_its_form() {
        let exposition = Exposition::default();
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.name", "a\"b\\c\nd"))
            .build();
        let provider = SdkMeterProvider::builder()
            .with_reader(exposition.clone())
            .with_resource(resource)
            .build();
        let meter = provider.meter("test");
        let attributes = [KeyValue::new("a.b", "1")];
        meter
            .u64_counter("things.made")
            .with_description("Two\nlines.")
            .build()
            .add(2, &attributes);
        meter
            .i64_up_down_counter("thing.count")
            .build()
            .add(-3, &[]);
        meter
            .u64_gauge("disk.free")
            .with_unit("By")
            .build()
            .record(7, &[]);
        let histogram = meter
            .f64_histogram("wait")
            .with_unit("s")
            .with_boundaries(vec![0.5, 1.0])
            .build();
        for value in [0.25, 0.5, 0.75, 2.0] {
            histogram.record(value, &[]);
        }
        assert_eq!(
            exposition.render().unwrap(),
            r#"# HELP disk_free_bytes 
# TYPE disk_free_bytes gauge
disk_free_bytes 7
# HELP target_info What the metrics are about.
# TYPE target_info gauge
target_info{service_name="a\"b\\c\nd"} 1
# HELP thing_count 
# TYPE thing_count gauge
thing_count -3
# HELP things_made_total Two\nlines.
# TYPE things_made_total counter
things_made_total{a_b="1"} 2
# HELP wait_seconds 
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 2
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 3.5
wait_seconds_count 4
"#
        );
    }
}

//! What a store records is what the reference says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chassis::deadline::{Deadline, scope};
use chassis::telemetry::metrics::Metrics;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, GaugeDataPoint, HistogramDataPoint, MetricData, ResourceMetrics,
    ScopeMetrics, SumDataPoint,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use store::sqlite::{Options, SqliteStore};
use store::{Database, Error, observed};
use uuid::Uuid;

use crate::parcel::{Command, Parcel};
use crate::samples;
use crate::sqlite::Folder;

/// Name to unit and attributes.
type Emitted = BTreeMap<String, (String, BTreeSet<String>)>;

/// The names in a cell.
fn names(cell: &str) -> BTreeSet<String> {
    (cell.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
}

fn documented() -> Emitted {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/telemetry.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("\n### Of the store\n").unwrap();
    section
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let unit = cells[2].trim_matches('`').to_owned();
            (
                cells[1].trim_matches('`').to_owned(),
                (unit, names(cells[3])),
            )
        })
        .collect()
}

/// The keys of every point of `data`.
fn keys<T>(data: &MetricData<T>) -> BTreeSet<String> {
    let points: Vec<_> = match data {
        MetricData::Gauge(it) => it
            .data_points()
            .flat_map(GaugeDataPoint::attributes)
            .collect(),
        MetricData::Sum(it) => it
            .data_points()
            .flat_map(SumDataPoint::attributes)
            .collect(),
        MetricData::Histogram(it) => it
            .data_points()
            .flat_map(HistogramDataPoint::attributes)
            .collect(),
        MetricData::ExponentialHistogram(_) => Vec::new(),
    };
    points.iter().map(|it| it.key.to_string()).collect()
}

fn emitted(exports: &[ResourceMetrics]) -> Emitted {
    let mut emitted = Emitted::new();
    for metric in exports
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .flat_map(ScopeMetrics::metrics)
    {
        let keys = match metric.data() {
            AggregatedMetrics::F64(data) => keys(data),
            AggregatedMetrics::U64(data) => keys(data),
            AggregatedMetrics::I64(data) => keys(data),
        };
        let entry = emitted.entry(metric.name().to_owned()).or_default();
        metric.unit().clone_into(&mut entry.0);
        entry.1.extend(keys);
    }
    emitted
}

#[tokio::test]
async fn metrics_are_those_of_the_reference() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.clone())
        .build();
    let folder = Folder::new();
    let options = Options {
        max_bytes: Some(8 << 20),
        ..Options::default()
    };
    let database = Database {
        system: "postgresql",
        namespace: Some("things".to_owned()),
        address: Some("db.test".to_owned()),
        port: Some(6432),
        collection: Some("things"),
    };
    let store = observed(
        Arc::new(SqliteStore::<Parcel>::open(&folder.file(), &options).unwrap()),
        database,
        &Metrics::new(&provider),
        |_| {},
    );
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let past = Deadline::after(Duration::ZERO);
    let late = scope(Some(past), store.get(Uuid::now_v7())).await;
    assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    let documented = documented();
    let mut seen = Emitted::new();
    // What the store holds is measured now and then, when something changes.
    for at in 0.. {
        let note = Some(format!("{at}"));
        let update = Command::Update { items: None, note };
        (store
            .change(parcel.id, update, None, SystemTime::now())
            .await)
            .unwrap();
        provider.force_flush().unwrap();
        for (name, (unit, keys)) in emitted(&exporter.get_finished_metrics().unwrap()) {
            let entry = seen.entry(name).or_default();
            entry.0 = unit;
            entry.1.extend(keys);
        }
        if at > 1_000 || documented.keys().all(|it| seen.contains_key(it)) {
            break;
        }
        exporter.reset();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen.retain(|name, _| !name.starts_with("rpc."));
    assert_eq!(seen, documented);
}

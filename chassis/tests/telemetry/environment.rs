//! The `OTEL_*` variables.

use crate::collector::{Collector, text};
use crate::demo::Ask;
use crate::process::{Process, header, refused, value};

/// Names of a process's threads.
fn threads(process: &Process) -> Vec<String> {
    std::fs::read_dir(format!("/proc/{}/task", process.id()))
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}

/// What `OTEL_*` starts: the exporters' thread, and the SDK's own.
fn exports(process: &Process) -> bool {
    threads(process)
        .iter()
        .any(|name| name == "telemetry" || name.starts_with("OpenTelemetry"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_dialled_unless_asked_for() {
    let collector = Collector::start().await;
    let process = Process::start(&[]);
    process.get(Ask::default(), &[]).await.unwrap();
    assert!(!exports(&process), "{:?}", threads(&process));
    process.finish();

    for (name, value) in [
        ("OTEL_SDK_DISABLED", "TRUE"),
        ("OTEL_SDK_DISABLED", " true "),
    ] {
        let process = Process::exporting(&collector, &[(name, value)]);
        process.get(Ask::default(), &[]).await.unwrap();
        assert!(!exports(&process), "{:?}", threads(&process));
        process.finish();
    }
    let none = [
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    let process = Process::exporting(&collector, &none);
    process.get(Ask::default(), &[]).await.unwrap();
    assert!(!exports(&process), "{:?}", threads(&process));
    assert_eq!(process.admin("GET", "/metrics", "").0, 404);
    process.finish();
    collector.taken(|taken| {
        assert!(taken.traces.is_empty() && taken.metrics.is_empty() && taken.logs.is_empty());
    });

    let process = Process::exporting(&collector, &[]);
    assert!(exports(&process), "{:?}", threads(&process));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_signal_alone() {
    let collector = Collector::start().await;
    let url = collector.url();
    let process = Process::start(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url)]);
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    collector.taken(|taken| {
        assert!(!taken.traces.is_empty());
        assert!(taken.metrics.is_empty() && taken.logs.is_empty());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_sdk_still_passes_on() {
    let upstream = Process::start(&[]);
    let address = upstream.address.to_string();
    let process = Process::start(&[("OTEL_SDK_DISABLED", "true"), ("UPSTREAM", &address)]);
    let ask = Ask {
        upstream: true,
        ..Ask::default()
    };
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = process
        .get(ask, &[("traceparent", traceparent)])
        .await
        .unwrap()
        .into_inner();
    assert_eq!(header(&answer, "traceparent"), Some(traceparent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_and_resource_reach_the_collector() {
    let collector = Collector::start().await;
    let process = Process::exporting(
        &collector,
        &[
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "api-key=s3cret,x-tenant=a%20b",
            ),
            ("OTEL_SERVICE_NAME", "named"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other,service.version=9,k8s.pod.name=pod-1,service.instance.id=i",
            ),
        ],
    );
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    assert!(!said.text.contains("s3cret"));
    collector.taken(|taken| {
        assert_eq!(value(&taken.metadata[0], "api-key"), "s3cret");
        assert_eq!(value(&taken.metadata[0], "x-tenant"), "a b");
        let of_traces = taken.traces[0].resource_spans[0].resource.clone().unwrap();
        let of_metrics = taken.metrics[0].resource_metrics[0]
            .resource
            .clone()
            .unwrap();
        let of_logs = taken.logs[0].resource_logs[0].resource.clone().unwrap();
        for resource in [of_traces, of_metrics, of_logs] {
            for (key, expected) in [
                ("service.name", "named"),
                ("service.version", "9"),
                ("service.instance.id", "i"),
                ("k8s.pod.name", "pod-1"),
                ("telemetry.sdk.language", "rust"),
            ] {
                assert_eq!(text(&resource.attributes, key), expected, "{key}");
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_understood_is_said_and_ignored() {
    let collector = Collector::start().await;
    let process = Process::exporting(
        &collector,
        &[
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_EXPORTER", "otlp,carrier-pigeon"),
            ("OTEL_PROPAGATORS", "tracecontext,jaeger"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
            ("OTEL_BSP_SCHEDULE_DELAY", "often"),
            ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                "eternity",
            ),
            ("OTEL_CONFIG_FILE", "otel.yaml"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization"),
        ],
    );
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    for word in [
        "sometimes",
        "carrier-pigeon",
        "jaeger",
        "many",
        "often",
        "soon",
        "zip",
        "eternity",
        "otel.yaml",
        "OTLP_HEADERS",
    ] {
        let lines = said.lines();
        let warned = lines.iter().any(|line| {
            line["level"] == "WARN" && line["message"].as_str().unwrap().contains(word)
        });
        assert!(warned, "{word}: {}", said.text);
    }
    assert!(!collector.spans().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sampler_is_as_asked() {
    for (sampler, argument, expected) in [
        ("always_off", "", 0..=0),
        ("always_on", "", 200..=200),
        ("traceidratio", "0.5", 60..=140),
        ("parentbased_traceidratio", "0", 0..=0),
    ] {
        let collector = Collector::start().await;
        let process = Process::exporting(
            &collector,
            &[
                ("OTEL_TRACES_SAMPLER", sampler),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ],
        );
        for _ in 0..200 {
            process.get(Ask::default(), &[]).await.unwrap();
        }
        process.finish();
        let mut spans = collector.spans();
        spans.retain(|(_, span)| span.kind == 2);
        assert!(
            expected.contains(&spans.len()),
            "{sampler}: {}",
            spans.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signals_own_variables_count_first() {
    let collector = Collector::start().await;
    let of_metrics = Collector::start().await;
    let process = Process::exporting(
        &collector,
        &[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &of_metrics.url()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "who=all"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "who=traces"),
            // Blank is unset.
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", " "),
        ],
    );
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    collector.taken(|taken| {
        assert!(!taken.traces.is_empty() && !taken.logs.is_empty());
        assert!(taken.metrics.is_empty());
        assert_eq!(value(&taken.metadata[0], "who"), "traces");
    });
    of_metrics.taken(|taken| {
        assert!(!taken.metrics.is_empty());
        assert!(taken.traces.is_empty() && taken.logs.is_empty());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_without_a_scheme_is_plain_if_said() {
    let collector = Collector::start().await;
    let address = collector.address.to_string();
    let process = Process::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ]);
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    assert!(!collector.spans().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_compressed_where_the_build_can() {
    let collector = Collector::start().await;
    let gzip = [("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
    let process = Process::exporting(&collector, &gzip);
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    assert!(!collector.spans().is_empty());
    let encoding = collector.taken(|taken| taken.metadata[0].get("grpc-encoding").cloned());
    let warned = said.text.contains("build with the feature gzip");
    assert_eq!(encoding.is_some(), cfg!(feature = "gzip"));
    assert_eq!(warned, !cfg!(feature = "gzip"));
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_collector_under_tls_is_refused_by_a_build_without() {
    for endpoint in ["https://127.0.0.1:4317", "127.0.0.1:4317"] {
        let error = refused(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        assert!(error.contains("the feature tls"), "{error}");
    }
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused() {
    let error = refused(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ]);
    assert!(error.contains("set it to grpc"), "{error}");
    let error = refused(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://not a host")]);
    assert!(error.contains("OTEL_EXPORTER_OTLP_"), "{error}");
}

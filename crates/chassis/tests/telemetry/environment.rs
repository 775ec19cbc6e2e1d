//! The `OTEL_*` variables.

mod exporters;

use crate::collector::{Collector, text};
use crate::demo::Ask;
use crate::process::{Process, header, value};

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

/// What a platform may set for all that it runs, and how the service says that
/// it cannot follow.
const UNFIT: &[(&str, &str, &str)] = &[
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke-signals", "WARN"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://not a host", "ERROR"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "unix:///run/otel.sock",
        "ERROR",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "ERROR"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "https://127.0.0.1:1",
        "ERROR",
    ),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "18446744073709551615", ""),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "WARN"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "18446744073709551615", "WARN"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "WARN"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", "WARN"),
    ("OTEL_BSP_SCHEDULE_DELAY", "0", "WARN"),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", "18446744073709551615", "WARN"),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "0", "WARN"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "0", "WARN"),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", "WARN"),
    ("OTEL_TRACES_SAMPLER", "jaeger_remote", "WARN"),
    ("OTEL_PROPAGATORS", "xray", "WARN"),
    ("OTEL_RESOURCE_ATTRIBUTES", "a=100%", "WARN"),
    ("OTEL_SDK_DISABLED", "1", "WARN"),
    ("OTEL_LOG_LEVEL", "chatty", "WARN"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/none", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_variable_stops_the_service() {
    // Bound and let go: nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", nobody.local_addr().unwrap());
    for (name, unfit, level) in UNFIT {
        let process = Process::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &nobody),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "50"),
            (name, unfit),
        ]);
        process.get(Ask::default(), &[]).await.unwrap();
        let (status, _) = process.admin("GET", "/metrics", "");
        assert_eq!(status, 200, "{name}={unfit}");
        let said = process.finish();
        let of_us = |line: &&std::collections::HashMap<String, serde_json::Value>| {
            let message = line.get("message").and_then(|it| it.as_str());
            let message = message.unwrap_or_default();
            line["level"] == *level
                && (message.starts_with(&format!("{name}="))
                    || message.contains("are not exported"))
        };
        let lines = said.lines();
        let told = lines.iter().filter(of_us).count();
        let expected = match *level {
            "ERROR" => 3,
            level => usize::from(!level.is_empty()),
        };
        assert_eq!(told, expected, "{name}={unfit}: {}", said.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_an_endpoint_is_not_said() {
    for endpoint in ["http://me:hunter2@not a host", "http://me:hunter2@"] {
        let process = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        let said = process.finish();
        assert!(said.text.contains("are not exported"), "{}", said.text);
        assert!(!said.text.contains("hunter2"), "{}", said.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_are_no_text_are_passed_over() {
    use std::os::unix::ffi::OsStrExt as _;
    let raw = std::ffi::OsStr::from_bytes(b"a=\xff");
    for name in [
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SERVICE_NAME",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
    ] {
        let variables = [
            (name, raw),
            ("OTEL_TRACES_EXPORTER", "otlp".as_ref()),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "50".as_ref()),
        ];
        let process = Process::start_raw(&variables);
        process.get(Ask::default(), &[]).await.unwrap();
        let (_, text) = process.admin("GET", "/metrics", "");
        assert!(text.contains("service_name=\"demo\""), "{text}");
        let said = process.finish();
        assert!(
            said.text.contains(&format!("{name}=… is ignored")),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resource_attributes_are_decoded() {
    let collector = Collector::start().await;
    let attributes = "team=a%2Cb%3D100%25,caf%C3%A9=%22x%22%0Ay,k8s.pod.name=pod-1";
    let process = Process::exporting(&collector, &[("OTEL_RESOURCE_ATTRIBUTES", attributes)]);
    process.get(Ask::default(), &[]).await.unwrap();
    let (_, text) = process.admin("GET", "/metrics", "");
    process.finish();
    let pushed = collector.taken(|taken| {
        let of = taken.metrics[0].resource_metrics[0].resource.clone();
        of.unwrap().attributes
    });
    for (key, expected) in [
        ("team", "a,b=100%"),
        ("caf\u{e9}", "\"x\"\ny"),
        ("k8s.pod.name", "pod-1"),
    ] {
        assert_eq!(crate::collector::text(&pushed, key), expected, "{key}");
    }
    for label in [r#"caf_="\"x\"\ny""#, r#"team="a,b=100%""#] {
        assert!(text.contains(label), "{label} in {text}");
    }
}

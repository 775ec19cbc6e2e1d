//! What the admin port says in numbers.

use std::collections::BTreeSet;

use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic_prost::ProstCodec;

use crate::collector::{Collector, text};
use crate::demo::{Answer, Ask};
use crate::process::{Process, with_headers};

pub(crate) fn scrape(process: &Process) -> String {
    let (status, text) = process.admin("GET", "/metrics", "");
    assert_eq!(status, 200);
    text
}

/// The value of the one sample whose line starts so.
pub(crate) fn sample(text: &str, start: &str) -> f64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(start));
    let line = lines.next().unwrap_or_else(|| panic!("{start} in {text}"));
    assert_eq!(lines.next(), None, "{start} is one sample");
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_nobody_knows_make_no_series() {
    let process = Process::start(&[]);
    let channel = process.channel().await;
    let started = std::time::Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for worker in 0..20 {
        let channel = channel.clone();
        calls.spawn(async move {
            let mut client = Grpc::new(channel);
            for call in 0..500 {
                let path = match call % 3 {
                    0 => format!("/demo.v1.Things/Random{worker}x{call}"),
                    1 => format!("/random.v{worker}.Service{call}/Get"),
                    _ => format!("/{worker}/{call}/not/even/grpc"),
                };
                let path = PathAndQuery::try_from(path).unwrap();
                client.ready().await.unwrap();
                let codec = ProstCodec::<Ask, Answer>::default();
                let request = with_headers(Ask::default(), &[]);
                client.unary(request, path, codec).await.unwrap_err();
            }
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    let text = scrape(&process);
    let methods: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.split("rpc_method=\"").nth(1)?.split('"').next())
        .collect();
    let known = [
        "_OTHER",
        "demo.v1.Things/Get",
        "demo.v1.Things/Watch",
        "grpc.health.v1.Health/Check",
        "grpc.health.v1.Health/List",
        "grpc.health.v1.Health/Watch",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ];
    assert!(
        methods.iter().all(|method| known.contains(method)),
        "{methods:?}"
    );
    assert!(text.lines().count() < 250, "{} lines", text.lines().count());
    let count = "rpc_server_call_duration_seconds_count{error_type=\"UNIMPLEMENTED\",rpc_method=\"_OTHER\",rpc_status_code=\"UNIMPLEMENTED\",rpc_system_name=\"grpc\"}";
    assert!((sample(&text, count) - 10_000.0).abs() < 0.5);
    let said = process.finish();
    let lines = said.calls().len() as u64;
    let allowed = 100 * (started.elapsed().as_secs() + 2);
    assert!(lines <= allowed, "{lines} lines, {allowed} allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_in_flight_are_counted_and_let_go() {
    let process = Process::start(&[]);
    let ask = Ask {
        messages: 1,
        hang: true,
        ..Ask::default()
    };
    let mut stream = process.watch(ask).await;
    stream.message().await.unwrap().unwrap();
    let active =
        "rpc_server_active_requests{rpc_method=\"demo.v1.Things/Watch\",rpc_system_name=\"grpc\"}";
    let now = |process: &Process| sample(&scrape(process), active);
    assert!((now(&process) - 1.0).abs() < 0.1);
    drop(stream);
    let gone = async {
        while now(&process) > 0.1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone)
        .await
        .expect("the count goes back to none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_refused_at_the_door_count_among_all() {
    let process = Process::start(&[("MAX_CONCURRENT_REQUESTS", "1")]);
    let refused_by = |status: tonic::Status| {
        let details = tonic_types::StatusExt::get_error_details(&status);
        details.error_info().map(|info| info.reason.clone())
    };
    // Refused by the service itself.
    let ask = Ask {
        code: tonic::Code::ResourceExhausted.into(),
        ..Ask::default()
    };
    let status = process.get(ask, &[]).await.unwrap_err();
    assert_eq!(refused_by(status), None);

    let ask = Ask {
        hang: true,
        ..Ask::default()
    };
    let busy = tokio::spawn({
        let channel = process.channel().await;
        async move {
            let mut client = Grpc::new(channel);
            client.ready().await.unwrap();
            let codec = ProstCodec::<Ask, Answer>::default();
            let path = PathAndQuery::from_static(crate::demo::GET);
            let request = with_headers(ask, &[]);
            client.unary::<_, Answer, _>(request, path, codec).await
        }
    });
    let active =
        "rpc_server_active_requests{rpc_method=\"demo.v1.Things/Get\",rpc_system_name=\"grpc\"}";
    while sample(&scrape(&process), active) < 0.5 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        let status = process.get(Ask::default(), &[]).await.unwrap_err();
        assert_eq!(refused_by(status).as_deref(), Some("TOO_MANY_REQUESTS"));
    }
    let text = scrape(&process);
    let count = "rpc_server_call_duration_seconds_count{rpc_method=\"demo.v1.Things/Get\",rpc_status_code=\"RESOURCE_EXHAUSTED\",rpc_system_name=\"grpc\"}";
    assert!((sample(&text, count) - 4.0).abs() < 0.1, "{text}");
    let rejected = "rpc_server_rejected_total{reason=\"concurrency\"}";
    assert!((sample(&text, rejected) - 3.0).abs() < 0.1, "{text}");
    assert!((sample(&text, "rpc_server_concurrency_limit") - 1.0).abs() < 0.1);
    busy.abort();
    let said = process.finish();
    let mut lines = said.lines().into_iter();
    let told = lines.find(|line| line["message"] == "calls are refused");
    assert_eq!(told.expect("a line")["reason"], "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_declared_mesh_vouches_for_a_connection() {
    let istio = ("x-forwarded-client-cert", "URI=spiffe://a/b");
    let linkerd = ("l5d-client-id", "a.b.serviceaccount.identity");
    for (mesh, headers, security) in [
        ("none", vec![istio, linkerd], "none"),
        ("istio", vec![istio], "mutual_tls"),
        ("istio", vec![linkerd], "none"),
        ("linkerd", vec![linkerd], "mutual_tls"),
        ("linkerd", vec![], "none"),
    ] {
        let process = Process::start(&[("MESH_PROVIDER", mesh)]);
        process.get(Ask::default(), &headers).await.unwrap();
        let start = format!("rpc_server_connection_security_total{{security=\"{security}\"}}");
        assert!(
            (sample(&scrape(&process), &start) - 1.0).abs() < 0.1,
            "{mesh}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn push_and_pull_say_the_same() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    for _ in 0..3 {
        process.get(Ask::default(), &[]).await.unwrap();
    }
    let pulled = scrape(&process);
    process.finish();
    let mut pushed: Vec<_> = collector
        .metrics()
        .into_iter()
        .map(|metric| metric.name.replace('.', "_"))
        .collect();
    pushed.sort();
    assert!(!pushed.is_empty());
    for name in pushed {
        let family = pulled
            .lines()
            .any(|line| line.starts_with(&format!("# TYPE {name}")));
        assert!(family, "{name}");
    }
    assert!(pulled.contains("target_info{"));
    assert!(pulled.contains("service_name=\"demo\""));
    let resources = collector.taken(|taken| taken.metrics[0].resource_metrics.clone());
    let resource = resources[0].resource.clone().unwrap();
    assert_eq!(text(&resource.attributes, "service.version"), "1.2.3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_say_their_version_and_conventions() {
    const SCHEMA: &str = "https://opentelemetry.io/schemas/1.45.0";
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    let scopes: Vec<_> = collector.taken(|taken| {
        let traces = taken.traces.iter().flat_map(|it| &it.resource_spans);
        let traces = traces.flat_map(|of| &of.scope_spans);
        let metrics = taken.metrics.iter().flat_map(|it| &it.resource_metrics);
        let metrics = metrics.flat_map(|of| &of.scope_metrics);
        let logs = taken.logs.iter().flat_map(|it| &it.resource_logs);
        let logs = logs.flat_map(|of| &of.scope_logs);
        traces
            .map(|it| (it.schema_url.clone(), it.scope.clone()))
            .chain(metrics.map(|it| (it.schema_url.clone(), it.scope.clone())))
            .chain(logs.map(|it| (it.schema_url.clone(), it.scope.clone())))
            .collect()
    });
    assert!(scopes.len() > 2, "{scopes:?}");
    for (schema, scope) in scopes {
        let scope = scope.unwrap();
        // The SDK speaks for itself.
        if scope.name.starts_with("opentelemetry") {
            continue;
        }
        assert_eq!(schema, SCHEMA, "{scope:?}");
        assert_eq!(scope.version, env!("CARGO_PKG_VERSION"), "{scope:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_grows_and_shrinks_is_a_sum_where_sums_make_sense() {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let collector = Collector::start().await;
    Process::exporting(&collector, &[]).finish();
    let metrics = collector.metrics();
    for (name, kind) in [
        ("process.cpu.time", "counter"),
        ("process.memory.usage", "sum"),
        ("process.thread.count", "sum"),
        ("process.unix.file_descriptor.count", "sum"),
        ("process.uptime", "gauge"),
    ] {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        let found = match metric.data.as_ref().unwrap() {
            Data::Gauge(_) => "gauge",
            Data::Sum(sum) if sum.is_monotonic => "counter",
            Data::Sum(_) => "sum",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, kind, "{name}");
    }
}

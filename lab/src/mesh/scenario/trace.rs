//! One trace over the proxy and the service, whichever headers carry it.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::mesh::call::{self, Call};
use crate::mesh::lab::{Lab, Setup};
use crate::mesh::pods;
use crate::mesh::report::Report;
use crate::mesh::service::Service;
use crate::mesh::spans::{Collector, Span};

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    for (headers, provider, propagators) in [
        ("W3C", "opentelemetry", "tracecontext"),
        ("B3", "zipkin", "b3multi"),
    ] {
        let values = [
            "tracing.mesh.enabled=true",
            "tracing.mesh.provider=lab",
            "tracing.mesh.sampling=100",
            "otel.sampleRatio=0",
        ];
        let mut lab = Lab::new(setup, headers, &values)?;
        let collector = Collector::start(lab.address().ip()).await?;
        let of_proxy = if provider == "zipkin" {
            collector.zipkin
        } else {
            collector.otlp
        };
        lab.mesh = json!({"extensionProviders": [{
            "name": "lab",
            provider: {"service": "collector.lab.svc.cluster.local", "port": of_proxy.port()},
        }]});
        let protocol = if provider == "zipkin" { "http" } else { "grpc" };
        lab.neighbours
            .extend(pods::neighbour("collector", protocol, of_proxy));
        let otlp = format!("http://{}", collector.otlp);
        let more = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.as_str()),
            ("OTEL_PROPAGATORS", propagators),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ];
        let folder = lab.folder().to_path_buf();
        let server = &setup.programs.server;
        let service = Service::start(server, &folder, headers, &lab.objects, &more).await?;
        lab.meshed_pod(service.grpc, None);
        lab.announce("web");
        lab.start().await?;
        let web = lab.caller("web").await?;
        let path = &setup.rpc("ListOrders")?.path;
        call::unary(&web.channel, path, &Call::default()).await;
        let is_service =
            |span: &Span| span.service == "demo-order-service" && span.name.ends_with("ListOrders");
        let own = collector
            .wait(is_service)
            .await
            .context("the service sent no span")?;
        let parent = collector
            .wait(|span| span.trace == own.trace && span.id == own.parent)
            .await;
        let what = format!("{headers}: the service's span hangs below the proxy's");
        report.same(what, true, parent.is_some())?;
        // A caller's own trace goes on through both.
        let trace = uuid::Uuid::new_v4().simple().to_string();
        let parent = &trace[..16];
        let traceparent = format!("00-{trace}-{parent}-01");
        let pairs: &[(&'static str, &str)] = if provider == "zipkin" {
            &[
                ("x-b3-traceid", &trace),
                ("x-b3-spanid", parent),
                ("x-b3-sampled", "1"),
            ]
        } else {
            &[("traceparent", &traceparent)]
        };
        let call = Call {
            headers: pairs,
            deadline: None,
        };
        call::unary(&web.channel, path, &call).await;
        let known = collector
            .wait(|span| span.trace == trace && is_service(span))
            .await;
        let through = known.is_some_and(|span| span.parent != parent);
        let what = format!("{headers}: a caller's trace goes on through proxy and service");
        report.same(what, true, through)?;
    }
    Ok(())
}

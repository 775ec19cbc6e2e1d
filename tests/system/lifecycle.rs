//{% capture source %}§{% raw %}
//! Start, readiness, stop.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use service::proto::acme::order::v1 as pb;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::helpers::{Server, create};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_and_probes_tell_that_it_serves() {
    let server = Server::start();
    let mut health = HealthClient::new(server.channel().await);
    for service in ["", "acme.order.v1.OrderService"] {
        let mut watch = health.watch(of(service)).await.unwrap().into_inner();
        loop {
            let HealthCheckResponse { status } = watch.message().await.unwrap().unwrap();
            if status == ServingStatus::Serving as i32 {
                break;
            }
        }
    }
    let unknown = health.check(of("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let mut watch = health.watch(of("nobody")).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);

    for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
        let (status, body) = server.admin(path);
        assert!(status.contains("200"), "{path}: {status} {body}");
    }
    let (_, body) = server.admin("/buildinfo");
    let info: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn reflection_describes_the_service() {
    let server = Server::start();
    let mut reflection = ServerReflectionClient::new(server.channel().await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = reflection
        .server_reflection_info(tokio_stream::once(ask))
        .await;
    let answer = answers.unwrap().into_inner().message().await.unwrap();
    let Some(ServerReflectionResponse {
        message_response: Some(MessageResponse::ListServicesResponse(list)),
        ..
    }) = answer
    else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        names.contains(&"acme.order.v1.OrderService".to_owned()),
        "{names:?}"
    );
    assert!(
        names.contains(&"grpc.health.v1.Health".to_owned()),
        "{names:?}"
    );

    let server = Server::start_with(&["--reflection", "false"]);
    let mut reflection = ServerReflectionClient::new(server.channel().await);
    let refused = reflection
        .server_reflection_info(tokio_stream::empty())
        .await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::Unimplemented);
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let server = Server::start();
    let order = create(&mut server.client().await, "alice").await;
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start_with(&[]);
        server.signal(signal);
        assert!(server.ended().await.0.success());
    }
    let server = Server::start_in(server.stop().await, &[]);
    let name = order.name.clone();
    let got = server
        .client()
        .await
        .get_order(pb::GetOrderRequest { name })
        .await;
    assert_eq!(got.unwrap().into_inner(), order);
}

#[tokio::test]
async fn stops_within_its_time_whoever_hangs_on() {
    let server = Server::start_with(&["--drain-timeout", "2s"]);
    // One that never says a word, one that began and fell silent, and two
    // streams that nobody reads.
    let silent = TcpStream::connect(server.grpc).unwrap();
    let mut began = TcpStream::connect(server.grpc).unwrap();
    began
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    let channel = server.channel().await;
    let health = HealthClient::new(channel).watch(of("")).await.unwrap();
    let request = pb::WatchOrdersRequest::default();
    let watch = server.client().await.watch_orders(request).await.unwrap();

    let start = Instant::now();
    server.signal(Signal::TERM);
    let (exit, _) = server.ended().await;
    assert!(exit.success(), "{exit}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    drop((silent, began, health, watch));
}

#[tokio::test]
async fn streams_outlive_the_request_timeout() {
    let server = Server::start_with(&["--request-timeout", "300ms"]);
    let mut client = server.client().await;
    let request = pb::WatchOrdersRequest::default();
    let mut orders = client.watch_orders(request).await.unwrap().into_inner();
    orders.message().await.unwrap();
    let mut health = HealthClient::new(server.channel().await);
    let mut health = health.watch(of("nobody")).await.unwrap().into_inner();
    health.message().await.unwrap();

    let silence = Duration::from_secs(1);
    let ended = tokio::select! {
        message = orders.message() => format!("{message:?}"),
        message = health.message() => format!("{message:?}"),
        () = tokio::time::sleep(silence) => String::new(),
    };
    assert_eq!(ended, "");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let server = Server::start_with(&["--drain-delay", "10m"]);
    let mut health = HealthClient::new(server.channel().await);
    let mut watch = health.watch(of("")).await.unwrap().into_inner();
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    server.signal(Signal::INT);
    // Readiness falls first: the signal has been seen then.
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}
    let (status, _) = server.admin("/readyz");
    assert!(status.contains("503"), "{status}");
    server.signal(Signal::INT);
    server.ended().await;
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

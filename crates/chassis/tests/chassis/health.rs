//! `grpc.health.v1`, as its specification says.

use std::time::Duration;

use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Things, reason, start, start_with};

fn ask(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn check_knows_the_process_each_service_and_no_other() {
    let server = start(&[], Things::echo()).await;
    let mut health = HealthClient::new(server.channel());
    for known in ["", "demo.v1.Things", "grpc.health.v1.Health"] {
        let answer = health.check(ask(known)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{known}");
    }
    let status = health.check(ask("demo.v1.Nothing")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status), "SERVICE_UNKNOWN");
}

#[tokio::test]
async fn not_serving_until_every_dependency_is_ready() {
    let health = chassis::health::Health::new();
    let store = health.dependency("store");
    let server = start_with(&[], health, Things::echo()).await;
    let mut client = HealthClient::new(server.channel());
    let check = client.check(ask("")).await.unwrap().into_inner();
    assert_eq!(check.status(), ServingStatus::NotServing);
    let mut watch = client
        .watch(ask("demo.v1.Things"))
        .await
        .unwrap()
        .into_inner();
    let mut seen = Vec::new();
    for step in 0..3 {
        let status = watch.message().await.unwrap().unwrap().status();
        seen.push(status);
        match step {
            0 => store.ready(),
            _ => store.unready("disk is full"),
        }
    }
    assert_eq!(
        seen,
        [
            ServingStatus::NotServing,
            ServingStatus::Serving,
            ServingStatus::NotServing
        ]
    );
}

#[tokio::test]
async fn watch_of_an_unknown_service_stays_open_and_follows() {
    let server = start(&[], Things::echo()).await;
    let mut watch = HealthClient::new(server.channel())
        .watch(ask("demo.v1.Later"))
        .await
        .unwrap()
        .into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
    // Other changes are not this service's.
    server.health.add_service("demo.v1.Other");
    let next = tokio::time::timeout(Duration::from_millis(50), watch.message()).await;
    assert!(next.is_err(), "{next:?}");
    server.health.add_service("demo.v1.Later");
    let next = watch.message().await.unwrap().unwrap();
    assert_eq!(next.status(), ServingStatus::Serving);
}

//! The server as a service puts it together: reflection, telemetry, client.

use chassis::client::Upstream;
use chassis::health::Health;
use chassis::listener::Listener;
use chassis::mesh::Provider;
use chassis::server::Server;
use chassis::settings::{ClientSettings, ServerSettings};
use chassis::shutdown::{Shutdown, Trigger};
use chassis::telemetry::Telemetry;
use chassis::telemetry::rpc::{ClientLayer, ServerLayer};
use clap::Parser;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{CONTRACT, GET, Things, WATCH, call, open, settings};

/// Everything a service's main does.
async fn assemble(settings: &ServerSettings) -> (String, Trigger) {
    let listener = Listener::bind("--listen", settings.listen).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr());
    let (trigger, shutdown) = Shutdown::manual();
    let telemetry = Telemetry::off();
    let things = Things::echo().stream(|_| tokio_stream::iter([Ok("first".to_owned())]));
    let server = Server::new(settings, &CONTRACT, &Health::new())
        .unwrap()
        .add_service(things)
        .reflection(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .unwrap()
        .metrics(telemetry.metrics())
        .layer(ServerLayer::new(&telemetry, &CONTRACT));
    tokio::spawn(server.serve(listener, shutdown));
    (endpoint, trigger)
}

fn channel(endpoint: &str) -> Channel {
    Channel::from_shared(endpoint.to_owned())
        .unwrap()
        .connect_lazy()
}

#[tokio::test]
async fn calls_pass_through_telemetry_on_both_sides() {
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        client: ClientSettings,
    }
    let (endpoint, _trigger) = assemble(&settings(&[])).await;
    let client = Cli::parse_from(["client"]).client;
    let upstream = Upstream::new("--things-endpoint", &endpoint, &CONTRACT[0], &client).unwrap();
    let address = upstream.host_and_port();
    let client = upstream
        .mesh(Provider::None)
        .layer(ClientLayer::new(
            &Telemetry::off(),
            &CONTRACT,
            Some(address),
        ))
        .connect_lazily();
    let answer = call(&client, GET, Request::new("hi".into())).await.unwrap();
    assert_eq!(answer.into_inner(), "hi");
    let mut stream = open(&client, WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("first"));
    assert_eq!(stream.message().await.unwrap(), None);
}

const REFLECTED: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

#[tokio::test]
async fn reflection_v1_lists_all_services() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let (endpoint, _trigger) = assemble(&settings(&[])).await;
    let ask = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answer = v1::server_reflection_client::ServerReflectionClient::new(channel(&endpoint))
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let mut names: Vec<_> = list.service.into_iter().map(|it| it.name).collect();
    names.sort();
    assert_eq!(names, REFLECTED);
}

#[tokio::test]
async fn reflection_v1alpha_lists_all_services() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let (endpoint, _trigger) = assemble(&settings(&[])).await;
    let ask = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answer = v1alpha::server_reflection_client::ServerReflectionClient::new(channel(&endpoint))
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let mut names: Vec<_> = list.service.into_iter().map(|it| it.name).collect();
    names.sort();
    assert_eq!(names, REFLECTED);
}

#[tokio::test]
async fn reflection_describes_the_details_of_errors() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let (endpoint, _trigger) = assemble(&settings(&[])).await;
    let ask = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(
            "google.rpc.ErrorInfo".into(),
        )),
    };
    let answer = v1::server_reflection_client::ServerReflectionClient::new(channel(&endpoint))
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::FileDescriptorResponse(_)) = answer.message_response else {
        panic!("{answer:?}");
    };
}

#[tokio::test]
async fn reflection_can_be_off() {
    let (endpoint, _trigger) = assemble(&settings(&["--reflection=false"])).await;
    let ask = v1::ServerReflectionRequest::default();
    let status = v1::server_reflection_client::ServerReflectionClient::new(channel(&endpoint))
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

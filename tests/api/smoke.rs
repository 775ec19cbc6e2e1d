//{% capture source %}§{% raw %}
//! The commands that try an installation: a probe's, and `helm test`'s.

use std::process::Output;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::interceptor::InterceptorLayer;
use tonic::{Request, Status};
use tonic_health::ServingStatus::{NotServing, Serving};

use crate::helpers::{Server, command};

async fn run(command_name: &str, address: &str, env: &[(&str, &str)]) -> Output {
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .args([command_name, "--endpoint", address])
        .envs(env.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn they_succeed_at_a_server_that_works() {
    let server = Server::start();
    let ready = async {
        while !server.admin("/readyz").0.contains("200") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), ready).await;
    assert!(in_time.is_ok(), "it is never ready");
    let address = format!("http://{}", server.grpc);
    let health = run("healthcheck", &address, &[]).await;
    assert!(health.status.success(), "{health:?}");
    let smoke = run("smoke", &address, &[]).await;
    assert!(smoke.status.success(), "{smoke:?}");
    let said = String::from_utf8(smoke.stdout).unwrap();
    assert!(said.starts_with("created, read and cancelled "), "{said}");
}

#[tokio::test]
async fn they_say_that_nobody_answers() {
    for name in ["healthcheck", "smoke"] {
        let output = run(name, "http://127.0.0.1:1", &[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains("is it running?"), "{said}");
    }
}

#[tokio::test]
async fn a_token_is_shown_to_a_mesh_that_checks_one() {
    let address = guarded().await;
    for (env, answer) in [
        (&[][..], "Unauthenticated"),
        (&[("BEARER_TOKEN", "secret")][..], "Unimplemented"),
    ] {
        let output = run("smoke", &address, env).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(answer), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn they_wait_for_a_server_if_they_are_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command.args(["healthcheck", "--endpoint", &format!("http://{address}")]);
    command.args(["--wait", "1m"]);
    let asking = tokio::task::spawn_blocking(move || command.output().unwrap());
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", NotServing).await;
    let (called, mut calls) = mpsc::unbounded_channel();
    let count = move |request: Request<()>| {
        called
            .send(())
            .map_err(|_| Status::cancelled("the test is over"))?;
        Ok(request)
    };
    let server = tonic::transport::Server::builder()
        .layer(InterceptorLayer::new(count))
        .add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    // It was told once that nothing is served yet.
    calls.recv().await.unwrap();
    calls.recv().await.unwrap();
    reporter.set_service_status("", Serving).await;
    let output = asking.await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Lets calls with the token through, and knows no method.
async fn guarded() -> String {
    let check = |request: Request<()>| match request.metadata().get("authorization") {
        Some(shown) if shown == "Bearer secret" => Ok(request),
        _ => Err(Status::unauthenticated("no token")),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder()
        .layer(InterceptorLayer::new(check))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    format!("http://{address}")
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

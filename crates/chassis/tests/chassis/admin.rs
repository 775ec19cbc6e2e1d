//! The admin port.

use std::net::SocketAddr;
use std::time::Duration;

use chassis::admin::{Admin, BuildInfo};
use chassis::health::Health;
use chassis::mesh::Provider;
use chassis::settings::AdminSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BUILD: BuildInfo = BuildInfo {
    name: "things",
    version: "1.2.3",
    commit: None,
    rustc: "rustc 1.95.0",
    profile: "debug",
};

const SOON: Duration = Duration::from_secs(5);

fn settings() -> AdminSettings {
    AdminSettings {
        admin_listen: ([127, 0, 0, 1], 0).into(),
        admin_token_file: None,
    }
}

async fn admin(health: &Health) -> Admin {
    admin_with(&settings(), Provider::None, health).await
}

async fn admin_with(settings: &AdminSettings, mesh: Provider, health: &Health) -> Admin {
    let more = || async { "more" };
    let change = |said: String| async move { format!("changed: {said}") };
    let more = axum::Router::new().route("/more", axum::routing::get(more).put(change));
    let started = Admin::start(settings, mesh, health.clone(), BUILD, more);
    started.await.unwrap()
}

/// Status and body of what is sent as it is.
async fn exchange(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(SOON, reading).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, body.to_owned())
}

/// Status of a change with these headers.
async fn change(address: SocketAddr, headers: &[&str]) -> u16 {
    let headers = headers.join("\r\n");
    let request = format!(
        "PUT /more HTTP/1.1\r\n{headers}\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx"
    );
    exchange(address, &request).await.0
}

/// Status and body of a GET.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    exchange(address, &request).await
}

async fn get_json(address: SocketAddr, path: &str) -> (u16, serde_json::Value) {
    let (code, body) = get(address, path).await;
    (code, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn probes_follow_readiness() {
    let health = Health::new();
    let (server, store) = (health.dependency("server"), health.dependency("store"));
    let admin = admin(&health).await;
    let address = admin.local_addr();

    assert_eq!(get(address, "/livez").await.0, 200);
    let (code, body) = get_json(address, "/readyz").await;
    assert_eq!(code, 503);
    assert_eq!(body["dependencies"][1]["name"], "store");
    assert_eq!(body["dependencies"][1]["ready"], false);
    assert_eq!(get(address, "/startupz").await.0, 503);

    server.ready();
    store.ready();
    assert_eq!(get(address, "/readyz").await.0, 200);
    assert_eq!(get(address, "/startupz").await.0, 200);

    store.unready("disk is full");
    let (code, body) = get_json(address, "/readyz").await;
    assert_eq!(code, 503);
    assert_eq!(body["dependencies"][1]["reason"], "disk is full");
    // Started is started, and alive is alive.
    assert_eq!(get(address, "/startupz").await.0, 200);
    assert_eq!(get(address, "/livez").await.0, 200);
}

#[tokio::test]
async fn build_information_and_further_routes() {
    let admin = admin(&Health::new()).await;
    let (code, body) = get_json(admin.local_addr(), "/buildinfo").await;
    assert_eq!(code, 200);
    assert_eq!(body["version"], "1.2.3");
    assert_eq!(body["commit"], serde_json::Value::Null);
    assert_eq!(
        get(admin.local_addr(), "/more").await,
        (200, "more".to_owned())
    );
    assert_eq!(get(admin.local_addr(), "/nothing").await.0, 404);
}

#[tokio::test]
async fn a_taken_port_names_its_flag() {
    let first = admin(&Health::new()).await;
    let settings = AdminSettings {
        admin_listen: first.local_addr(),
        ..settings()
    };
    let more = axum::Router::new();
    let started = Admin::start(&settings, Provider::None, Health::new(), BUILD, more);
    let fatal = started.await.unwrap_err();
    assert_eq!(fatal.code, 69);
    assert!(fatal.to_string().contains("--admin-listen"), "{fatal}");
}

#[tokio::test]
async fn half_sent_requests_leave_for_those_that_come() {
    let admin = admin(&Health::new()).await;
    let address = admin.local_addr();
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
            .await
            .unwrap();
        held.push(half);
    }
    assert_eq!(get(address, "/livez").await.0, 200);
    // The oldest has left.
    let mut byte = [0; 1];
    let reading = held[0].read(&mut byte);
    let read = tokio::time::timeout(SOON, reading).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let admin = admin(&Health::new()).await;
    let body = "x".repeat(5000);
    let request = format!(
        "PUT /more HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 5000\r\n\r\n{body}"
    );
    assert_eq!(exchange(admin.local_addr(), &request).await.0, 413);
}

#[tokio::test]
async fn this_machine_may_change_things_and_nobody_in_its_name() {
    let admin = admin(&Health::new()).await;
    let address = admin.local_addr();
    for headers in [["host: localhost"], ["host: 127.0.0.1:9090"]] {
        assert_eq!(change(address, &headers).await, 200, "{headers:?}");
    }
    // A name that its owner led here.
    assert_eq!(change(address, &["host: rebound.example"]).await, 421);
    for more in [
        "x-forwarded-for: 203.0.113.7",
        "forwarded: for=203.0.113.7",
        "via: 1.1 gateway",
        "origin: https://rebound.example",
    ] {
        let headers = ["host: localhost", more];
        assert_eq!(change(address, &headers).await, 403, "{more}");
    }
    // Reading is for everyone.
    assert_eq!(get(address, "/more").await.0, 200);
}

#[tokio::test]
async fn where_a_sidecar_brings_everyone_only_the_secret_counts() {
    let health = Health::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "0123456789abcdef\n").unwrap();
    let with_secret = AdminSettings {
        admin_token_file: Some(file.clone()),
        ..settings()
    };
    for mesh in [Provider::Istio, Provider::Linkerd] {
        let without = admin_with(&settings(), mesh, &health).await;
        assert_eq!(
            change(without.local_addr(), &["host: localhost"]).await,
            403
        );
        let admin = admin_with(&with_secret, mesh, &health).await;
        let address = admin.local_addr();
        for (shown, code) in [
            ("", 403),
            ("authorization: Basic 0123456789abcdef", 403),
            ("authorization: Bearer 0123456789abcdeF", 401),
            ("authorization: Bearer", 403),
            ("authorization: Bearer 0123456789abcdef", 200),
        ] {
            let headers = [
                "host: things.shop.svc",
                if shown.is_empty() { "x: y" } else { shown },
            ];
            assert_eq!(change(address, &headers).await, code, "{shown}");
        }
    }
    // A changed secret counts at once, and an empty one is nobody's.
    let admin = admin_with(&with_secret, Provider::Istio, &health).await;
    std::fs::write(&file, "fedcba9876543210").unwrap();
    for (content, shown, code) in [
        ("fedcba9876543210", "fedcba9876543210", 200),
        ("fedcba9876543210", "0123456789abcdef", 401),
        ("", "0123456789abcdef", 401),
    ] {
        std::fs::write(&file, content).unwrap();
        let shown = format!("authorization: Bearer {shown}");
        let headers = ["host: localhost", shown.as_str()];
        assert_eq!(
            change(admin.local_addr(), &headers).await,
            code,
            "{content}"
        );
    }
}

#[tokio::test]
async fn a_secret_that_is_none_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for content in [
        "",
        "short",
        "with a space in it",
        "with\ta tab, and ümlauts",
    ] {
        let file = folder.path().join("token");
        std::fs::write(&file, content).unwrap();
        let settings = AdminSettings {
            admin_token_file: Some(file),
            ..settings()
        };
        let more = axum::Router::new();
        let started = Admin::start(&settings, Provider::None, Health::new(), BUILD, more);
        let fatal = started.await.unwrap_err();
        assert_eq!(fatal.code, chassis::exit::code::USAGE);
        let line = fatal.to_string();
        assert!(line.contains("--admin-token-file"), "{line}");
        assert!(content.is_empty() || !line.contains(content), "{line}");
    }
}

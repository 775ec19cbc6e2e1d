//! The admin port.

use std::net::SocketAddr;

use chassis::admin::{Admin, BuildInfo};
use chassis::health::Health;
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

async fn admin(health: &Health) -> Admin {
    let settings = AdminSettings {
        admin_listen: ([127, 0, 0, 1], 0).into(),
    };
    let more = axum::Router::new().route("/more", axum::routing::get(|| async { "more" }));
    Admin::start(&settings, health.clone(), BUILD, more)
        .await
        .unwrap()
}

/// Status and body of a GET.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, body.to_owned())
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
    };
    let fatal = Admin::start(&settings, Health::new(), BUILD, axum::Router::new())
        .await
        .unwrap_err();
    assert_eq!(fatal.code, 69);
    assert!(fatal.to_string().contains("--admin-listen"), "{fatal}");
}

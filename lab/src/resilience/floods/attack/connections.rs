//! Floods of connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::Attacker;
use crate::resilience::floods::frame::{PREFACE, settings};

pub(in super::super) async fn slow_preface(attacker: Arc<Attacker>) {
    while !attacker.is_over() {
        let Some(mut stream) = attacker.open().await else {
            continue;
        };
        for byte in PREFACE {
            if attacker.is_over() || stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

pub(in super::super) async fn idle(attacker: Arc<Attacker>) {
    let Some(mut stream) = attacker.open().await else {
        return;
    };
    let mut hello = PREFACE.to_vec();
    settings(&mut hello, &[]);
    if stream.write_all(&hello).await.is_ok() {
        attacker.count(1);
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
}

/// The head of a request to the admin port, but for its end.
pub(in super::super) async fn half_request(attacker: Arc<Attacker>) {
    while !attacker.is_over() {
        if let Some(mut stream) = attacker.open_admin().await {
            let half = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n";
            if stream.write_all(half).await.is_ok() {
                attacker.count(1);
                let _ = stream.read(&mut [0; 1]).await;
            }
        }
        // What is closed at once tries again soon, not at once.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// As `idle`, from an address that is not the others'.
pub(in super::super) async fn one_peer(attacker: Arc<Attacker>) {
    while !attacker.is_over() {
        let connecting = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(([127, 0, 0, 2], 0).into())?;
            let mut stream = socket.connect(attacker.address).await?;
            let mut hello = PREFACE.to_vec();
            settings(&mut hello, &[]);
            stream.write_all(&hello).await?;
            attacker.count_opened(1);
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        let _ = connecting.await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// As `idle`, under TLS.
pub(in super::super) async fn idle_tls(attacker: Arc<Attacker>) {
    let Some(authority) = &attacker.authority else {
        return;
    };
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", attacker.address));
    let Ok(Ok(endpoint)) = endpoint.map(|endpoint| endpoint.tls_config(tls)) else {
        return;
    };
    let Ok(_idle) = endpoint.connect().await else {
        return;
    };
    attacker.count_opened(1);
    tokio::time::sleep_until(attacker.until.into()).await;
}

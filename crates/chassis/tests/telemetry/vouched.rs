//! Exports under TLS, over gRPC and HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::certificates::{Authority, Mounted, Pair};
use crate::collector::Collector;
use crate::demo::Ask;
use crate::process::Process;

const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

/// A port before `collector` that takes those whom `authority` vouches for, and
/// shows `own`.
async fn secured(collector: &Collector, authority: &Authority, own: &Pair) -> SocketAddr {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
        .unwrap();
    let callers =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(callers.build().unwrap())
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, behind) = (listener.local_addr().unwrap(), collector.address);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut caller) = acceptor.accept(stream).await else {
                    return;
                };
                let mut collector = TcpStream::connect(behind).await.unwrap();
                // That either end closes is no failure.
                let _ = tokio::io::copy_bidirectional(&mut caller, &mut collector).await;
            });
        }
    });
    address
}

async fn collector(protocol: &str) -> Collector {
    match protocol {
        "grpc" => Collector::start().await,
        _ => Collector::start_http().await,
    }
}

/// A process that believes `authority`, and shows what it has of `own`.
fn exporting(protocol: &str, to: SocketAddr, authority: &Authority, own: &Pair) -> Process {
    let mounted = Mounted::new(own, &authority.pem());
    let path = |name| mounted.path(name).display().to_string();
    let path_of_http = if protocol == "grpc" { "" } else { "/base" };
    let endpoint = format!("https://localhost:{}{path_of_http}", to.port());
    Process::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &path("ca.crt")),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &path("tls.crt")),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &path("tls.key")),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_signals_reach_a_collector_under_tls() {
    let authority = Authority::new();
    let shown = authority.issue(&["localhost"]);
    let own = authority.issue(&["web.shop.svc"]);
    for protocol in PROTOCOLS {
        let collector = collector(protocol).await;
        let address = secured(&collector, &authority, &shown).await;
        let process = exporting(protocol, address, &authority, &own);
        // One batch after the other: over HTTP the connection ends in between.
        for calls in 1..=3 {
            process.get(Ask::default(), &[]).await.unwrap();
            let arrived = async {
                while collector.spans().len() < 2 * calls {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let in_time = tokio::time::timeout(Duration::from_secs(20), arrived);
            in_time.await.expect(protocol);
        }
        process.finish();
        collector.taken(|taken| {
            assert!(!taken.metrics.is_empty(), "{protocol}");
            assert!(!taken.logs.is_empty(), "{protocol}");
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_a_collector_that_nobody_vouches_for() {
    let authority = Authority::new();
    let own = authority.issue(&["web.shop.svc"]);
    for protocol in PROTOCOLS {
        for shown in [
            Authority::new().issue(&["localhost"]),
            authority.issue(&["elsewhere.test"]),
            authority.issue_until(&["localhost"], 2002),
        ] {
            let collector = collector(protocol).await;
            let address = secured(&collector, &authority, &shown).await;
            let process = exporting(protocol, address, &authority, &own);
            process.get(Ask::default(), &[]).await.unwrap();
            let said = process.finish();
            collector.taken(|taken| assert!(taken.metadata.is_empty(), "{protocol}"));
            let told = said.lines().into_iter().any(|line| {
                (line["target"].as_str()).is_some_and(|it| it.starts_with("opentelemetry"))
            });
            assert!(told, "{protocol}: {}", said.text);
        }
    }
}

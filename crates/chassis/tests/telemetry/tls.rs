//! What telemetry says of TLS without a mesh.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Request;
use tonic::transport::{Channel, ClientTlsConfig};

use crate::certificates::{Authority, Mounted};
use crate::demo::Ask;
use crate::documented::table;
use crate::metrics::{sample, scrape};
use crate::process::{Process, get_over};

const SOON: Duration = Duration::from_secs(20);

/// A server that shows a certificate valid until that year.
fn server(authority: &Authority, year: i32) -> (Mounted, Process) {
    let pair = authority.issue_until(&["localhost"], year);
    let mounted = Mounted::new(&pair, &authority.pem());
    let path = |name| mounted.path(name).display().to_string();
    let process = Process::start(&[
        ("TLS_CERT", &path("tls.crt")),
        ("TLS_KEY", &path("tls.key")),
        ("TLS_CLIENT_CA", &path("ca.crt")),
        ("HANDSHAKE_TIMEOUT", "200ms"),
    ]);
    (mounted, process)
}

fn channel(process: &Process, tls: ClientTlsConfig) -> Channel {
    let endpoint = Channel::from_shared(format!("https://{}", process.address)).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

/// Waits until `name` is counted.
async fn counted(process: &Process, name: &str) {
    let seen = async {
        while !scrape(process)
            .lines()
            .any(|line| line == format!("{name} 1"))
        {
            tokio::task::yield_now().await;
        }
    };
    (tokio::time::timeout(SOON, seen).await)
        .unwrap_or_else(|_| panic!("{name} is not 1:\n{}", scrape(process)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_fail_are_counted_by_reason_and_certificates_by_their_time() {
    let authority = Authority::new();
    let (_mounted, process) = server(&authority, 2999);
    let own = authority.issue(&["web.shop.svc"]);
    get_over(
        channel(&process, authority.trusted_by(&own)),
        Request::new(Ask::default()),
    )
    .await
    .unwrap();
    counted(
        &process,
        "rpc_server_connection_security_total{security=\"mutual_tls\"}",
    )
    .await;

    let stranger = Authority::new().issue(&["web.shop.svc"]);
    let expired = authority.issue_until(&["web.shop.svc"], 2002);
    let wary = Authority::new().trusted_by(&own);
    for (reason, tls) in [
        ("no_certificate", authority.trusted()),
        ("not_trusted", authority.trusted_by(&stranger)),
        ("expired", authority.trusted_by(&expired)),
        ("refused", wary),
    ] {
        get_over(channel(&process, tls), Request::new(Ask::default()))
            .await
            .expect_err(reason);
        let name = format!("tls_server_handshake_failures_total{{reason=\"{reason}\"}}");
        counted(&process, &name).await;
    }
    for (reason, bytes) in [
        ("plain", &b"PRI * HTTP/2.0\r\n\r\n"[..]),
        ("timeout", &[22, 3, 1, 2, 0]),
        // A server's greeting, from a client.
        ("protocol", &[22, 3, 1, 0, 4, 2, 0, 0, 0]),
    ] {
        let mut stream = tokio::net::TcpStream::connect(process.address)
            .await
            .unwrap();
        stream.write_all(bytes).await.unwrap();
        let name = format!("tls_server_handshake_failures_total{{reason=\"{reason}\"}}");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        counted(&process, &name).await;
    }
    let expiry = sample(&scrape(&process), "tls_server_certificate_expiry_seconds");
    assert!(expiry > 1e9, "{expiry}");

    let text = scrape(&process);
    let emitted: BTreeSet<&str> = (text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE tls_"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let documented: BTreeSet<String> = (table("### Under TLS").into_iter())
        .map(|(name, cells)| {
            let name = name.trim_start_matches("tls.").replace('.', "_");
            match cells[0].as_str() {
                "`s`" => name + "_seconds",
                _ => name + "_total",
            }
        })
        .collect();
    assert_eq!(emitted, documented.iter().map(String::as_str).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_warned_of_with_its_date() {
    let authority = Authority::new();
    let (_mounted, process) = server(&authority, 2002);
    let own = authority.issue(&["web.shop.svc"]);
    let tls = authority.trusted_by(&own);
    get_over(channel(&process, tls), Request::new(Ask::default()))
        .await
        .expect_err("callers refuse it");
    counted(
        &process,
        "tls_server_handshake_failures_total{reason=\"refused\"}",
    )
    .await;
    let expiry = sample(&scrape(&process), "tls_server_certificate_expiry_seconds");
    assert!(expiry < 0.0, "{expiry}");
    let said = process.finish();
    let warned = |line: &std::collections::HashMap<String, serde_json::Value>| {
        line["level"] == "WARN"
            && (line.get("expired")).is_some_and(|at| at == "2002-01-01T00:00:00Z")
    };
    assert_eq!(
        said.lines().iter().filter(|line| warned(line)).count(),
        1,
        "{}",
        said.text
    );
}

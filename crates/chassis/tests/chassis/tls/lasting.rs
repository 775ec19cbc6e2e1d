//! A certificate that has ended, or whose authority is gone, lets nobody go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind};
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::{PREFACE, SOON, WEB, authority_and_server, client, flags, serve, serve_things};
use crate::certificates::{Authority, Mounted, Pair};
use crate::support::{GET, Running, Things, WATCH, call, open, reason, start};

/// How a connection began that has read the server's first words, after which a
/// client has what tickets there are.
async fn handshake(server: &Running, config: &Arc<ClientConfig>) -> HandshakeKind {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, stream);
    let mut stream = connecting.await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    stream.read_exact(&mut [0; 9]).await.unwrap();
    stream.get_ref().1.handshake_kind().unwrap()
}

#[tokio::test]
async fn who_shows_a_certificate_shows_it_each_time() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let own = authority.issue(&[WEB]);
    let [certificate, key, ..] = flags(&mounted);
    let strict = serve(&mounted, &[]).await;
    let permissive = serve(&mounted, &["--tls-mode=permissive"]).await;
    let unasked = start(&[&certificate, &key], Things::echo()).await;
    for (server, expected) in [
        (&strict, HandshakeKind::Full),
        (&permissive, HandshakeKind::Full),
        // Whom nobody asks for a certificate may resume: so can this client.
        (&unasked, HandshakeKind::Resumed),
    ] {
        for version in [&TLS12, &TLS13] {
            let mut config = client(&authority, &own, &[version]);
            config.alpn_protocols = vec![b"h2".to_vec()];
            let config = Arc::new(config);
            handshake(server, &config).await;
            let second = handshake(server, &config).await;
            assert_eq!(second, expected, "{version:?}");
        }
    }
}

/// A server whose streams say one thing and then never end.
async fn watched(mounted: &Mounted) -> Running {
    let things = Things::echo()
        .stream(|_| tokio_stream::iter([Ok("open".to_owned())]).chain(tokio_stream::pending()));
    serve_things(mounted, &[], things).await
}

fn channel(server: &Running, authority: &Authority, own: &Pair) -> Channel {
    let endpoint = Channel::from_shared(format!("https://{}", server.address)).unwrap();
    let endpoint = endpoint.tls_config(authority.trusted_by(own)).unwrap();
    endpoint.connect_lazy()
}

/// An open stream.
async fn watch(channel: &Channel) -> tonic::Streaming<String> {
    let mut stream = open(channel, WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "open");
    stream
}

async fn end(mut stream: tonic::Streaming<String>) -> Status {
    tokio::time::timeout(SOON, stream.message())
        .await
        .expect("the stream ends")
        .unwrap_err()
}

#[tokio::test]
async fn an_open_connection_does_not_outlive_the_certificate_it_began_with() {
    let (authority, pair) = authority_and_server();
    let server = watched(&Mounted::new(&pair, &authority.pem())).await;
    let brief = authority.issue_for(&[WEB], Duration::from_secs(6));
    let lasting = authority.issue(&[WEB]);
    let (brief, lasting) = (
        channel(&server, &authority, &brief),
        channel(&server, &authority, &lasting),
    );
    let (ending, mut staying) = (watch(&brief).await, watch(&lasting).await);
    let status = end(ending).await;
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(reason(&status), "CERTIFICATE_ENDED");
    // The connection is closed, and there is no other with that certificate.
    let refused = call(&brief, GET, Request::new("x".into())).await;
    refused.expect_err("the certificate has expired");
    call(&lasting, GET, Request::new("x".into())).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(50), staying.message());
    more.await.expect_err("others stay");
}

#[tokio::test]
async fn an_authority_that_is_gone_ends_what_it_let_in() {
    let (old, pair) = authority_and_server();
    let new = Authority::new();
    let both = format!("{}{}", old.pem(), new.pem());
    let mounted = Mounted::new(&pair, &both);
    let server = watched(&mounted).await;
    let (by_old, by_new) = (old.issue(&[WEB]), new.issue(&[WEB]));
    let (gone, kept) = (
        channel(&server, &old, &by_old),
        channel(&server, &old, &by_new),
    );
    let (ending, mut staying) = (watch(&gone).await, watch(&kept).await);
    mounted.write(&pair, &new.pem());
    let status = end(ending).await;
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(reason(&status), "CERTIFICATE_ENDED");
    let refused = call(&gone, GET, Request::new("x".into())).await;
    refused.expect_err("nobody vouches for the caller");
    call(&kept, GET, Request::new("x".into())).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(50), staying.message());
    more.await.expect_err("others stay");
}

//! Calls to upstreams under TLS.

use chassis::client::{Channel, Client, Upstream};
use chassis::settings::{ClientSettings, TlsSettings};
use clap::Parser;
use tonic::{Code, Request};

use super::{SOON, WEB, authority_and_server, flags, serve};
use crate::certificates::{Authority, Mounted};
use crate::support::{CONTRACT, GET, Running, call};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    client: ClientSettings,
    #[command(flatten)]
    server: TlsSettings,
}

/// A client with the identity of `own`.
fn upstream(server: &Running, own: &Mounted, more: &[&str]) -> Client<Channel> {
    let flags = flags(own);
    let args = ["test", "--upstream-retries=off"].into_iter();
    let args = args.chain(flags.iter().map(String::as_str));
    let cli = Cli::parse_from(args.chain(more.iter().copied()));
    let mut settings = cli.client;
    settings.tls = settings.tls.or(&cli.server);
    let endpoint = format!("https://localhost:{}", server.address.port());
    let upstream = Upstream::new("--things-endpoint", &endpoint, &CONTRACT[0], &settings);
    upstream.unwrap().connect_lazily()
}

#[tokio::test]
async fn an_upstream_is_called_with_the_servers_own_identity() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let own = Mounted::new(&authority.issue(&[WEB]), &authority.pem());
    let client = upstream(&server, &own, &[]);
    let answer = call(&client, GET, Request::new("x".into())).await.unwrap();
    assert_eq!(answer.into_inner(), WEB);

    let other = upstream(&server, &own, &["--upstream-tls-name=elsewhere"]);
    let refused = call(&other, GET, Request::new("x".into())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn an_identity_that_changes_is_shown_from_then_on_and_no_call_is_lost() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let own = Mounted::new(&authority.issue(&[WEB]), &authority.pem());
    let client = upstream(&server, &own, &[]);
    let ask = async || {
        let answer = call(&client, GET, Request::new("x".into())).await;
        answer.unwrap().into_inner()
    };
    assert_eq!(ask().await, WEB);
    let other = "spiffe://example.org/ns/shop/sa/other";
    own.write(&authority.issue(&[other]), &authority.pem());
    tokio::time::timeout(SOON, async { while ask().await != other {} })
        .await
        .expect("the new identity is shown");
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_not_called() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let own = Mounted::new(&authority.issue(&[WEB]), &Authority::new().pem());
    let client = upstream(&server, &own, &[]);
    let refused = call(&client, GET, Request::new("x".into())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
}

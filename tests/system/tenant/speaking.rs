//{% capture source %}§{% raw %}
//! Who may say for whom a call is.

use service::proto::acme::order::v1 as pb;

use super::{Asker, cell};
use crate::helpers::{Server, create_request};
use crate::settings;

/// A header is somebody's word, or nobody's: of all others it is an invention.
#[tokio::test]
async fn only_named_callers_speak_for_tenants() {
    let server = Server::start_with(&[
        "--mesh=linkerd",
        "--tenant=header",
        "--tenant-callers=shop/web,shop/batch",
    ]);
    let mut client = server.client().await;
    let says = |namespace, account, tenant: &str| {
        let asker = Asker::of(namespace, account);
        let mut request = asker.asks(create_request("alice"));
        let metadata = request.metadata_mut();
        metadata.insert("x-tenant", tenant.parse().unwrap());
        request
    };
    let order = client.create_order(says("shop", "web", "acme")).await;
    let name = order.unwrap().into_inner().name;
    for (tenant, is_there) in [("acme", true), ("rival", false)] {
        let get = says("shop", "web", tenant);
        let get = get.map(|_| pb::GetOrderRequest { name: name.clone() });
        let got = client.get_order(get).await;
        assert_eq!(got.is_ok(), is_there, "{tenant}: {got:?}");
    }
    for (namespace, account) in [("shop", "page"), ("acme", "web")] {
        let created = client.create_order(says(namespace, account, "acme")).await;
        let told = cell(created, |_| "created");
        assert_eq!(told, "TENANT_UNKNOWN", "{namespace}/{account}");
    }
    let mut without = says("shop", "web", "acme");
    without.metadata_mut().remove("x-tenant");
    let created = client.create_order(without).await;
    assert_eq!(cell(created, |_| "created"), "TENANT_UNKNOWN");
    let mut unnamed = says("shop", "web", "acme");
    unnamed.metadata_mut().remove("l5d-client-id");
    let created = client.create_order(unnamed).await;
    assert_eq!(cell(created, |_| "created"), "UNKNOWN_CALLER");
}

#[test]
fn what_nobody_would_tell_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    for (args, word) in [
        (&["--tenant=namespace"][..], "--tls-client-ca"),
        (&["--tenant=namespace", "--mesh=istio-ambient"], "--mesh"),
        (&["--tenant=claim:org", "--mesh=istio"], "--jwt-issuer"),
        (&["--tenant=org"], "claim:NAME"),
        (&["--tenant=header"], "--tls-client-ca"),
        (&["--tenant=header", "--mesh=istio-ambient"], "--mesh"),
        (&["--tenant=header", "--mesh=linkerd"], "--tenant-callers"),
        (
            &["--tenant-callers=shop/web", "--mesh=linkerd"],
            "--tenant header",
        ),
        (
            &[
                "--tenant-callers=shop/web",
                "--tenant=namespace",
                "--mesh=istio",
            ],
            "--tenant header",
        ),
        (&["--tenant-rate-limit=5"], "--tenant,"),
        (
            &["--tenant-rate-burst=5", "--tenant=claim:org"],
            "--tenant-rate-limit",
        ),
    ] {
        let setting = args[0].split('=').next().unwrap();
        settings::refused(&settings::run(&dir, args, &[]), 64, &[setting, word]);
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

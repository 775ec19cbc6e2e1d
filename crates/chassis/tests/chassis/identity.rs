//! Callers, as a declared mesh names them.

use chassis::mesh::Caller;
use tonic::{Code, Request, Response};

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{GET, GUARDED, Things, call, start};

#[tokio::test]
async fn roles_are_enforced_where_they_are_set() {
    const ROLES: &str = "--caller-roles=writer=shop/*";
    const ID: &str = "l5d-client-id";
    const UNKNOWN: Code = Code::Unauthenticated;
    let server = start(&["--mesh=linkerd", ROLES], Things::echo()).await;
    let channel = server.channel();
    let mut health = HealthClient::new(channel.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();
    for (id, path, expected) in [
        ("spiffe://cluster.local/ns/shop/sa/web", GUARDED, Code::Ok),
        (
            "spiffe://cluster.local/ns/else/sa/web",
            GUARDED,
            Code::PermissionDenied,
        ),
        ("spiffe://cluster.local/ns/else/sa/web", GET, Code::Ok),
        (
            "spiffe://evil.test/ns/shop/sa/web",
            GUARDED,
            Code::PermissionDenied,
        ),
        ("SPIFFE://cluster.local/ns/shop/sa/web", GUARDED, UNKNOWN),
        ("spiffe://cluster.local/ns/shop/sa/w%65b", GUARDED, UNKNOWN),
        ("", GUARDED, Code::Unauthenticated),
        ("", GET, Code::Unauthenticated),
    ] {
        let code = match call(&channel, path, with(ID, id)).await {
            Ok(_) => Code::Ok,
            Err(status) => status.code(),
        };
        assert_eq!(code, expected, "{id} {path}");
    }
}

#[tokio::test]
async fn roles_are_of_a_trust_domain_whichever_way_a_name_arrives() {
    const ISTIO: &str = "x-forwarded-client-cert";
    const LINKERD: &str = "l5d-client-id";
    const ROLES: &str = "--caller-roles=writer=shop/web,spiffe://partner.test/ns/a/sa/b";
    const HOME: &str = "--trust-domain=example.org";
    for (mesh, header, id, expected) in [
        (
            "istio",
            ISTIO,
            "URI=spiffe://example.org/ns/shop/sa/web",
            true,
        ),
        (
            "istio",
            ISTIO,
            "URI=spiffe://evil.test/ns/shop/sa/web",
            false,
        ),
        (
            "istio",
            ISTIO,
            "URI=spiffe://cluster.local/ns/shop/sa/web",
            false,
        ),
        ("istio", ISTIO, "URI=spiffe://partner.test/ns/a/sa/b", true),
        (
            "istio",
            ISTIO,
            "URI=spiffe://example.org/ns/shop/sa/web;URI=spiffe://evil.test/x",
            false,
        ),
        (
            "linkerd",
            LINKERD,
            "spiffe://example.org/ns/shop/sa/web",
            true,
        ),
        (
            "linkerd",
            LINKERD,
            "spiffe://evil.test/ns/shop/sa/web",
            false,
        ),
        (
            "linkerd",
            LINKERD,
            "web.shop.serviceaccount.identity.linkerd.example.org",
            true,
        ),
        (
            "linkerd",
            LINKERD,
            "web.shop.serviceaccount.identity.linkerd.evil.test",
            false,
        ),
    ] {
        let server = start(&["--mesh", mesh, ROLES, HOME], Things::echo()).await;
        let answer = call(&server.channel(), GUARDED, with(header, id)).await;
        assert_eq!(answer.is_ok(), expected, "{id}");
    }
}

/// Answers who calls.
fn whoami() -> Things {
    Things::unary(async |request| {
        let caller = request.extensions().get::<Caller>();
        Ok(Response::new(
            caller.map_or("", |caller| caller.id()).to_owned(),
        ))
    })
}

fn with(header: &'static str, value: &'static str) -> Request<String> {
    let mut request = Request::new("x".to_owned());
    request
        .metadata_mut()
        .insert(header, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_handler_knows_its_caller_only_where_the_mesh_is_declared() {
    const ISTIO: &str = "x-forwarded-client-cert";
    const LINKERD: &str = "l5d-client-id";
    for (mesh, header, expected) in [
        ("istio", ISTIO, "URI=a"),
        ("istio", LINKERD, ""),
        ("linkerd", LINKERD, "URI=a"),
        ("linkerd", ISTIO, ""),
        ("istio-ambient", ISTIO, ""),
        ("none", ISTIO, ""),
        ("none", LINKERD, ""),
    ] {
        let server = start(&["--mesh", mesh], whoami()).await;
        let answer = call(&server.channel(), GET, with(header, "URI=a"))
            .await
            .unwrap()
            .into_inner();
        let expected = if header == ISTIO {
            expected.trim_start_matches("URI=")
        } else {
            expected
        };
        assert_eq!(answer, expected, "{mesh} {header}");
    }
}

//! Callers, as a declared mesh names them.

use chassis::mesh::Caller;
use tonic::{Request, Response};

use crate::support::{GET, Things, call, start};

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

//! For whom a call is, while it is served.

use chassis::tenant;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response};

use crate::support::{GET, Things, WATCH, call, open, start};

fn now() -> String {
    tenant::current().map_or_else(|| "nobody".to_owned(), |it| it.to_string())
}

fn of(namespace: &str) -> Request<String> {
    let mut request = Request::new("x".to_owned());
    let id = format!("spiffe://cluster.local/ns/{namespace}/sa/web");
    let metadata = request.metadata_mut();
    metadata.insert("l5d-client-id", id.parse().unwrap());
    request
}

fn things() -> Things {
    Things::unary(async |_| Ok(Response::new(now())))
        // Each is made when it is read.
        .stream(|_| tokio_stream::iter([(); 2]).map(|()| Ok(now())))
}

#[tokio::test]
async fn a_call_works_for_its_tenant_until_its_stream_ends() {
    let server = start(&["--mesh=linkerd", "--tenant=namespace"], things()).await;
    let channel = server.channel();
    for tenant in ["one", "other"] {
        let answer = call(&channel, GET, of(tenant)).await.unwrap();
        assert_eq!(answer.into_inner(), tenant);
        let mut stream = open(&channel, WATCH, of(tenant)).await.unwrap();
        for _ in 0..2 {
            let told = stream.message().await.unwrap();
            assert_eq!(told.as_deref(), Some(tenant));
        }
    }
    let server = start(&["--mesh=linkerd"], things()).await;
    let answer = call(&server.channel(), GET, of("one")).await.unwrap();
    assert_eq!(answer.into_inner(), "nobody");
}

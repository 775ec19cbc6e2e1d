//{% capture source %}§{% raw %}
//! For whom the upstream is called: the order's tenant, also when nobody waits any more.

use std::time::Duration;

use rustix::process::Signal;
use service::proto::acme::order::v1 as orders;
use tempfile::TempDir;
use tonic::Request;

use super::{Inventory, cancel, update};
use crate::helpers::create_request;

const BY_NAMESPACE: [&str; 2] = ["--mesh=linkerd", "--tenant=namespace"];

fn of<T>(namespace: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let id = format!("web.{namespace}.serviceaccount.identity.linkerd.cluster.local");
    let metadata = request.metadata_mut();
    metadata.insert("l5d-client-id", id.parse().unwrap());
    // What a caller says is no word of this service.
    metadata.insert("x-tenant", "invented".parse().unwrap());
    request
}

impl Inventory {
    /// For whom each of its calls was, since this was asked last.
    fn told(&self) -> Vec<Option<String>> {
        let calls = std::mem::take(&mut self.script().calls);
        (calls.into_iter())
            .map(|call| {
                let told: Vec<_> = call.metadata.get_all("x-tenant").iter().collect();
                assert!(told.len() <= 1, "{told:?}");
                told.first().map(|it| it.to_str().unwrap().to_owned())
            })
            .collect()
    }
}

fn is_all_of(told: &[Option<String>], tenant: &str) -> bool {
    !told.is_empty() && told.iter().all(|it| it.as_deref() == Some(tenant))
}

#[tokio::test]
async fn every_call_is_for_the_orders_tenant() {
    let inventory = Inventory::with_pencils();
    let server = inventory.serve_with(TempDir::new().unwrap(), &BY_NAMESPACE);
    let server = server.await;
    let mut client = server.client().await;
    for tenant in ["acme", "rival"] {
        let create = of(tenant, create_request("alice"));
        let order = client.create_order(create).await.unwrap().into_inner();
        assert!(is_all_of(&inventory.told(), tenant));
        // More in the call, less after it, without a caller.
        for (pencils, left) in [(5, 5), (1, 9)] {
            let update = of(tenant, update(&order, pencils));
            client.update_order(update).await.unwrap();
            inventory.leaves(left).await;
        }
        assert!(is_all_of(&inventory.told(), tenant));
        let cancel = of(tenant, cancel(&order));
        client.cancel_order(cancel).await.unwrap();
        inventory.leaves(10).await;
        assert!(is_all_of(&inventory.told(), tenant));
    }
}

#[tokio::test]
async fn what_a_crash_left_is_given_back_for_whom_it_was_asked() {
    for request_id in [String::new(), uuid::Uuid::new_v4().to_string()] {
        let inventory = Inventory::with_pencils();
        let server = inventory.serve_with(TempDir::new().unwrap(), &BY_NAMESPACE);
        let server = server.await;
        let mut client = server.client().await;
        inventory.script().delay = Duration::from_mins(1);
        let request = orders::CreateOrderRequest {
            request_id,
            ..create_request("alice")
        };
        let creating = tokio::spawn(async move { client.create_order(of("acme", request)).await });
        inventory.leaves(7).await;
        server.signal(Signal::KILL);
        let (_, dir) = server.ended().await;
        creating.await.unwrap().unwrap_err();
        assert!(is_all_of(&inventory.told(), "acme"));
        inventory.script().delay = Duration::ZERO;
        let _server = inventory.serve_with(dir, &BY_NAMESPACE).await;
        inventory.leaves(10).await;
        assert!(is_all_of(&inventory.told(), "acme"));
    }
}

#[tokio::test]
async fn without_tenants_nobody_is_told_of_one() {
    let inventory = Inventory::with_pencils();
    let server = inventory.serve_with(TempDir::new().unwrap(), &["--mesh=linkerd"]);
    let server = server.await;
    let mut client = server.client().await;
    let create = of("acme", create_request("alice"));
    client.create_order(create).await.unwrap();
    assert_eq!(inventory.told(), [None]);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

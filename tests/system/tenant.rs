//{% capture source %}§{% raw %}
//! Nothing crosses between tenants: every rpc, asked by each who might, from each side.

mod speaking;

use std::fmt::Write as _;

use service::proto::acme::order::v1 as pb;
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::helpers::{Client, Server, create_request};

const BY_NAMESPACE: [&str; 3] = [
    "--mesh=linkerd",
    "--tenant=namespace",
    "--overseers=acme/support,rival/support",
];

/// The sides of the table: whose it is, and who is the other one.
const SIDES: [[&str; 2]; 2] = [["acme", "rival"], ["rival", "acme"]];

/// The columns of the table: in whose namespace one is (0: its own, 1: the other), and
/// as whom. The last ones are nobody's: whom nobody names, and one of another trust
/// domain.
const ASKERS: [(&str, Option<usize>, &str); 7] = [
    ("itself", Some(0), "web"),
    ("a colleague", Some(0), "batch"),
    ("its overseer", Some(0), "support"),
    ("the other's namesake", Some(1), "web"),
    ("the other's overseer", Some(1), "support"),
    ("nobody", None, ""),
    (
        "a stranger",
        None,
        "web.acme.serviceaccount.identity.linkerd.evil.test",
    ),
];

#[derive(Clone)]
struct Asker(String);

impl Asker {
    fn of(namespace: &str, account: &str) -> Self {
        Self(format!(
            "{account}.{namespace}.serviceaccount.identity.linkerd.cluster.local"
        ))
    }

    fn on(side: [&str; 2], (_, tenant, account): (&str, Option<usize>, &str)) -> Self {
        match tenant {
            Some(tenant) => Self::of(side[tenant], account),
            None => Self(account.to_owned()),
        }
    }

    fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if !self.0.is_empty() {
            let metadata = request.metadata_mut();
            metadata.insert("l5d-client-id", self.0.parse().unwrap());
        }
        request
    }

    async fn creates(&self, client: &mut Client, customer: &str) -> pb::Order {
        let created = client.create_order(self.asks(create_request(customer)));
        created.await.unwrap().into_inner()
    }
}

/// A cell of the table: the code, and for those who are not told more, the reason.
fn cell<T>(answer: Result<T, Status>, good: impl FnOnce(T) -> &'static str) -> String {
    match answer {
        Ok(answer) => good(answer).to_owned(),
        Err(status) => {
            use tonic_types::StatusExt as _;
            let details = status.get_error_details();
            let reason = details.error_info().map(|info| info.reason.clone());
            let fields: Vec<_> = (details.bad_request().into_iter())
                .flat_map(|it| it.field_violations.iter().map(|it| it.field.clone()))
                .collect();
            if fields.is_empty() {
                reason.unwrap_or_default()
            } else {
                format!("wrong {}", fields.join(", "))
            }
        }
    }
}

async fn create(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let request = create_request("alice");
    let first = client.create_order(owner.asks(request.clone())).await;
    let first = first.unwrap().into_inner();
    let again = client.create_order(asker.asks(request)).await;
    cell(again, |again| {
        if again.into_inner().name == first.name {
            "the same order"
        } else {
            "one of its own"
        }
    })
}

async fn get(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let name = owner.creates(client, "alice").await.name;
    let got = client.get_order(asker.asks(pb::GetOrderRequest { name }));
    cell(got.await, |_| "it")
}

async fn list(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let name = owner.creates(client, "listed").await.name;
    let message = pb::ListOrdersRequest {
        filter: "customer = listed".to_owned(),
        page_size: 100,
        order_by: "create_time desc".to_owned(),
        ..Default::default()
    };
    let listed = client.list_orders(asker.asks(message)).await;
    cell(listed, |page| {
        let mut names = page.into_inner().orders.into_iter();
        if names.any(|order| order.name == name) {
            "listed"
        } else {
            "not listed"
        }
    })
}

async fn next_page(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    for _ in 0..2 {
        owner.creates(client, "paged").await;
    }
    let first = pb::ListOrdersRequest {
        filter: "customer = paged".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let page = client.list_orders(owner.asks(first.clone())).await.unwrap();
    let next = pb::ListOrdersRequest {
        page_token: page.into_inner().next_page_token,
        ..first
    };
    let page = client.list_orders(asker.asks(next)).await;
    cell(page, |_| "the next page")
}

async fn update(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let order = owner.creates(client, "alice").await;
    let changed = pb::Order {
        name: order.name.clone(),
        note: "changed".to_owned(),
        ..Default::default()
    };
    let update = pb::UpdateOrderRequest {
        order: Some(changed),
        update_mask: None,
    };
    let answer = client.update_order(asker.asks(update)).await;
    let told = cell(answer, |_| "changed");
    let get = owner.asks(pb::GetOrderRequest { name: order.name });
    let now = client.get_order(get).await.unwrap().into_inner();
    assert_eq!(now.note == "changed", told == "changed");
    told
}

async fn cancel(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let name = owner.creates(client, "alice").await.name;
    let cancel = pb::CancelOrderRequest {
        name: name.clone(),
        etag: String::new(),
    };
    let answer = client.cancel_order(asker.asks(cancel)).await;
    let told = cell(answer, |_| "cancelled");
    let get = owner.asks(pb::GetOrderRequest { name });
    let now = client.get_order(get).await.unwrap().into_inner();
    assert_eq!(
        now.state() == pb::order::State::Cancelled,
        told == "cancelled"
    );
    told
}

/// Whether it is told before one's own, which comes after it.
async fn watch(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let watch = client.watch_orders(asker.asks(pb::WatchOrdersRequest::default()));
    let mut watch = match watch.await {
        Ok(watch) => watch.into_inner(),
        Err(status) => return cell::<()>(Err(status), |()| ""),
    };
    watch.message().await.unwrap().unwrap();
    let theirs = owner.creates(client, "alice").await.name;
    let own = asker.creates(client, "marker").await.name;
    let mut seen = Vec::new();
    while !seen.contains(&own) {
        let response = watch.message().await.unwrap().unwrap();
        seen.extend(response.order.map(|order| order.name));
    }
    if seen.contains(&theirs) {
        "told".to_owned()
    } else {
        "not told".to_owned()
    }
}

async fn resume(client: &mut Client, owner: &Asker, asker: &Asker) -> String {
    let watch = client.watch_orders(owner.asks(pb::WatchOrdersRequest::default()));
    let bookmark = watch.await.unwrap().into_inner().message().await.unwrap();
    let resume = pb::WatchOrdersRequest {
        resume_token: bookmark.unwrap().resume_token,
        ..Default::default()
    };
    cell(client.watch_orders(asker.asks(resume)).await, |_| "goes on")
}

/// All of it as a table of Markdown, the same from each side.
async fn table(server: &Server) -> String {
    let mut client = server.client().await;
    let client = &mut client;
    let mut sides = Vec::new();
    for side in SIDES {
        let owner = Asker::of(side[0], "web");
        let mut rows = String::from("| Of an order of `web` |");
        for (asker, ..) in ASKERS {
            write!(rows, " {asker} |").unwrap();
        }
        rows += "\n|---|";
        rows += &"---|".repeat(ASKERS.len());
        for rpc in [
            "CreateOrder, its request id",
            "GetOrder",
            "ListOrders",
            "ListOrders, its page token",
            "UpdateOrder",
            "CancelOrder",
            "WatchOrders",
            "WatchOrders, its resume token",
        ] {
            write!(rows, "\n| {rpc} |").unwrap();
            for asker in ASKERS {
                let asker = &Asker::on(side, asker);
                let told = match rpc {
                    "CreateOrder, its request id" => create(client, &owner, asker).await,
                    "GetOrder" => get(client, &owner, asker).await,
                    "ListOrders" => list(client, &owner, asker).await,
                    "ListOrders, its page token" => next_page(client, &owner, asker).await,
                    "UpdateOrder" => update(client, &owner, asker).await,
                    "CancelOrder" => cancel(client, &owner, asker).await,
                    "WatchOrders" => watch(client, &owner, asker).await,
                    _ => resume(client, &owner, asker).await,
                };
                write!(rows, " {told} |").unwrap();
            }
        }
        sides.push(rows);
    }
    assert_eq!(sides[0], sides[1], "one side is told more than the other");
    sides.remove(0)
}

/// The document has the tables that were measured, whole.
fn is_written(heading: &str, table: &str) {
    let document = include_str!("../../docs/tenants.md");
    assert!(
        document.contains(&format!("## {heading}\n\n{table}\n")),
        "docs/tenants.md lacks under \"{heading}\":\n{table}"
    );
}

#[tokio::test]
async fn nothing_crosses_where_each_owns_in_a_file() {
    let server = Server::start_with(&BY_NAMESPACE);
    is_written("Where callers own", &table(&server).await);
}

#[tokio::test]
async fn nothing_crosses_where_tenants_own_in_a_file() {
    let args: Vec<_> = BY_NAMESPACE
        .iter()
        .copied()
        .chain(["--owner=none"])
        .collect();
    let server = Server::start_with(&args);
    is_written("Where tenants own", &table(&server).await);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn nothing_crosses_in_postgres() {
    let store = crate::support::database("tenants on PostgreSQL").unwrap();
    let Some(url) = store else {
        return;
    };
    let dir = tempfile::TempDir::new().unwrap();
    let mut command = crate::helpers::command(dir.path());
    command.args(BY_NAMESPACE).env("STORE", url);
    let server = Server::spawn(dir, &mut command);
    is_written("Where callers own", &table(&server).await);
}

/// What was created before there were tenants is no tenant's, and is there again when
/// there are none.
#[tokio::test]
async fn what_was_there_before_is_no_tenants() {
    let names = async |server: &Server, asker: &Asker| {
        let list = asker.asks(pb::ListOrdersRequest::default());
        let listed = server.client().await.list_orders(list).await.unwrap();
        let orders = listed.into_inner().orders.into_iter();
        orders.map(|order| order.name).collect::<Vec<_>>()
    };
    let web = Asker::of("acme", "web");
    let server = Server::start_with(&["--mesh=linkerd"]);
    let before = web.creates(&mut server.client().await, "alice").await.name;
    let server = Server::start_in(server.stop().await, &BY_NAMESPACE);
    for account in ["web", "support"] {
        let asker = Asker::of("acme", account);
        assert_eq!(names(&server, &asker).await, [""; 0], "{account}");
    }
    let within = web.creates(&mut server.client().await, "alice").await.name;
    let server = Server::start_in(server.stop().await, &["--mesh=linkerd"]);
    assert_eq!(names(&server, &web).await, [before]);
    let server = Server::start_in(server.stop().await, &BY_NAMESPACE);
    assert_eq!(names(&server, &web).await, [within]);
}

/// Health is everybody's.
#[tokio::test]
async fn health_has_no_tenant() {
    let server = Server::start_with(&BY_NAMESPACE);
    let mut client = HealthClient::new(server.channel().await);
    let answer = client.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
}

#[cfg(feature = "rates")]
#[tokio::test]
async fn one_tenants_calls_are_not_anothers() {
    use crate::helpers::refused;
    use tonic::Code;
    let limits = ["--tenant-rate-limit=1", "--tenant-rate-burst=3"];
    let args: Vec<_> = BY_NAMESPACE.iter().copied().chain(limits).collect();
    let server = Server::start_with(&args);
    let mut client = server.client().await;
    let list = |account: &str, namespace| {
        let asker = Asker::of(namespace, account);
        asker.asks(pb::ListOrdersRequest::default())
    };
    // All accounts of a tenant have one limit; a second may pass meanwhile.
    let mut answers = Vec::new();
    for number in 0..6 {
        let request = list(["web", "batch"][number % 2], "acme");
        answers.push(client.list_orders(request).await.map(drop));
    }
    assert!(answers[..3].iter().all(Result::is_ok));
    let limited = answers.into_iter().find_map(Result::err).unwrap();
    let details = refused(&limited, Code::ResourceExhausted, "TENANT_RATE_LIMITED");
    assert!(details.retry_info().is_some());
    client.list_orders(list("web", "rival")).await.unwrap();
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

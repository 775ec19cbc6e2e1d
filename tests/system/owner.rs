//{% capture source %}§{% raw %}
//! What is whose: every rpc, asked by the owner, by another, by somebody whom
//! nobody names and by an overseer.

use service::proto::acme::order::v1 as pb;
use tonic::{Code, Request, Status};

use crate::helpers::{Client, Server, create_request, refused, wrong_fields};
use crate::settings;

const MESH: [&str; 2] = ["--mesh=linkerd", "--overseers=shop/support"];

/// Who asks, by what Linkerd's proxy says, and whether what `web` has is there
/// for them.
const ASKERS: [(&str, bool); 4] = [
    ("web", true),
    ("batch", false),
    ("", false),
    ("support", true),
];

fn by<T>(account: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !account.is_empty() {
        let id = format!("{account}.shop.serviceaccount.identity.linkerd.cluster.local");
        let metadata = request.metadata_mut();
        metadata.insert("l5d-client-id", id.parse().unwrap());
    }
    request
}

async fn create(client: &mut Client, account: &str, customer: &str) -> pb::Order {
    let created = client.create_order(by(account, create_request(customer)));
    created.await.unwrap().into_inner()
}

async fn list(
    client: &mut Client,
    account: &str,
    message: pb::ListOrdersRequest,
) -> Result<pb::ListOrdersResponse, Status> {
    let listed = client.list_orders(by(account, message)).await;
    listed.map(tonic::Response::into_inner)
}

async fn names(client: &mut Client, account: &str, filter: &str) -> Vec<String> {
    let message = pb::ListOrdersRequest {
        filter: filter.to_owned(),
        ..Default::default()
    };
    let listed = list(client, account, message).await.unwrap();
    listed.orders.into_iter().map(|order| order.name).collect()
}

fn update(order: &pb::Order, note: &str, etag: &str) -> pb::UpdateOrderRequest {
    pb::UpdateOrderRequest {
        order: Some(pb::Order {
            name: order.name.clone(),
            note: note.to_owned(),
            etag: etag.to_owned(),
            ..Default::default()
        }),
        update_mask: None,
    }
}

/// An overseer of another trust domain is none.
#[tokio::test]
async fn an_overseer_is_one_of_its_trust_domain() {
    let server = Server::start_with(&MESH);
    let mut client = server.client().await;
    create(&mut client, "web", "alice").await;
    let listed = async |mut client: Client, id: &str| {
        let mut request = Request::new(pb::ListOrdersRequest::default());
        let metadata = request.metadata_mut();
        metadata.insert("l5d-client-id", id.parse().unwrap());
        let listed = client.list_orders(request).await.unwrap();
        listed.into_inner().orders.len()
    };
    for (id, seen) in [
        (
            "support.shop.serviceaccount.identity.linkerd.cluster.local",
            1,
        ),
        ("support.shop.serviceaccount.identity.linkerd.evil.test", 0),
        ("spiffe://cluster.local/ns/shop/sa/support", 1),
        ("spiffe://evil.test/ns/shop/sa/support", 0),
    ] {
        assert_eq!(listed(client.clone(), id).await, seen, "{id}");
    }
}

/// As for a name that nobody has, word by word.
#[track_caller]
fn is_not_there(status: &Status, name: &str) {
    let details = refused(status, Code::NotFound, "NOT_FOUND");
    assert_eq!(status.message(), format!("{name} does not exist"));
    assert_eq!(details.resource_info().unwrap().resource_name, name);
}

async fn by_name(server: &Server) {
    let mut client = server.client().await;
    for (account, sees) in ASKERS {
        let order = create(&mut client, "web", "alice").await;
        let name = order.name.clone();
        let get = pb::GetOrderRequest { name: name.clone() };
        let got = client.get_order(by(account, get)).await;
        // Not even an etag, wrong or right, tells that it is there.
        let stale = client
            .update_order(by(account, update(&order, "x", "v9")))
            .await;
        let updated = client
            .update_order(by(account, update(&order, "y", "v1")))
            .await;
        let cancel = |etag: &str| pb::CancelOrderRequest {
            name: name.clone(),
            etag: etag.to_owned(),
        };
        let stale_cancel = client.cancel_order(by(account, cancel("v9"))).await;
        let cancelled = client.cancel_order(by(account, cancel(""))).await;
        if sees {
            assert_eq!(got.unwrap().into_inner(), order);
            refused(&stale.unwrap_err(), Code::Aborted, "STALE_ETAG");
            assert_eq!(updated.unwrap().into_inner().note, "y");
            refused(&stale_cancel.unwrap_err(), Code::Aborted, "STALE_ETAG");
            assert_eq!(cancelled.unwrap().into_inner().etag, "v3");
        } else {
            for answer in [got, stale, updated, stale_cancel, cancelled] {
                is_not_there(&answer.unwrap_err(), &name);
            }
            let get = pb::GetOrderRequest { name };
            let still = client.get_order(by("web", get)).await.unwrap();
            assert_eq!(still.into_inner(), order);
        }
    }
}

async fn in_lists(server: &Server) {
    let mut client = server.client().await;
    let mut all = Vec::new();
    for _ in 0..2 {
        for (account, _) in ASKERS {
            all.push((account, create(&mut client, account, "lists").await.name));
        }
    }
    for (account, _) in ASKERS {
        for filter in ["customer = lists", "customer = lists AND state = OPEN"] {
            let theirs = |it: &&(&str, String)| account == "support" || it.0 == account;
            let expected: Vec<_> = all.iter().filter(theirs).map(|it| it.1.clone()).collect();
            assert_eq!(
                names(&mut client, account, filter).await,
                expected,
                "{account}"
            );
        }
    }
    // A token is good for whom it was made for.
    let first_page = pb::ListOrdersRequest {
        page_size: 1,
        filter: "customer = lists".to_owned(),
        ..Default::default()
    };
    let listed = list(&mut client, "web", first_page.clone()).await.unwrap();
    let next_page = pb::ListOrdersRequest {
        page_token: listed.next_page_token,
        ..first_page
    };
    for (account, _) in ASKERS {
        let page = list(&mut client, account, next_page.clone()).await;
        if account == "web" {
            assert_eq!(page.unwrap().orders[0].name, all[4].1);
        } else {
            wrong_fields(&page.unwrap_err(), &["page_token"]);
        }
    }
}

async fn in_watches(server: &Server) {
    let mut client = server.client().await;
    let mut watches = Vec::new();
    for (account, sees) in ASKERS {
        let watch = client.watch_orders(by(account, pb::WatchOrdersRequest::default()));
        let mut watch = watch.await.unwrap().into_inner();
        let bookmark = watch.message().await.unwrap().unwrap();
        watches.push((account, sees, watch, bookmark.resume_token));
    }
    let theirs = create(&mut client, "web", "watched").await.name;
    let token_of_web = watches[0].3.clone();
    for (account, sees, mut watch, token) in watches {
        let own = create(&mut client, account, "marker").await.name;
        // What is there comes before one's own, both live and resumed.
        let resume = pb::WatchOrdersRequest {
            resume_token: token,
            ..Default::default()
        };
        let resumed = client.watch_orders(by(account, resume)).await;
        for watch in [&mut watch, &mut resumed.unwrap().into_inner()] {
            let mut seen = Vec::new();
            while !seen.contains(&own) {
                let response = watch.message().await.unwrap().unwrap();
                seen.extend(response.order.map(|order| order.name));
            }
            assert_eq!(seen.contains(&theirs), sees, "{account}");
            assert!(sees || seen == [own.clone()], "{account}: {seen:?}");
        }
        if account != "web" {
            let resume = pb::WatchOrdersRequest {
                resume_token: token_of_web.clone(),
                ..Default::default()
            };
            let status = client.watch_orders(by(account, resume)).await.unwrap_err();
            wrong_fields(&status, &["resume_token"]);
        }
    }
}

async fn in_replays(server: &Server) {
    let mut client = server.client().await;
    let request = create_request("alice");
    let first = client.create_order(by("web", request.clone())).await;
    let first = first.unwrap().into_inner();
    for (account, _) in ASKERS {
        let again = client.create_order(by(account, request.clone())).await;
        let again = again.unwrap().into_inner();
        assert_eq!(again.name == first.name, account == "web", "{account}");
        // Nor does other content tell that the id was used.
        let mut other = create_request("bob");
        other.request_id = uuid::Uuid::new_v4().to_string();
        let used = client.create_order(by("web", other.clone())).await;
        used.unwrap();
        other.order.as_mut().unwrap().note = account.to_owned() + "'s";
        let answer = client.create_order(by(account, other)).await;
        if account == "web" {
            refused(
                &answer.unwrap_err(),
                Code::AlreadyExists,
                "REQUEST_ID_REUSED",
            );
        } else {
            answer.unwrap();
        }
    }
}

async fn each_sees_what_is_theirs(server: &Server) {
    by_name(server).await;
    in_lists(server).await;
    in_watches(server).await;
    in_replays(server).await;
}

#[tokio::test]
async fn each_sees_what_is_theirs_in_a_file() {
    each_sees_what_is_theirs(&Server::start_with(&MESH)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn each_sees_what_is_theirs_in_postgres() {
    let store = crate::support::database("owners on PostgreSQL").unwrap();
    let Some(url) = store else {
        return;
    };
    let dir = tempfile::TempDir::new().unwrap();
    let mut command = crate::helpers::command(dir.path());
    command.args(MESH).env("STORE", url);
    each_sees_what_is_theirs(&Server::spawn(dir, &mut command)).await;
}

#[tokio::test]
async fn owners_can_be_off_and_on_again() {
    let server = Server::start_with(&["--mesh=linkerd", "--owner=none"]);
    let mut client = server.client().await;
    let order = create(&mut client, "web", "alice").await;
    assert_eq!(names(&mut client, "batch", "").await, [order.name.as_str()]);
    let updated = client
        .update_order(by("", update(&order, "mine now", "")))
        .await;
    assert_eq!(updated.unwrap().into_inner().note, "mine now");
    drop(client);

    // Who placed it was kept.
    let server = Server::start_in(server.stop().await, &MESH);
    let mut client = server.client().await;
    assert_eq!(names(&mut client, "batch", "").await, [""; 0]);
    assert_eq!(names(&mut client, "web", "").await, [order.name]);
}

/// Those of before owners were kept are nobody's.
#[tokio::test]
async fn what_was_there_before_is_nobodys() {
    let server = Server::start_with(&MESH);
    let order = create(&mut server.client().await, "web", "alice").await;
    let dir = server.stop().await;
    let database = rusqlite::Connection::open(dir.path().join("data.db")).unwrap();
    database
        .execute("UPDATE order_records SET owner = ''", [])
        .unwrap();
    drop(database);
    let server = Server::start_in(dir, &MESH);
    let mut client = server.client().await;
    for (account, sees) in [
        ("web", false),
        ("batch", false),
        ("", true),
        ("support", true),
    ] {
        let listed = names(&mut client, account, "").await;
        assert_eq!(listed.contains(&order.name), sees, "{account}");
    }
}

#[test]
fn what_nobody_would_tell_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    for (args, word) in [
        (&["--owner=caller"][..], "--tls-client-ca"),
        (&["--owner=token-subject"], "--jwt-issuer"),
        (&["--owner=caller", "--mesh=istio-ambient"], "--mesh"),
        (&["--overseers=shop/support"], "--tls-client-ca"),
        (
            &["--overseers=support", "--mesh=istio"],
            "namespace/account",
        ),
        (
            &[r#"--overseer-claims={"role": ["admin"]}"#],
            "--jwt-issuer",
        ),
        (&["--owner=me"], "token-subject"),
    ] {
        let setting = args[0].split('=').next().unwrap();
        settings::refused(&settings::run(&dir, args, &[]), 64, &[setting, word]);
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

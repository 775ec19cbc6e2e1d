//{% capture source %}§{% raw %}
//! Calls that end in the middle, and an inventory that is away: what is reserved
//! becomes what is needed.

use std::time::Duration;

use rustix::process::Signal;
use service::proto::acme::order::v1 as orders;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{Inventory, cancel, update, with_pencils};
use crate::helpers::{Client, Server, create, create_request, refused};

#[tokio::test]
async fn what_is_cancelled_while_the_inventory_is_away_is_released_later() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    inventory.script().away = true;
    let cancelled = client.cancel_order(cancel(&order)).await.unwrap();
    assert_eq!(
        cancelled.into_inner().state(),
        orders::order::State::Cancelled
    );

    server.signal(Signal::KILL);
    let (_, dir) = server.ended().await;
    assert_eq!(inventory.left(), 7);
    inventory.script().away = false;
    let _server = inventory.serve(dir).await;
    inventory.leaves(10).await;
}

/// Whichever of two comes first, of those that are taken together.
#[tokio::test]
async fn what_is_refused_for_good_holds_up_no_other() {
    for refused in [1, 2] {
        let (server, inventory) = with_pencils().await;
        let mut client = server.client().await;
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.push(create(&mut client, "alice").await);
        }
        // Who settles waits for the first one's answer, so that two are owed at once.
        inventory.script().delay = Duration::from_mins(1);
        client.cancel_order(cancel(&orders[0])).await.unwrap();
        inventory.leaves(4).await;
        for order in &orders[1..] {
            client.cancel_order(cancel(order)).await.unwrap();
        }
        server.signal(Signal::KILL);
        let (_, dir) = server.ended().await;
        {
            let mut script = inventory.script();
            script.refused = Some(script.calls[refused].reservation.clone());
            script.delay = Duration::ZERO;
        }
        let _server = inventory.serve(dir).await;
        inventory.leaves(7).await;
    }
}

#[tokio::test]
async fn what_a_crash_left_reserved_is_released() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    inventory.script().delay = Duration::from_mins(1);
    let request = create_request("alice");
    let creating = tokio::spawn(async move { client.create_order(request).await });
    inventory.leaves(7).await;
    server.signal(Signal::KILL);
    let (_, dir) = server.ended().await;
    creating.await.unwrap().unwrap_err();

    inventory.script().delay = Duration::ZERO;
    let server = inventory.serve(dir).await;
    inventory.leaves(10).await;
    let all = orders::ListOrdersRequest::default();
    let listed = server.client().await.list_orders(all).await.unwrap();
    assert!(listed.into_inner().orders.is_empty());
}

/// Stock for one, which the attempt before may hold already.
#[tokio::test]
async fn a_repeated_create_finds_its_own_reservation() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    inventory
        .script()
        .shelf
        .stock
        .insert("pencil".to_owned(), 3);
    {
        let mut script = inventory.script();
        script.answers = vec![Status::internal("the answer is lost")];
        script.answers_are_lost = true;
    }
    let request = create_request("alice");
    let lost = client.create_order(request.clone()).await.unwrap_err();
    refused(&lost, Code::Unavailable, "INVENTORY_UNAVAILABLE");
    let created = client.create_order(request.clone()).await.unwrap();
    let again = client.create_order(request).await.unwrap();
    assert_eq!(created.into_inner(), again.into_inner());
    inventory.leaves(0).await;
}

#[tokio::test]
async fn an_update_that_ends_in_the_middle_changes_nothing() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    for are_lost in [true, false] {
        {
            let mut script = inventory.script();
            script.answers = vec![Status::internal("the answer is lost")];
            script.answers_are_lost = are_lost;
        }
        let lost = client.update_order(update(&order, 8)).await.unwrap_err();
        refused(&lost, Code::Unavailable, "INVENTORY_UNAVAILABLE");
        let get = orders::GetOrderRequest {
            name: order.name.clone(),
        };
        assert_eq!(client.get_order(get).await.unwrap().into_inner(), order);
        inventory.leaves(7).await;
    }
}

/// Many calls at once, some of which end anywhere: in the end each one that is open
/// holds what it needs, and all others hold nothing.
async fn any_end(server: &Server, inventory: &Inventory) {
    const EACH: i32 = 12;
    inventory
        .script()
        .shelf
        .stock
        .insert("pencil".to_owned(), 1_000);
    let mut client = server.client().await;
    let mut placed = Vec::new();
    for _ in 0..4 {
        placed.push(create(&mut client, "alice").await);
    }
    let mut calls = JoinSet::new();
    for (number, order) in placed.iter().enumerate() {
        for turn in 0..EACH {
            let (mut client, order) = (client.clone(), order.clone());
            calls.spawn(async move {
                let done = match turn {
                    // All but the first are cancelled on the way.
                    7 if number > 0 => client.cancel_order(cancel(&order)).await,
                    _ => client.update_order(update(&order, turn * 3 % 11 + 1)).await,
                };
                drop(done);
            });
        }
        let mut script = inventory.script();
        script.answers_are_lost = number % 2 == 0;
        script
            .answers
            .extend((0..6).map(|_| Status::internal("lost")));
    }
    calls.join_all().await;
    inventory.script().answers.clear();
    inventory.leaves(1_000 - needed(&mut client).await).await;
    let open = |order: &&orders::Order| order.state() == orders::order::State::Open;
    assert_eq!(all(&mut client).await.iter().filter(open).count(), 1);
}

async fn all(client: &mut Client) -> Vec<orders::Order> {
    let all = orders::ListOrdersRequest::default();
    client.list_orders(all).await.unwrap().into_inner().orders
}

async fn needed(client: &mut Client) -> i32 {
    (all(client).await.iter())
        .filter(|order| order.state() == orders::order::State::Open)
        .flat_map(|order| &order.items)
        .map(|item| item.quantity)
        .sum()
}

#[tokio::test]
async fn any_end_is_settled_in_a_file() {
    let (server, inventory) = with_pencils().await;
    any_end(&server, &inventory).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn any_end_is_settled_in_postgres() {
    let store = crate::support::database("stock on PostgreSQL").unwrap();
    let Some(url) = store else {
        return;
    };
    let inventory = Inventory::with_pencils();
    let endpoint = format!("http://{}", inventory.start().await);
    let dir = tempfile::TempDir::new().unwrap();
    let mut command = crate::helpers::command(dir.path());
    command
        .args(["--inventory-endpoint", &endpoint])
        .arg("--inventory-settle-after=300ms")
        .env("STORE", url);
    any_end(&Server::spawn(dir, &mut command), &inventory).await;
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

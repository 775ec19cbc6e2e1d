//! What the page knows of messages is what the .proto files have.
#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use page::wire::{Article, LineItem, Money, Order, Orders, Stock, Watched};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn pool() -> DescriptorPool {
    let files = ["acme/inventory/v1/stock.proto", "acme/order/v1/order.proto"];
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folders = ["proto", "../proto", "../crates/contract/protos"];
    let folders = folders.map(|it| format!("{root}/{it}"));
    DescriptorPool::from_file_descriptor_set(protox::compile(files, folders).unwrap()).unwrap()
}

/// The message of that name takes `value` as it is written, knows every field, and says
/// the same.
#[track_caller]
fn is<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, value: &T) {
    let message = pool().get_message_by_name(name).unwrap();
    let json = serde_json::to_value(value).unwrap();
    let message = DynamicMessage::deserialize(message, &json).unwrap();
    let fields = json.as_object().unwrap();
    assert_eq!(message.fields().count(), fields.len(), "{name}: {json}");
    let said = serde_json::to_value(&message).unwrap();
    assert_eq!(&serde_json::from_value::<T>(said).unwrap(), value, "{name}");
}

fn order() -> Order {
    Order {
        name: "orders/1".to_owned(),
        customer: "alice".to_owned(),
        items: vec![LineItem {
            sku: "pencil".to_owned(),
            quantity: 3,
            unit_price: Money::cents(125),
        }],
        total: Some(Money::cents(375)),
        state: "STATE_OPEN".to_owned(),
        create_time: Some("2026-11-23T23:58:24.340002365Z".to_owned()),
    }
}

#[test]
fn messages_are_those_of_the_proto_files() {
    is("google.type.Money", &Money::cents(375));
    is("acme.order.v1.LineItem", &order().items[0]);
    is("acme.order.v1.Order", &order());
    let orders = vec![order()];
    is("acme.order.v1.ListOrdersResponse", &Orders { orders });
    let order = Some(order());
    is("acme.order.v1.WatchOrdersResponse", &Watched { order });
    let articles = vec![Article {
        sku: "ink".to_owned(),
        left: "25".to_owned(),
    }];
    is("acme.inventory.v1.Article", &articles[0]);
    is("acme.inventory.v1.ListStockResponse", &Stock { articles });
}

#[test]
fn states_are_those_that_there_are() {
    let states = pool()
        .get_enum_by_name("acme.order.v1.Order.State")
        .unwrap();
    for (name, is_open) in [("STATE_OPEN", true), ("STATE_CANCELLED", false)] {
        assert!(states.get_value_by_name(name).is_some(), "{name}");
        let state = name.to_owned();
        assert_eq!(Order { state, ..order() }.is_open(), is_open);
    }
    assert_eq!(order().total.unwrap().shown(), "3.75 EUR");
}

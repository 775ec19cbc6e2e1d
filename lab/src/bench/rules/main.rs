//! `checks time ROUNDS CALLS`: nanoseconds a check, a line for each round.
//! `checks count WHICH NUMBER`: carries out so many, to be counted.

use std::env;
use std::hint::black_box;
use std::time::Instant;

use chassis_validate::validate;

mod by_hand;
mod stood;
#[allow(warnings)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto.rs"));
    include!(concat!(env!("OUT_DIR"), "/validators.rs"));
}

use proto::acme::order::v1::{CreateOrderRequest, GetOrderRequest, LineItem, Order};
use proto::google::r#type::Money;

/// As many as a server looks for.
const MOST: usize = 40;

/// A check that finds nothing.
type Check = Box<dyn Fn()>;

/// Two positions, a note and a request id.
fn create_request() -> CreateOrderRequest {
    let item = |sku: &str, quantity, units| LineItem {
        sku: sku.to_owned(),
        quantity,
        unit_price: Some(Money {
            currency_code: "EUR".to_owned(),
            units,
            nanos: 990_000_000,
        }),
    };
    CreateOrderRequest {
        order: Some(Order {
            customer: "customer-17".to_owned(),
            items: vec![item("tea-1kg", 2, 12), item("kettle", 1, 39)],
            note: "leave it with the neighbours, please".to_owned(),
            ..Order::default()
        }),
        request_id: "0a9b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3".to_owned(),
    }
}

fn checks() -> [(&'static str, Check); 5] {
    let create = create_request();
    let name = "orders/0a9b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3".to_owned();
    let get = GetOrderRequest { name };
    let (also_create, also_get) = (create.clone(), get.clone());
    let stood_create = create.clone();
    [
        (
            "create-rules",
            Box::new(move || assert!(validate(black_box(&create), MOST).is_empty())),
        ),
        (
            "create-by-hand",
            Box::new(move || assert!(by_hand::create(black_box(&also_create)).is_empty())),
        ),
        (
            "create-stood",
            Box::new(move || assert!(stood::create(black_box(&stood_create)))),
        ),
        (
            "get-rules",
            Box::new(move || assert!(validate(black_box(&get), MOST).is_empty())),
        ),
        (
            "get-by-hand",
            Box::new(move || assert!(by_hand::get(black_box(&also_get)).is_empty())),
        ),
    ]
}

/// Both sides refuse the same.
fn agree() {
    type Spoil = fn(&mut CreateOrderRequest);
    let spoils: [Spoil; 8] = [
        |it| it.order = None,
        |it| it.request_id = "1".to_owned(),
        |it| it.order.get_or_insert_default().customer = "a b".to_owned(),
        |it| it.order.get_or_insert_default().items.clear(),
        |it| it.order.get_or_insert_default().note = "x".repeat(1_001),
        |it| it.order.get_or_insert_default().items[1].quantity = 0,
        |it| it.order.get_or_insert_default().items[1].unit_price = None,
        |it| {
            let item = &mut it.order.get_or_insert_default().items[0];
            item.unit_price.get_or_insert_default().currency_code = "eur".to_owned();
        },
    ];
    for (index, spoil) in spoils.iter().enumerate() {
        let mut request = create_request();
        spoil(&mut request);
        let by_rules = validate(&request, MOST);
        assert!(!by_rules.is_empty(), "rules: {index}");
        assert!(!by_hand::create(&request).is_empty(), "by hand: {index}");
        assert!(!stood::create(&request), "as it stood: {index}");
    }
    let nameless = GetOrderRequest::default();
    assert!(!validate(&nameless, MOST).is_empty() && !by_hand::get(&nameless).is_empty());
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| -> u64 { arguments[at].parse().expect("a number") };
    let checks = checks();
    match arguments[0].as_str() {
        "time" => {
            agree();
            let (rounds, calls) = (number(1), number(2));
            for round in 0..=rounds {
                let mut line = Vec::new();
                for (name, check) in &checks {
                    let begun = Instant::now();
                    (0..calls).for_each(|_| check());
                    let took = begun.elapsed().as_nanos();
                    line.push(format!("{name} {took}"));
                }
                // The first one is the warm-up.
                if round > 0 {
                    println!("{}", line.join(" "));
                }
            }
        }
        _ => {
            let which = checks.iter().find(|(name, _)| *name == arguments[1]);
            let (_, check) = which.expect("one of the checks");
            (0..number(2)).for_each(|_| check());
        }
    }
}

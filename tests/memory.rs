//{% capture source %}§{% raw %}
//! What a message of each rpc takes in memory, from its bytes alone: no more than
//! is reckoned before it is decoded, and what is let in no more than four times
//! its size. The fuzz target `memory` asks the same of arbitrary bytes.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use chassis::contract::Shape;
use peak_alloc::PeakAlloc;
use prost::Message;
use service::contract::SERVICES;
use service::proto::acme::order::v1 as pb;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// `--max-request-bytes` and `--max-decoded-bytes`.
const LARGEST: usize = 4 << 20;
const DECODED: usize = 1 << 20;
/// What any message takes.
const ALONE: usize = 4 << 10;

/// Each field that a message could have, empty or with one such within.
fn pieces() -> Vec<Vec<u8>> {
    let keys = || (1_u8..=9).map(|number| (number << 3) | 2);
    let mut pieces: Vec<Vec<u8>> = keys().map(|key| vec![key, 0]).collect();
    for key in keys() {
        pieces.push(vec![key, 3, b'a', b'b', b'c']);
        for within in keys() {
            pieces.push(vec![key, 2, within, 0]);
            pieces.push(vec![key, 4, within, 0, within, 0]);
            pieces.extend(keys().map(|deeper| vec![key, 4, within, 2, deeper, 0]));
        }
    }
    pieces
}

/// Each many times, and many times within one field.
fn messages(size: usize, pieces: &[Vec<u8>]) -> impl Iterator<Item = Vec<u8>> {
    pieces.iter().flat_map(move |piece| {
        let many = piece.repeat(size / piece.len());
        let within = [0x0A, 0x12].map(|key| field(key, &many));
        within.into_iter().chain([many])
    })
}

fn field(key: u8, content: &[u8]) -> Vec<u8> {
    let mut message = vec![key];
    prost::encoding::encode_varint(content.len() as u64, &mut message);
    message.extend_from_slice(content);
    message
}

/// Messages of the largest size of which as much grows as is let in, or a little less,
/// where a list has just been made twice as long; the rest is of no field.
fn largest(rpc: &str, piece: &[u8]) -> Vec<Vec<u8>> {
    const FEW: usize = 1_000;
    let Some(shape) = shape(rpc) else {
        return Vec::new();
    };
    let forms: [fn(Vec<u8>) -> Vec<u8>; 3] = [
        |many| many,
        |many| field(0x0A, &many),
        |many| field(0x12, &many),
    ];
    let mut messages = Vec::new();
    for form in forms {
        let each = shape.weigh(&form(piece.repeat(FEW))) / FEW;
        if each < 8 * piece.len() {
            continue;
        }
        let most = (2 * LARGEST + DECODED) / each;
        for count in [most, most.next_power_of_two() / 2 + 1] {
            let mut message = form(piece.repeat(count));
            let rest = LARGEST - message.len() - 8;
            message.extend(field(0x7A, &vec![0; rest]));
            messages.push(message);
        }
    }
    messages
}

fn shape(rpc: &str) -> Option<&'static Shape> {
    let mut methods = SERVICES.iter().flat_map(|service| service.methods);
    let method = methods.find(|method| method.path.ends_with(&format!("/{rpc}")));
    method.unwrap().request
}

/// Checks one message; returns whether it is let in.
fn check<M: Message + Default>(rpc: &str, message: &[u8]) -> bool {
    let weight = shape(rpc).map_or(message.len(), |shape| shape.weigh(message));
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let decoded = M::decode(message);
    let took = MEMORY.peak_usage() - before;
    drop(decoded);
    // A list is there twice while it grows, half of it each time.
    let shown = &message[..message.len().min(16)];
    let reckoned = weight + weight / 2 + ALONE;
    assert!(
        took <= reckoned,
        "{rpc} {shown:x?}: {took} bytes, reckoned {weight}"
    );
    let let_in = weight <= 2 * message.len() + DECODED;
    // What is small may grow by that much besides.
    let besides = if message.len() < LARGEST / 2 {
        3 * DECODED / 2
    } else {
        0
    };
    let most = 4 * message.len() + besides + ALONE;
    assert!(
        !let_in || message.len() + took <= most,
        "{rpc} {shown:x?}: {took} bytes"
    );
    let_in
}

/// One test: memory is the process's.
#[test]
fn no_message_takes_more_than_is_reckoned() {
    what_people_send_is_let_in();
    let mut refused = 0;
    let (all, short) = (
        pieces(),
        pieces().into_iter().filter(|piece| piece.len() == 2),
    );
    let short: Vec<_> = short.collect();
    for (size, pieces) in [(1 << 10, &all), (LARGEST / 4, &short)] {
        for message in messages(size, pieces) {
            let let_in = [
                check::<pb::CreateOrderRequest>("CreateOrder", &message),
                check::<pb::GetOrderRequest>("GetOrder", &message),
                check::<pb::ListOrdersRequest>("ListOrders", &message),
                check::<pb::UpdateOrderRequest>("UpdateOrder", &message),
                check::<pb::CancelOrderRequest>("CancelOrder", &message),
                check::<pb::WatchOrdersRequest>("WatchOrders", &message),
            ];
            refused += let_in.iter().filter(|let_in| !**let_in).count();
        }
    }
    assert!(refused > 0, "none was large enough");

    let (mut made, mut let_in) = (0, 0);
    let mut largest_of = |rpc, check: fn(&str, &[u8]) -> bool| {
        for message in all
            .iter()
            .filter(|it| it.len() <= 4)
            .flat_map(|it| largest(rpc, it))
        {
            made += 1;
            let_in += u32::from(check(rpc, &message));
        }
    };
    largest_of("CreateOrder", check::<pb::CreateOrderRequest>);
    largest_of("GetOrder", check::<pb::GetOrderRequest>);
    largest_of("ListOrders", check::<pb::ListOrdersRequest>);
    largest_of("UpdateOrder", check::<pb::UpdateOrderRequest>);
    largest_of("CancelOrder", check::<pb::CancelOrderRequest>);
    largest_of("WatchOrders", check::<pb::WatchOrdersRequest>);
    assert!(
        made > 3 && let_in > made / 2,
        "{let_in} of {made} are let in"
    );
}

fn what_people_send_is_let_in() {
    let price = service::proto::google::r#type::Money {
        currency_code: "EUR".to_owned(),
        units: 1,
        nanos: 0,
    };
    let item = pb::LineItem {
        sku: "a".to_owned(),
        quantity: 1,
        unit_price: Some(price),
    };
    for items in [0, 1, 100, 3_000] {
        let order = pb::Order {
            customer: "alice".to_owned(),
            items: vec![item.clone(); items],
            ..pb::Order::default()
        };
        let message = pb::CreateOrderRequest {
            order: Some(order),
            request_id: "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f".to_owned(),
        };
        let message = message.encode_to_vec();
        let weight = shape("CreateOrder").unwrap().weigh(&message);
        assert!(weight <= 2 * message.len() + DECODED, "{items}: {weight}");
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

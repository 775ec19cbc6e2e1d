//! Memory that a message of each rpc takes, from the bytes to the answer.
//!
//! Whatever is sent: once it is decoded it takes no more than was reckoned from
//! its bytes, and what is let in takes no more than four times its size.

#![no_main]

mod store;

use std::sync::{Arc, LazyLock};

use aip::grpc::Requesters;
use chassis::contract::Shape;
use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;
use prost::Message;
use service::contract::SERVICES;
use service::order::{Orders, grpc::Api};
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_server::OrderService;
use tokio::runtime::Runtime;
use tonic::{Request, Status};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// `--max-request-bytes` and `--max-decoded-bytes`.
const LARGEST: usize = 4 << 20;
const DECODED: usize = 1 << 20;
/// What a call takes that asks for nothing.
const CALL: usize = 64 << 10;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

static API: LazyLock<Api> = LazyLock::new(|| {
    let store = Arc::new(store::Store::default());
    let orders = Orders::new(store, None);
    Api::new(orders, Requesters::default())
});

fuzz_target!(|input: (u8, u32, &[u8])| {
    let (rpc, times, piece) = input;
    LazyLock::force(&RUNTIME);
    LazyLock::force(&API);
    // What is large is found by what is small, many times.
    let most = LARGEST / piece.len().max(1);
    let message = piece.repeat((times as usize % most.max(1)) + 1);
    match rpc % 6 {
        0 => check::<pb::CreateOrderRequest, _>("CreateOrder", &message, |it| API.create_order(it)),
        1 => check::<pb::GetOrderRequest, _>("GetOrder", &message, |it| API.get_order(it)),
        2 => check::<pb::ListOrdersRequest, _>("ListOrders", &message, |it| API.list_orders(it)),
        3 => check::<pb::UpdateOrderRequest, _>("UpdateOrder", &message, |it| API.update_order(it)),
        4 => check::<pb::CancelOrderRequest, _>("CancelOrder", &message, |it| API.cancel_order(it)),
        _ => check::<pb::WatchOrdersRequest, _>("WatchOrders", &message, |it| API.watch_orders(it)),
    }
});

fn shape(rpc: &str) -> Option<&'static Shape> {
    let mut methods = SERVICES.iter().flat_map(|service| service.methods);
    let method = methods.find(|method| method.path.ends_with(&format!("/{rpc}")));
    method.expect("an rpc of the contract").request
}

fn check<M: Message + Default, R>(
    rpc: &str,
    message: &[u8],
    call: impl AsyncFnOnce(Request<M>) -> Result<R, Status>,
) {
    let weight = shape(rpc).map_or(message.len(), |shape| shape.weigh(message));
    let (decoded, took) = measure(|| M::decode(message));
    // A list is there twice while it grows, half of it each time.
    let reckoned = weight + weight / 2 + size_of::<M>() + CALL;
    assert!(took <= reckoned, "{rpc}: {took} bytes instead of {weight}");
    let Ok(decoded) = decoded else { return };
    if weight > 2 * message.len() + DECODED {
        return;
    }
    let (_, more) = measure(|| drop(RUNTIME.block_on(call(Request::new(decoded)))));
    let took = message.len() + took.max(weight + more);
    // What is small may grow by that much besides.
    let besides = if message.len() < LARGEST / 2 {
        3 * DECODED / 2
    } else {
        0
    };
    let most = 4 * message.len() + besides + CALL;
    assert!(took <= most, "{rpc}: {took} bytes for {}", message.len());
}

/// How many bytes more than before there were at once.
fn measure<T>(work: impl FnOnce() -> T) -> (T, usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let done = work();
    (done, MEMORY.peak_usage().saturating_sub(before))
}

//! Arbitrary bytes as the message of every rpc, from the codec to the store.

#![no_main]

mod store;

use std::sync::{Arc, LazyLock};

use aip::grpc::Requesters;
use chassis::validate::{Validate, validate};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use service::order::Orders;
use service::order::grpc::Api;
use service::proto::acme::order::v1::order_service_server::OrderService;
use tokio::runtime::Runtime;
use tonic::{Code, Request, Status};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

static API: LazyLock<Api> = LazyLock::new(|| {
    let store = Arc::new(store::Store::default());
    let orders = Orders::new(store, None);
    Api::new(orders, Requesters::default())
});

fuzz_target!(|input: (u8, &[u8])| {
    let (rpc, bytes) = input;
    let answer = RUNTIME.block_on(call(rpc, bytes));
    if let Err(status) = answer {
        assert!(!blames_us(status.code()), "{status:?}");
        assert!(status.details().len() < 8_192, "{status:?}");
    }
});

/// Codes that would hide a caller's mistake behind a fault of ours.
fn blames_us(code: Code) -> bool {
    matches!(code, Code::Internal | Code::Unknown | Code::DataLoss)
}

async fn call(rpc: u8, bytes: &[u8]) -> Result<(), Status> {
    match rpc % 6 {
        0 => drop(API.create_order(message(bytes)?).await?),
        1 => drop(API.get_order(message(bytes)?).await?),
        2 => drop(API.list_orders(message(bytes)?).await?),
        3 => drop(API.update_order(message(bytes)?).await?),
        4 => drop(API.cancel_order(message(bytes)?).await?),
        _ => drop(API.watch_orders(message(bytes)?).await?),
    }
    Ok(())
}

/// Also what breaks a rule of the .proto: a handler that sees it must not panic.
fn message<M: Message + Default + Validate>(bytes: &[u8]) -> Result<Request<M>, Status> {
    let message = M::decode(bytes).map_err(|_| Status::invalid_argument("malformed"))?;
    let _ = validate(&message, 40);
    Ok(Request::new(message))
}

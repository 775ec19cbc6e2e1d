//! Floods of what is in messages: what they are decoded to, and what they ask for.

use std::sync::Arc;
use std::time::Duration;

use aip::{Filter, Requester, token};
use bytes::Bytes;
use prost::Message;
use prost::encoding::encode_varint;
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use store::Position as EventPosition;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Attacker, LAST, LIST, streams};
use crate::resilience::floods::frame::{
    DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, PREFACE, WINDOW_UPDATE, push,
    request, settings,
};

const UPDATE: &str = "/acme.order.v1.OrderService/UpdateOrder";
const WATCH: &str = "/acme.order.v1.OrderService/WatchOrders";

/// gRPC's five bytes and the message.
fn framed(message: &impl Message) -> Vec<u8> {
    framed_as(&message.encode_to_vec())
}

fn framed_as(message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    framed.extend(len.to_be_bytes());
    framed.extend(message);
    framed
}

/// An update of so many paths without a letter. Written by hand: whoever made
/// millions of strings would hold up those who look whether they are served.
fn masked(paths: usize) -> Bytes {
    // Field 1 of `FieldMask`, of no length, in field 2 of the request.
    let mask = [0x0a, 0].repeat(paths);
    let mut update = vec![0x12];
    encode_varint(mask.len().try_into().unwrap_or(u64::MAX), &mut update);
    update.extend(mask);
    framed_as(&update).into()
}

/// As many as a message has room for, and as many as are let in.
pub(in super::super) async fn decoded_size(attacker: Arc<Attacker>) {
    let messages = [masked(2_000_000), masked(16_000)];
    while !attacker.is_over() {
        let Some(stream) = attacker.open().await else {
            continue;
        };
        let Ok((mut calls, connection)) = h2::client::handshake(stream).await else {
            continue;
        };
        let calling = async {
            for message in messages.iter().cycle() {
                let Ok(ready) = calls.clone().ready().await else {
                    break;
                };
                calls = ready;
                let call = http::Request::post(format!("http://localhost{UPDATE}"))
                    .header("content-type", "application/grpc")
                    .header("te", "trailers")
                    .body(());
                let Ok(Ok((answer, mut body))) = call.map(|it| calls.send_request(it, false))
                else {
                    break;
                };
                attacker.count(1);
                // Refused before its end perhaps.
                let _ = body.send_data(message.clone(), true);
                let answer = tokio::time::timeout(Duration::from_millis(200), answer);
                drop(answer.await);
            }
        };
        tokio::select! {
            _ = connection => {}
            () = calling => {}
            () = tokio::time::sleep_until(attacker.until.into()) => {}
        }
    }
}

/// Asks for all there is, over and over, after making it much.
pub(in super::super) async fn full_windows(attacker: Arc<Attacker>) {
    let _ = fill(&attacker).await;
    while !attacker.is_over() {
        if let Some(stream) = attacker.open().await {
            let _ = take_nothing(&attacker, stream).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Makes some that are as large as they may be.
async fn fill(attacker: &Attacker) -> anyhow::Result<()> {
    let mut client = OrderServiceClient::connect(format!("http://{}", attacker.address)).await?;
    for number in 0..4 {
        let mut large = crate::resilience::request(number);
        if let Some(order) = &mut large.order {
            order.items = vec![order.items[0].clone(); 100];
            for item in &mut order.items {
                item.sku = "s".repeat(64);
            }
            order.note = "n".repeat(1_000);
        }
        client.create_order(large).await?;
    }
    Ok(())
}

async fn take_nothing(
    attacker: &Attacker,
    mut stream: tokio::net::TcpStream,
) -> std::io::Result<()> {
    let mut batch = PREFACE.to_vec();
    settings(&mut batch, &[(INITIAL_WINDOW_SIZE, LAST)]);
    let more = (LAST - 65_535).to_be_bytes();
    push(&mut batch, WINDOW_UPDATE, 0, 0, &more);
    let watch = framed(&pb::WatchOrdersRequest {
        resume_token: token::watch(&Requester::default(), &Filter::default(), EventPosition(0)),
        ..pb::WatchOrdersRequest::default()
    });
    let list = framed(&pb::ListOrdersRequest {
        page_size: 100,
        ..pb::ListOrdersRequest::default()
    });
    for (number, id) in streams().take(40).enumerate() {
        let (path, message) = if number % 4 == 0 {
            (LIST, &list)
        } else {
            (WATCH, &watch)
        };
        push(&mut batch, HEADERS, END_HEADERS, id, &request(path));
        push(&mut batch, DATA, END_STREAM, id, message);
    }
    stream.write_all(&batch).await?;
    attacker.count(80);
    // A little at a time, so that the connection is alive.
    let mut little = [0; 16];
    while !attacker.is_over() && stream.read(&mut little).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

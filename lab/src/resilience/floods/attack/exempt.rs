//! Floods of calls that need neither a place nor a token.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::{Attacker, Wire, streams};
use crate::resilience::floods::frame::{DATA, END_HEADERS, END_STREAM, HEADERS, push, request};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// Calls that a connection may have open, and those that it begins each second
/// afterwards: what ended makes room.
const FIRST: usize = 250;
const MORE: usize = 25;
const PAUSE: Duration = Duration::from_secs(1);

pub(in super::super) async fn endless_checks(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let call = request(CHECK);
    begin(attacker, wire, |to, stream| {
        push(to, HEADERS, END_HEADERS, stream, &call);
        // Says that a few bytes are to come.
        push(to, DATA, 0, stream, &[0, 0, 0, 0, 9]);
    })
    .await
}

pub(in super::super) async fn strangers_streams(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let (watch, reflection) = (request(WATCH), request(REFLECTION));
    begin(attacker, wire, |to, stream| {
        // Streams of a client have odd numbers.
        if stream % 4 == 1 {
            push(to, HEADERS, END_HEADERS, stream, &watch);
            push(to, DATA, END_STREAM, stream, &[0; 5]);
        } else {
            push(to, HEADERS, END_HEADERS, stream, &reflection);
            // `list_services`, which is asked for once and for all.
            push(to, DATA, 0, stream, &[0, 0, 0, 0, 3, 0x3A, 1, b'*']);
        }
    })
    .await
}

/// Calls, a batch after the other on one connection.
async fn begin(
    attacker: Arc<Attacker>,
    wire: Wire,
    call: impl Fn(&mut Vec<u8>, u32),
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut streams = streams();
    let mut calls = FIRST;
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for stream in streams.by_ref().take(calls) {
            call(&mut batch, stream);
            attacker.count(2);
        }
        write.write_all(&batch).await?;
        calls = MORE;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

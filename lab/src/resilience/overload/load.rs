//! Load that does not wait for answers: each call is due at its time, and is
//! timed from then, whether or not it could be sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client::{Client, Outcome, Retries};

/// How much is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Calls per second.
    pub(super) rate: f64,
    pub(super) time: Duration,
    /// Of each call, from when it was due.
    pub(super) deadline: Duration,
    pub(super) retries: Retries,
}

/// One call.
#[derive(Debug, Clone, Copy)]
struct Record {
    /// From the begin of the load.
    due: Duration,
    took: Duration,
    /// How late it was sent.
    lag: Duration,
    outcome: Outcome,
    attempts: usize,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Report {
    time: Duration,
    calls: Vec<Record>,
}

/// Offers `load`, and waits until every call has ended.
pub(super) async fn offer(client: &Arc<Client>, load: Load) -> Report {
    let start = Instant::now();
    let (ended, mut records) = mpsc::unbounded_channel();
    let mut sent = 0;
    loop {
        let elapsed = start.elapsed();
        let due = whole(elapsed.min(load.time).as_secs_f64() * load.rate);
        while sent < due {
            let due = Duration::from_secs_f64(real(sent) / load.rate);
            let (client, ended) = (Arc::clone(client), ended.clone());
            tokio::spawn(async move {
                let lag = start.elapsed().saturating_sub(due);
                let deadline = start + due + load.deadline;
                let (outcome, attempts) = client.call(sent, deadline, load.retries).await;
                // The one who counts may have given up.
                let _ = ended.send(Record {
                    due,
                    took: start.elapsed().saturating_sub(due),
                    lag,
                    outcome,
                    attempts,
                });
            });
            sent += 1;
        }
        if elapsed >= load.time {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(ended);
    let mut calls = Vec::with_capacity(sent);
    while let Some(record) = records.recv().await {
        calls.push(record);
    }
    Report {
        time: load.time,
        calls,
    }
}

impl Report {
    pub(super) fn calls(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn count(&self, outcome: Outcome) -> usize {
        let of = |record: &&Record| record.outcome == outcome;
        self.calls.iter().filter(of).count()
    }

    /// Calls answered in time, per second.
    pub(super) fn goodput(&self) -> f64 {
        real(self.count(Outcome::Good)) / self.time.as_secs_f64()
    }

    /// What `percent` of those answered took at most, in milliseconds.
    pub(super) fn millis(&self, percent: usize) -> f64 {
        let good = |record: &&Record| record.outcome == Outcome::Good;
        let took = self.calls.iter().filter(good).map(|record| record.took);
        at(took.collect(), percent)
    }

    /// How late calls were sent: what the load itself could not keep up with.
    pub(super) fn lag(&self, percent: usize) -> f64 {
        at(
            self.calls.iter().map(|record| record.lag).collect(),
            percent,
        )
    }

    /// Attempts for each call.
    pub(super) fn amplification(&self) -> f64 {
        let attempts = self.calls.iter().map(|record| record.attempts).sum();
        real(attempts) / real(self.calls.len().max(1))
    }

    /// When the last call was due that was not answered in time.
    pub(super) fn settled(&self) -> Duration {
        let bad = self
            .calls
            .iter()
            .filter(|record| record.outcome != Outcome::Good);
        bad.map(|record| record.due).max().unwrap_or_default()
    }
}

fn at(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let time = times.get(last * percent / 100);
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts"
)]
fn whole(count: f64) -> usize {
    count as usize
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn real(count: usize) -> f64 {
    count as f64
}

//! Small answers, which are handed over whole and watched by their connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::{Instant, Sleep};

use super::super::memory::MemoryBudget;
use super::{Readers, TICK};

/// What is smaller leaves the buffer that it was encoded in, which is larger.
const COPIED: usize = 2 << 10;
/// What lies unsent of the small answers of one connection, in two
/// generations: the older one is known to be as old as it is.
#[derive(Debug, Default)]
pub(in crate::server) struct Line {
    bytes: [AtomicUsize; 2],
    generation: AtomicUsize,
}

impl Line {
    /// Ends when an answer lies unsent for longer than the reader is borne with.
    /// Begins to watch when it is polled while there are any.
    pub(in crate::server) fn stalls(self: &Arc<Self>, readers: Readers) -> Stalls {
        Stalls {
            line: Arc::clone(self),
            readers,
            since: Instant::now(),
            sleep: None,
        }
    }

    fn unsent(&self, generation: usize) -> usize {
        self.bytes[generation % 2].load(Ordering::Relaxed)
    }
}

pin_project_lite::pin_project! {
    /// See [`Line::stalls`].
    pub(in crate::server) struct Stalls {
        line: Arc<Line>,
        readers: Readers,
        // Since when no generation has ended.
        since: Instant,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Future for Stalls {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let line = this.line;
        loop {
            let young = line.generation.load(Ordering::Relaxed);
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
                this.sleep.set(None);
                if line.unsent(young + 1) == 0 {
                    line.generation.store(young + 1, Ordering::Relaxed);
                    *this.since = Instant::now();
                } else if !this.readers.bear(*this.since) {
                    return Poll::Ready(());
                }
            } else if line.unsent(young) + line.unsent(young + 1) == 0 {
                return Poll::Pending;
            } else {
                if line.unsent(young + 1) == 0 {
                    *this.since = Instant::now();
                }
                this.sleep.set(Some(tokio::time::sleep(TICK)));
            }
        }
    }
}

/// A small answer, whole.
pub(super) struct Little {
    data: Bytes,
    line: Arc<Line>,
    generation: usize,
    budget: MemoryBudget,
}

impl Little {
    pub(super) fn hand_over(data: Bytes, line: &Arc<Line>, budget: &MemoryBudget) -> Bytes {
        let data = if data.len() < COPIED {
            Bytes::copy_from_slice(&data)
        } else {
            data
        };
        let generation = line.generation.load(Ordering::Relaxed) % 2;
        line.bytes[generation].fetch_add(data.len(), Ordering::Relaxed);
        budget.take(data.len());
        let (line, budget) = (Arc::clone(line), budget.clone());
        Bytes::from_owner(Self {
            data,
            line,
            generation,
            budget,
        })
    }
}

impl AsRef<[u8]> for Little {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Little {
    fn drop(&mut self) {
        let len = self.data.len();
        self.line.bytes[self.generation].fetch_sub(len, Ordering::Relaxed);
        self.budget.release(len);
    }
}

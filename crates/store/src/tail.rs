//! The newest events, read once for all who follow them.
//!
//! Without it a new event is read from the database as often as there are watches.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::error::Error;
use crate::event::{Event, Position};
use crate::table::Table;

/// Most events that are kept.
const EVENTS: usize = 64;
/// Most bytes of them, but for one.
const BYTES: usize = 256 << 10;
/// How long they are kept when nothing new comes: who follows has them by then.
const LONGEST: Duration = Duration::from_secs(5);

/// Keeps what the last reader of the newest events read, for the others.
pub(crate) struct Tail<T> {
    kept: Mutex<Kept<T>>,
    reading: AtomicBool,
    read: Notify,
    losses: Losses,
    position: fn(&T) -> Position,
    bytes: fn(&T) -> usize,
}

/// How often events went: forgotten, or lost with a database that was restored, where
/// others get their numbers.
pub(crate) type Losses = Arc<AtomicU64>;

/// Without gaps.
struct Kept<T> {
    events: VecDeque<T>,
    bytes: usize,
    /// As often had some gone before they were read.
    losses: u64,
    /// When the last was read: another process may have forgotten them since.
    read: Instant,
}

impl<R: Table> Tail<Event<R>> {
    /// Nothing of before counts once `losses` was raised.
    pub(crate) fn of_events(losses: Losses) -> Self {
        Self::new(
            losses,
            |event| event.position,
            |event| {
                let texts = R::COLUMNS.iter();
                let texts = texts.filter_map(|column| column.get(&event.resource).ok());
                texts.map(|text| text.len()).sum()
            },
        )
    }
}

impl<T: Clone> Tail<T> {
    fn new(losses: Losses, position: fn(&T) -> Position, bytes: fn(&T) -> usize) -> Self {
        Self {
            kept: Mutex::new(Kept {
                events: VecDeque::new(),
                bytes: 0,
                losses: 0,
                read: Instant::now(),
            }),
            reading: AtomicBool::new(false),
            read: Notify::new(),
            losses,
            position,
            bytes,
        }
    }

    /// At most `limit` events after `after`, those up to `last` among them: the last that
    /// is known of. What is not kept is read by `read`, what is new by one reader at a time.
    pub(crate) async fn events<F>(
        &self,
        after: Position,
        limit: usize,
        last: Position,
        read: impl FnOnce() -> F,
    ) -> Result<Vec<T>, Error>
    where
        F: Future<Output = Result<Vec<T>, Error>>,
    {
        loop {
            let read_by_another = self.read.notified();
            match self.find(after, limit, last) {
                Found::Kept(events) => return Ok(events),
                // Who is far behind is alone there.
                Found::Older => return read().await,
                Found::Newer => {}
            }
            if let Some(turn) = self.turn() {
                let losses = self.losses.load(Ordering::Acquire);
                let events = read().await?;
                self.keep(&events, losses);
                drop(turn);
                return Ok(events);
            }
            read_by_another.await;
        }
    }

    fn find(&self, after: Position, limit: usize, last: Position) -> Found<T> {
        let mut kept = self.kept();
        let is_old = kept.read.elapsed() > LONGEST;
        if is_old || kept.losses != self.losses.load(Ordering::Acquire) {
            kept.clear();
        }
        let ends = kept.events.front().zip(kept.events.back());
        let Some((first, newest)) = ends.map(|(a, b)| ((self.position)(a), (self.position)(b)))
        else {
            let is_near = last.0.saturating_sub(after.0) <= EVENTS as u64;
            return if is_near { Found::Newer } else { Found::Older };
        };
        if after.0 + 1 < first.0 {
            return Found::Older;
        }
        if newest <= after || newest < last {
            return Found::Newer;
        }
        let skip = kept
            .events
            .partition_point(|event| (self.position)(event) <= after);
        Found::Kept(kept.events.iter().skip(skip).take(limit).cloned().collect())
    }

    /// Keeps them if they are newer than what is kept.
    fn keep(&self, events: &[T], losses: u64) {
        let mut kept = self.kept();
        if kept.losses != losses {
            kept.clear();
            kept.losses = losses;
        }
        let newest = kept.events.back().map(self.position);
        let ends = events.first().zip(events.last());
        let Some((first, last)) = ends.map(|(a, b)| ((self.position)(a), (self.position)(b)))
        else {
            return;
        };
        if newest.is_some_and(|newest| newest >= last) {
            return;
        }
        if newest.is_some_and(|newest| newest.0 + 1 < first.0) {
            kept.clear();
        }
        let new = |event: &&T| newest.is_none_or(|newest| (self.position)(event) > newest);
        kept.read = Instant::now();
        for event in events.iter().filter(new) {
            kept.bytes += (self.bytes)(event);
            kept.events.push_back(event.clone());
        }
        while kept.events.len() > EVENTS || (kept.bytes > BYTES && kept.events.len() > 1) {
            if let Some(oldest) = kept.events.pop_front() {
                kept.bytes -= (self.bytes)(&oldest);
            }
        }
    }

    /// To read what is new, unless another does.
    fn turn(&self) -> Option<Turn<'_, T>> {
        (!self.reading.swap(true, Ordering::Acquire)).then(|| Turn(self))
    }
}

impl<T> Tail<T> {
    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Kept<T> {
    fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }
}

enum Found<T> {
    Kept(Vec<T>),
    Older,
    Newer,
}

/// Ends with the read, also where that is given up: the others look again.
struct Turn<'a, T>(&'a Tail<T>);

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.0.reading.store(false, Ordering::Release);
        self.0.read.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;

    use super::*;

    /// Its position and its bytes.
    type Item = (u64, usize);

    fn tail() -> Tail<Item> {
        Tail::new(Losses::default(), |item| Position(item.0), |item| item.1)
    }

    /// Events of so many bytes up to `last`, as a store answers; counts its reads.
    struct Source {
        last: u64,
        bytes: usize,
        reads: Cell<usize>,
    }

    impl Source {
        fn new(last: u64, bytes: usize) -> Self {
            let reads = Cell::new(0);
            Self { last, bytes, reads }
        }

        async fn read(&self, after: u64, limit: usize) -> Result<Vec<Item>, Error> {
            self.reads.set(self.reads.get() + 1);
            tokio::task::yield_now().await;
            let all = after + 1..=self.last;
            Ok(all.take(limit).map(|seq| (seq, self.bytes)).collect())
        }

        async fn ask(&self, tail: &Tail<Item>, after: u64, limit: usize) -> Vec<u64> {
            let read = || self.read(after, limit);
            let events = tail.events(Position(after), limit, Position(self.last), read);
            events.await.unwrap().iter().map(|item| item.0).collect()
        }
    }

    #[tokio::test]
    async fn an_event_is_read_once_however_many_follow() {
        let (tail, mut source) = (tail(), Source::new(0, 100));
        for last in 1..=200 {
            source.last = last;
            let all = join_all((0..50).map(|_| source.ask(&tail, last - 1, 4))).await;
            assert!(all.iter().all(|events| *events == [last]), "{all:?}");
        }
        assert_eq!(source.reads.get(), 200);
    }

    #[tokio::test]
    async fn those_who_are_behind_get_what_they_ask_for() {
        let (tail, source) = (tail(), Source::new(1_000, 100));
        assert_eq!(source.ask(&tail, 998, 9).await, [999, 1_000]);
        // Kept, in part and whole.
        assert_eq!(source.ask(&tail, 999, 9).await, [1_000]);
        assert_eq!(source.ask(&tail, 998, 1).await, [999]);
        assert_eq!(source.reads.get(), 1);
        // Not kept, and not to be.
        assert_eq!(source.ask(&tail, 10, 3).await, [11, 12, 13]);
        assert_eq!(source.ask(&tail, 999, 9).await, [1_000]);
        assert_eq!(source.reads.get(), 2);
    }

    #[tokio::test]
    async fn all_that_is_known_of_is_told() {
        let (tail, mut source) = (tail(), Source::new(1, 100));
        assert_eq!(source.ask(&tail, 0, 9).await, [1]);
        source.last = 3;
        assert_eq!(source.ask(&tail, 0, 9).await, [1, 2, 3]);
        // Kept behind what was.
        assert_eq!(source.ask(&tail, 1, 9).await, [2, 3]);
        assert_eq!(source.reads.get(), 2);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let (tail, mut source) = (tail(), Source::new(0, BYTES / 4));
        for last in 1..=20 {
            source.last = last;
            source.ask(&tail, last - 1, 1).await;
        }
        assert_eq!(tail.kept().events.len(), 4);
        source.bytes = 0;
        for last in 21..=200 {
            source.last = last;
            source.ask(&tail, last - 1, 1).await;
        }
        assert_eq!(tail.kept().events.len(), EVENTS);
    }

    #[tokio::test]
    async fn a_history_that_was_lost_is_not_told() {
        let (tail, mut source) = (tail(), Source::new(100, 1));
        assert_eq!(source.ask(&tail, 98, 9).await, [99, 100]);
        source.last = 99;
        tail.losses.fetch_add(1, Ordering::Release);
        assert_eq!(source.ask(&tail, 98, 9).await, [99]);
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_keeps_nobody_waiting() {
        let tail = tail();
        let last = Position(1);
        {
            let never = std::future::pending::<Result<Vec<Item>, Error>>;
            let given_up = tail.events(Position(0), 1, last, never);
            tokio::select! {
                biased;
                _ = given_up => panic!("nothing was read"),
                () = std::future::ready(()) => {}
            }
        }
        let source = Source::new(1, 1);
        assert_eq!(source.ask(&tail, 0, 1).await, [1]);
    }
}

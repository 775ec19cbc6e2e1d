//! Write coalescing: the answers of calls that were read together are sent
//! together.
//!
//! tokio runs first what was woken last: a call that has its answer wakes its
//! connection, which would send that answer, alone, before the next call runs,
//! at a system call for each. So the connection sleeps on until the calls that
//! it has read have had their first turn, but for no more than a few of them.

mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use atomic_waker::AtomicWaker;

use turns::Turns;

/// Those of the standard library; its test has others.
mod atomics {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
}

/// The waker of one connection's task, which holds back while calls are to come.
#[derive(Debug)]
pub(super) struct WriteCoalescer {
    task: AtomicWaker,
    /// `None` where each answer is sent by itself.
    turns: Option<Turns>,
    /// Calls that were ever read, and those that have not ended.
    read: AtomicUsize,
    open: AtomicUsize,
}

impl WriteCoalescer {
    /// Holds answers back only if `enabled`.
    pub(super) fn new(enabled: bool) -> Self {
        Self {
            task: AtomicWaker::new(),
            turns: enabled.then(Turns::new),
            read: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        }
    }

    /// Wakes `task` from now on.
    pub(super) fn wakes(&self, task: &Waker) {
        self.task.register(task);
    }

    /// One more call has been read.
    pub(super) fn begin(self: &Arc<Self>) -> (Turn, Open) {
        if let Some(turns) = &self.turns {
            turns.begin();
        }
        self.read.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        (Turn(Arc::clone(self)), Open(Arc::clone(self)))
    }

    /// Calls that were ever read.
    pub(super) fn calls(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether no call is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }
}

impl Wake for WriteCoalescer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.turns.as_ref().is_none_or(Turns::hold) {
            self.task.wake();
        }
    }
}

/// A call's first turn; had when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<WriteCoalescer>);

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.turns.as_ref().is_some_and(Turns::end) {
            self.0.task.wake();
        }
    }
}

/// A call that is under way; ended when it is dropped.
#[derive(Debug)]
pub(super) struct Open(Arc<WriteCoalescer>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::turns::MOST;
    use super::*;

    /// Counts how often a task was woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn connection() -> (Arc<WriteCoalescer>, Arc<Task>) {
        let (coalescer, task) = (
            Arc::new(WriteCoalescer::new(true)),
            Arc::new(Task::default()),
        );
        coalescer.wakes(&Waker::from(Arc::clone(&task)));
        (coalescer, task)
    }

    #[test]
    fn answers_wait_for_the_calls_that_have_not_had_their_turn() {
        let (coalescer, task) = connection();
        let (first, second) = (coalescer.begin().0, coalescer.begin().0);
        coalescer.wake_by_ref();
        drop(first);
        assert_eq!(task.0.load(Ordering::SeqCst), 0);
        drop(second);
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn without_such_calls_a_connection_is_woken_at_once() {
        let (coalescer, task) = connection();
        drop(coalescer.begin().0);
        assert_eq!(task.0.load(Ordering::SeqCst), 0);
        coalescer.wake_by_ref();
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn answers_wait_for_no_more_than_a_few() {
        let (coalescer, task) = connection();
        let mut turns: Vec<_> = (0..MOST * 2).map(|_| coalescer.begin().0).collect();
        coalescer.wake_by_ref();
        turns.truncate(MOST);
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn switched_off_each_answer_is_sent_at_once() {
        let task = Arc::new(Task::default());
        let coalescer = Arc::new(WriteCoalescer::new(false));
        coalescer.wakes(&Waker::from(Arc::clone(&task)));
        let turn = coalescer.begin().0;
        coalescer.wake_by_ref();
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
        coalescer.wakes(&Waker::from(Arc::clone(&task)));
        drop(turn);
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }
}

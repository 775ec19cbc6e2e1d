//! Write coalescing: the answers of calls that were read together are sent
//! together.
//!
//! tokio runs first what was woken last: a call that has its answer wakes its
//! connection, which would send that answer, alone, before the next call runs,
//! at a system call for each. So the connection sleeps on until the calls that
//! it has read have had their first turn, but for no more than a few of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use atomic_waker::AtomicWaker;

/// After so many first turns a connection is woken in any case.
const MOST: usize = 32;

/// The waker of one connection's task, which holds back while calls are to come.
#[derive(Debug, Default)]
pub(super) struct WriteCoalescer {
    task: AtomicWaker,
    /// Calls that have not had their first turn.
    waiting: AtomicUsize,
    /// The task is to be woken when they have.
    held: AtomicBool,
    /// Calls that were ever read, and those that have not ended.
    read: AtomicUsize,
    open: AtomicUsize,
}

impl WriteCoalescer {
    /// Wakes `task` from now on.
    pub(super) fn wakes(&self, task: &Waker) {
        self.task.register(task);
    }

    /// One more call has been read.
    pub(super) fn begin(self: &Arc<Self>) -> (Turn, Open) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
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

    fn release(&self) {
        if self.held.swap(false, Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

impl Wake for WriteCoalescer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Either this sees that no call is left, or the last call sees this.
        self.held.store(true, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) == 0 {
            self.release();
        }
    }
}

/// A call's first turn; had when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<WriteCoalescer>);

impl Drop for Turn {
    fn drop(&mut self) {
        let before = self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        if (before - 1).is_multiple_of(MOST) {
            self.0.release();
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
    use std::thread;

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
            Arc::new(WriteCoalescer::default()),
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
    fn no_answer_is_forgotten_between_threads() {
        for _ in 0..2000 {
            let (coalescer, task) = connection();
            let turn = coalescer.begin().0;
            let answered = Arc::clone(&coalescer);
            thread::scope(|threads| {
                threads.spawn(move || drop(turn));
                threads.spawn(move || answered.wake());
            });
            assert_eq!(task.0.load(Ordering::SeqCst), 1);
        }
    }
}

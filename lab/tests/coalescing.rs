//! Write coalescing, in every sequence that threads can bring about.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use loom::thread;
use turns::Turns;

#[path = "../../crates/chassis-server/src/server/coalesce/turns.rs"]
mod turns;

mod atomics {
    pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
}

/// `calls` calls have their first turns and one of them is answered, each on a
/// thread of its own: the connection is woken, once for each answer at most.
fn wakes(calls: usize, answers: usize) {
    loom::model(move || {
        let turns = Arc::new(Turns::new());
        (0..calls).for_each(|_| turns.begin());
        let ended = (0..calls).map(|_| {
            let turns = Arc::clone(&turns);
            thread::spawn(move || usize::from(turns.end()))
        });
        let answered = (0..answers).map(|_| {
            let turns = Arc::clone(&turns);
            thread::spawn(move || usize::from(turns.hold()))
        });
        let threads: Vec<_> = ended.chain(answered).collect();
        let woken: usize = threads.into_iter().map(|it| it.join().unwrap()).sum();
        assert!((1..=answers).contains(&woken), "woken {woken} times");
        assert!(turns.hold(), "an answer that comes later is held for ever");
    });
}

#[test]
fn no_answer_is_forgotten_while_a_call_has_its_turn() {
    wakes(1, 1);
}

#[test]
fn no_answer_is_forgotten_while_two_calls_have_their_turns() {
    wakes(2, 1);
}

#[test]
fn no_answer_is_forgotten_beside_another() {
    wakes(1, 2);
}

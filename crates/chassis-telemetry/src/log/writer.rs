//! Lines to standard output, off the threads that serve.
//!
//! A full pipe would otherwise hold up every call, and a busy service would make
//! one system call for each line.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What may wait for a reader who is slow; later lines are dropped and counted.
const CAPACITY: usize = 4 << 20;

/// How long a write waits for company, after one that was done at once.
const GATHER: Duration = Duration::from_millis(2);

/// Takes lines; clones share one thread.
#[derive(Debug, Clone)]
pub(crate) struct Writer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something waits to be written.
    filled: Condvar,
    /// Everything is written.
    drained: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    asleep: bool,
    writing: bool,
}

impl Writer {
    /// Starts the thread that writes to `sink`, which runs as long as the process.
    ///
    /// # Errors
    /// When the thread cannot start.
    pub(crate) fn start(
        sink: impl std::io::Write + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let shared = Arc::new(Shared::default());
        let worker = shared.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || worker.run(sink))?;
        Ok(Self(shared))
    }

    pub(crate) fn append(&self, line: &[u8]) {
        let mut state = self.0.lock();
        if state.lines.len() + line.len() > CAPACITY {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.lines.extend_from_slice(line);
        if state.asleep {
            state.asleep = false;
            drop(state);
            self.0.filled.notify_one();
        }
    }

    /// Lines that were dropped because nobody read.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all is written, for at most `within`.
    pub(crate) fn flush(&self, within: Duration) {
        let until = Instant::now() + within;
        let mut state = self.0.lock();
        while !state.lines.is_empty() || state.writing {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self
                .0
                .drained
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: impl std::io::Write) {
        let mut lines = Vec::new();
        let mut state = self.lock();
        loop {
            while state.lines.is_empty() {
                state.asleep = true;
                state = self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep = false;
            state.writing = true;
            std::mem::swap(&mut state.lines, &mut lines);
            drop(state);
            // Nobody is left to tell when standard output is gone.
            let _ = sink.write_all(&lines);
            let _ = sink.flush();
            lines.clear();
            lines.shrink_to(CAPACITY / 16);
            state = self.lock();
            state.writing = false;
            if state.lines.is_empty() {
                self.drained.notify_all();
            }
            drop(state);
            std::thread::sleep(GATHER);
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Blocked(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_stalls_costs_lines_and_not_time() {
        let (release, blocked) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer::start(Blocked(blocked, written.clone())).unwrap();
        let line = vec![b'x'; 1 << 16];
        let started = Instant::now();
        for _ in 0..200 {
            writer.append(&line);
        }
        writer.flush(Duration::from_millis(50));
        assert!(started.elapsed() < Duration::from_secs(5));
        let kept = 200 - writer.dropped();
        assert!((64..=130).contains(&kept), "{kept} kept");
        drop(release);
        writer.flush(Duration::from_secs(20));
        let written = written.lock().unwrap().len() as u64;
        assert_eq!(written, kept << 16);
    }
}

//! The log line of a call: one at most, and not without end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tonic::Code;
use tracing::{Level, event};

use super::{Kind, TARGET, status};

/// Lines a second, on each side, above `debug`. A service in trouble has
/// better things to do than to say the same more often.
const PER_SECOND: u64 = 100;

/// What a line says.
pub(super) struct Line<'a> {
    pub(super) kind: Kind,
    pub(super) method: &'a str,
    pub(super) code: Code,
    pub(super) took: Duration,
    pub(super) sampled: bool,
    pub(super) request_id: Option<&'a str>,
    pub(super) peer: Option<std::net::SocketAddr>,
    pub(super) caller: Option<&'a str>,
    pub(super) previous_attempts: u32,
    pub(super) cause: Option<&'a str>,
}

/// How important a call is that ended so.
fn level(line: &Line<'_>) -> Level {
    match line.code {
        Code::Ok if line.sampled => Level::INFO,
        Code::Ok => Level::DEBUG,
        Code::Unknown | Code::Internal | Code::DataLoss if line.kind == Kind::Server => {
            Level::ERROR
        }
        code if code != Code::Unimplemented && Kind::Server.is_error(code) => Level::WARN,
        Code::ResourceExhausted => Level::WARN,
        _ => Level::INFO,
    }
}

/// Counts the lines of the present second.
#[derive(Debug)]
pub(super) struct Budget {
    started: Instant,
    /// The second, and in the low half the lines it has had.
    window: AtomicU64,
    withheld: AtomicU64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            window: AtomicU64::new(0),
            withheld: AtomicU64::new(0),
        }
    }

    /// Whether one more line may be written now. Threads that meet at the turn
    /// of a second may write a few lines too many.
    fn take(&self) -> bool {
        let second = self.started.elapsed().as_secs() << 32;
        let window = self.window.load(Ordering::Relaxed);
        if window >> 32 << 32 == second {
            self.window.fetch_add(1, Ordering::Relaxed) & u64::from(u32::MAX) < PER_SECOND
        } else {
            self.window.store(second | 1, Ordering::Relaxed);
            true
        }
    }
}

/// Writes the line, if the settings and the budget let it.
pub(super) fn write(line: &Line<'_>, budget: &Budget) {
    macro_rules! at {
        ($level:expr) => {{
            if !tracing::enabled!(target: TARGET, $level) {
                return;
            }
            if $level != Level::DEBUG && !budget.take() {
                budget.withheld.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let withheld = budget.withheld.swap(0, Ordering::Relaxed);
            let message = match line.kind {
                Kind::Server => "served",
                Kind::Client => "called",
            };
            event!(
                target: TARGET,
                $level,
                method = line.method,
                code = status::name(line.code),
                duration_ms = (line.took.as_secs_f64() * 1e6).round() / 1e3,
                request_id = line.request_id,
                peer = line.peer.map(tracing::field::display),
                caller = line.caller,
                previous_attempts = (line.previous_attempts > 0).then_some(line.previous_attempts),
                cause = line.cause,
                lines_withheld = (withheld > 0).then_some(withheld),
                "{message}"
            );
        }};
    }
    match level(line) {
        Level::ERROR => at!(Level::ERROR),
        Level::WARN => at!(Level::WARN),
        Level::INFO => at!(Level::INFO),
        _ => at!(Level::DEBUG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines() {
        let budget = Budget::new();
        let taken = (0..PER_SECOND * 3).filter(|_| budget.take()).count() as u64;
        assert!((PER_SECOND..=PER_SECOND * 2).contains(&taken), "{taken}");
    }
}

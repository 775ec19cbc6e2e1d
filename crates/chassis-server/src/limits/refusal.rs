use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chassis_core::random;
use chassis_grpc::status;
use chassis_telemetry::metrics::Counter;
use http::HeaderMap;
use tonic::{Code, Status};

/// A trailers-only `RESOURCE_EXHAUSTED`, made beforehand: refusing must cost
/// less than serving.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: &'static str,
    answers: Vec<(Status, HeaderMap)>,
    given: Counter,
    log: RefusalLog,
}

/// When it was last told that calls are refused, and how many since.
#[derive(Debug)]
struct RefusalLog {
    begin: Instant,
    /// Seconds since `begin`, and one.
    last: AtomicU64,
    since: AtomicU64,
}

impl RefusalLog {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            last: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }

    /// Counts one; once a second, how many there were.
    fn count(&self) -> Option<u64> {
        let relaxed = Ordering::Relaxed;
        self.since.fetch_add(1, relaxed);
        let (last, now) = (self.last.load(relaxed), self.begin.elapsed().as_secs() + 1);
        let turn = last != now && (self.last.compare_exchange(last, now, relaxed, relaxed)).is_ok();
        turn.then(|| self.since.swap(0, relaxed))
    }
}

impl Refusal {
    pub(super) fn new(reason: &'static str, message: &str, given: Counter) -> Self {
        let message = format!("{message}; try again later");
        let answer = |delay: &u16| {
            let delay = Duration::from_millis((*delay).into());
            let (code, domain) = (Code::ResourceExhausted, status::DOMAIN);
            let mut status = status::retryable(code, domain, reason, &message, delay);
            status::push_back(&mut status, delay);
            let headers = status.clone().into_http::<()>().into_parts().0.headers;
            (status, headers)
        };
        Self {
            reason,
            answers: status::DELAYS.iter().map(answer).collect(),
            given,
            log: RefusalLog::new(),
        }
    }

    /// The headers of one more; counted.
    pub(super) fn headers(&self) -> HeaderMap {
        self.answer().1.clone()
    }

    /// The status of one more; counted.
    pub(super) fn status(&self) -> Status {
        self.answer().0.clone()
    }

    fn answer(&self) -> &(Status, HeaderMap) {
        self.given.add(1);
        if let Some(calls) = self.log.count() {
            tracing::warn!(reason = self.reason, calls, "calls are refused");
        }
        &self.answers[random::below(self.answers.len())]
    }
}

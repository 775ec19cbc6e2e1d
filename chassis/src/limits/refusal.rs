use std::time::Duration;

use http::HeaderMap;
use tonic::{Code, Status};

use crate::telemetry::metrics::Counter;
use crate::{random, status};

/// A trailers-only `RESOURCE_EXHAUSTED`, made beforehand: refusing must cost
/// less than serving.
#[derive(Debug)]
pub(super) struct Refusal {
    answers: Vec<(Status, HeaderMap)>,
    given: Counter,
}

impl Refusal {
    pub(super) fn new(reason: &str, message: &str, given: Counter) -> Self {
        let message = format!("{message}; try again later");
        let answer = |delay: &u16| {
            let delay = Duration::from_millis((*delay).into());
            let (code, domain) = (Code::ResourceExhausted, status::DOMAIN);
            let mut status = status::retryable(code, domain, reason, &message, delay);
            status::push_back(&mut status, delay);
            let headers = status.clone().into_http::<()>().into_parts().0.headers;
            (status, headers)
        };
        let answers = status::DELAYS.iter().map(answer).collect();
        Self { answers, given }
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
        &self.answers[random::below(self.answers.len())]
    }
}

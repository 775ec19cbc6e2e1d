use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tonic::Code;

use crate::{random, status};

/// When to come back, in milliseconds: spread, or all would come at once.
const DELAYS: [u16; 8] = [50, 80, 110, 140, 170, 200, 230, 260];

/// A trailers-only `RESOURCE_EXHAUSTED`, made beforehand: refusing must cost
/// less than serving.
#[derive(Debug)]
pub(super) struct Refusal(Vec<HeaderMap>);

impl Refusal {
    pub(super) fn new(reason: &str, message: &str) -> Self {
        let message = format!("{message}; try again later");
        Self(
            DELAYS
                .iter()
                .map(|delay| {
                    let status = status::retryable(
                        Code::ResourceExhausted,
                        status::DOMAIN,
                        reason,
                        &message,
                        Duration::from_millis((*delay).into()),
                    );
                    let mut headers = status.into_http::<()>().into_parts().0.headers;
                    headers.insert("grpc-retry-pushback-ms", HeaderValue::from(*delay));
                    headers
                })
                .collect(),
        )
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.0[random::below(self.0.len())].clone()
    }
}

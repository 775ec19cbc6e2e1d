//! Bodies of requests, read whole: each has its bound, and so have all together,
//! with what they become once they are read as JSON.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chassis::settings::MessageSettings;
use chassis::status;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::frames::{TOO_LARGE, too_large};

/// What each body may take without being counted: most never take more.
const FREE: usize = 4 << 10;
/// What a value of JSON takes while it becomes part of a message, in bytes.
const VALUE: usize = 64;
/// When to retry.
const LATER: Duration = Duration::from_millis(250);

/// How bodies are read; clones share the budget.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    most: usize,
    decoded: usize,
    budget: Arc<Semaphore>,
}

/// A body, and the memory that is reserved for it until it is dropped.
#[derive(Debug)]
pub(crate) struct CollectedBody {
    pub(crate) bytes: Bytes,
    reservation: MemoryReservation,
}

impl Bodies {
    pub(crate) fn new(settings: &MessageSettings) -> Self {
        let budget = settings.max_receiving_bytes.min(Semaphore::MAX_PERMITS);
        Self {
            most: settings.max_request_bytes,
            decoded: settings.max_decoded_bytes,
            budget: Arc::new(Semaphore::new(budget)),
        }
    }

    /// Most bytes of one message.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// All of `body`.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if it is too large, or too much is being read already;
    /// `CANCELLED` if it breaks off.
    pub(crate) async fn read(&self, mut body: Body) -> Result<CollectedBody, Status> {
        let mut bytes = BytesMut::new();
        let mut reservation = MemoryReservation::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Status::new(Code::Cancelled, "the body broke off"))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if data.len() > self.most - bytes.len() {
                return Err(too_large(self.most));
            }
            bytes.extend_from_slice(&data);
            reservation.grow(bytes.len().saturating_sub(FREE), &self.budget)?;
        }
        let bytes = bytes.freeze();
        Ok(CollectedBody { bytes, reservation })
    }

    /// All of `body`, which is JSON and not too much once it is read.
    ///
    /// # Errors
    /// As [`read`](Self::read), and as [`weigh`](Self::weigh).
    pub(crate) async fn read_json(&self, body: Body) -> Result<CollectedBody, Status> {
        let mut whole = self.read(body).await?;
        let weight = self.weigh(&whole.bytes)?;
        let all = whole.bytes.len() + weight;
        whole
            .reservation
            .grow(all.saturating_sub(FREE), &self.budget)?;
        Ok(whole)
    }

    /// What `json` takes once it is read, in bytes: two million empty lists have two
    /// bytes each, and dozens then.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if that is beyond twice its size and
    /// `--max-decoded-bytes`.
    pub(crate) fn weigh(&self, json: &[u8]) -> Result<usize, Status> {
        let weight = values(json).saturating_mul(VALUE);
        if weight > self.decoded.saturating_add(2 * json.len()) {
            let message = format!(
                "the body has more values than {} bytes hold once they are read; send less in one",
                self.decoded
            );
            let code = Code::ResourceExhausted;
            return Err(status::error(code, status::DOMAIN, TOO_LARGE, &message));
        }
        Ok(weight)
    }
}

/// What is taken of the budget for all.
#[derive(Debug, Default)]
struct MemoryReservation(Option<OwnedSemaphorePermit>);

impl MemoryReservation {
    /// Takes as much as is missing to `bytes`.
    fn grow(&mut self, bytes: usize, all: &Arc<Semaphore>) -> Result<(), Status> {
        let taken = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.saturating_sub(taken);
        if missing == 0 {
            return Ok(());
        }
        let more = u32::try_from(missing)
            .ok()
            .and_then(|missing| Arc::clone(all).try_acquire_many_owned(missing).ok())
            .ok_or_else(full)?;
        match &mut self.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

fn full() -> Status {
    let message = "too many bytes of requests are on their way; try again later";
    let (code, reason) = (Code::ResourceExhausted, "TOO_MANY_BYTES");
    status::retryable(code, status::DOMAIN, reason, message, LATER)
}

/// How many values `json` has, or a few more: each begins the text, a list, an
/// object, or follows a comma or colon.
fn values(json: &[u8]) -> usize {
    let (mut values, mut within, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'[' | b'{' | b',' | b':' if !within => values += 1,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        for (json, count) in [
            ("", 1),
            ("7", 1),
            ("[[],[],[]]", 7),
            (r#"{"a": 1, "b": [2, 3]}"#, 7),
            (r#"{"note": "one, two: {three} [four]"}"#, 3),
            (r#"["a \" b, c", "\\", 1]"#, 4),
        ] {
            assert_eq!(values(json.as_bytes()), count, "{json}");
        }
    }

    #[test]
    fn what_is_reserved_comes_back() {
        let all = Arc::new(Semaphore::new(100));
        let mut reservation = MemoryReservation::default();
        reservation.grow(60, &all).unwrap();
        reservation.grow(90, &all).unwrap();
        assert_eq!(all.available_permits(), 10);
        let refused = MemoryReservation::default().grow(11, &all).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(reservation);
        assert_eq!(all.available_permits(), 100);
    }
}

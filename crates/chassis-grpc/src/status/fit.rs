//! How much an error may weigh.
//!
//! Clients refuse a header block that is larger than 8 KiB (the protocol's
//! suggestion; Java's default), and with it the whole error. Where statuses
//! become headers and trailers, whoever made them, what is too large is cut:
//! of the message the end, of violations the last ones, of other details what
//! does not fit. `ErrorInfo` and `RetryInfo` stay.

mod details;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use prost::Message;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic_types::pb;

use super::wire::{code, message};
use details::shortened;

/// Most bytes of a block of headers or trailers, as HTTP/2 counts them
/// (RFC 9113, 6.5.2).
const MOST: usize = 8 << 10;
/// What each field counts beside its name and value.
const FIELD: usize = 32;
/// `:status`, which comes first.
const HTTP_STATUS: usize = 7 + 3 + FIELD;

/// Cuts the status in a response's headers or trailers, if there is one, so that
/// all of them count at most 8 KiB; what else they hold stays.
pub fn fit(headers: &mut HeaderMap) {
    let (said, details) = (Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS);
    if !headers.contains_key(&said) && !headers.contains_key(&details) {
        return;
    }
    let weight = HTTP_STATUS + weigh(headers.iter());
    if weight <= MOST {
        return;
    }
    let Some(code) = code(headers) else {
        return;
    };
    let mut text = message(headers).unwrap_or_default().into_owned();
    let known = decoded(headers);
    headers.remove(&said);
    headers.remove(&details);
    let rest = HTTP_STATUS + weigh(headers.iter());
    let names = said.as_str().len() + details.as_str().len() + 2 * FIELD;
    let room = MOST.saturating_sub(rest + names);

    let share = if known.is_some() { room / 4 } else { room };
    cut_encoded(&mut text, share);
    // Base64 makes four bytes of three.
    let left = (room - encoded(&text)) / 4 * 3;
    let known = known.and_then(|known| shortened(known, &text, left));
    let known = known.map(|known| known.encode_to_vec()).unwrap_or_default();
    tracing::debug!(bytes = weight, "an error was cut: clients accept 8 KiB");
    super::add(&Status::with_details(code, text, known.into()), headers);
}

/// Takes the details off a status that this crate's own domain coined, which
/// leaves code, message and when to come back.
pub fn plain(headers: &mut HeaderMap) {
    let Some(known) = decoded(headers) else {
        return;
    };
    let mut infos = known.details.iter().filter_map(|detail| {
        let is_info = detail.type_url.ends_with("/google.rpc.ErrorInfo");
        let info = is_info.then(|| pb::ErrorInfo::decode(&*detail.value));
        info?.ok()
    });
    if infos.any(|info| info.domain == super::DOMAIN) {
        headers.remove(Status::GRPC_STATUS_DETAILS);
    }
}

fn weigh<'a>(fields: impl Iterator<Item = (&'a http::HeaderName, &'a http::HeaderValue)>) -> usize {
    let one = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + FIELD
    };
    fields.map(one).sum()
}

fn decoded(headers: &HeaderMap) -> Option<pb::Status> {
    let name = Status::GRPC_STATUS_DETAILS;
    let mut metadata = HeaderMap::new();
    metadata.insert(&name, headers.get(&name)?.clone());
    let metadata = MetadataMap::from_headers(metadata);
    let bytes = metadata.get_bin(name.as_str())?.to_bytes().ok()?;
    pb::Status::decode(bytes).ok()
}

/// What a message's text takes as a header; never less than it does.
fn encoded(text: &str) -> usize {
    text.bytes().map(encoded_byte).sum()
}

fn encoded_byte(byte: u8) -> usize {
    let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,/:;=@[]".contains(&byte);
    if plain { 1 } else { 3 }
}

/// Cuts the text where it takes more than `most` bytes as a header.
fn cut_encoded(text: &mut String, most: usize) {
    if encoded(text) <= most {
        return;
    }
    let mut left = most.saturating_sub(encoded("…"));
    let fits = text.bytes().take_while(|byte| {
        let fits = left.checked_sub(encoded_byte(*byte));
        left = fits.unwrap_or(0);
        fits.is_some()
    });
    let fits = fits.count();
    text.truncate(text.floor_char_boundary(fits));
    if most >= encoded("…") {
        text.push('…');
    }
}

pin_project_lite::pin_project! {
    /// A response's body whose trailers clients accept.
    #[derive(Debug)]
    pub struct FitBody<B> {
        #[pin]
        body: B,
        plain: bool,
    }
}

impl<B> FitBody<B> {
    /// `body`, whose status is cut where it weighs too much, and [`plain`] if so.
    pub fn new(body: B, plain: bool) -> Self {
        Self { body, plain }
    }
}

impl<B: Body> Body for FitBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut frame = ready!(this.body.poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            if *this.plain {
                plain(trailers);
            }
            fit(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::details::MORE;
    use super::*;

    /// The status, as a client reads it, and what its trailers weigh.
    fn sent(status: &Status) -> (Status, usize) {
        let mut trailers = crate::status::trailers(status);
        fit(&mut trailers);
        let weight = HTTP_STATUS + weigh(trailers.iter());
        (Status::from_header_map(&trailers).unwrap(), weight)
    }

    fn details(violations: &[(String, String)]) -> ErrorDetails {
        let mut details = ErrorDetails::new();
        details.set_error_info("REASON", "demo.v1", HashMap::new());
        details.set_retry_info(Some(Duration::from_secs(1)));
        for (field, description) in violations {
            details.add_bad_request_violation(field, description);
            details.add_precondition_failure_violation("KIND", field, description);
            details.add_quota_failure_violation(field, description);
        }
        details
    }

    fn error(message: &str, details: ErrorDetails) -> Status {
        Status::with_error_details(Code::InvalidArgument, message, details)
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let violations = vec![("field".to_owned(), "is wrong".to_owned()); 20];
        let status = error("two\nlines and a %", details(&violations));
        let (read, _) = sent(&status);
        assert_eq!(read.message(), status.message());
        assert_eq!(read.details(), status.details());
    }

    #[test]
    fn the_last_violation_says_how_many_more_there_are() {
        let mut violations = Vec::new();
        for number in 0..200 {
            violations.push((format!("thing[{number}]"), "x".repeat(100)));
        }
        violations.push((MORE.to_owned(), "7 more".to_owned()));
        let mut all = ErrorDetails::new();
        for (field, description) in &violations {
            all.add_bad_request_violation(field, description);
        }
        let (read, _) = sent(&error("wrong", all));
        let read = read.get_details_bad_request().unwrap().field_violations;
        let (last, kept) = read.split_last().unwrap();
        assert!(kept.len() > 40, "{}", kept.len());
        assert_eq!(kept[40].field, "thing[40]");
        assert_eq!(last.field, MORE);
        assert_eq!(last.description, format!("{} more", 207 - kept.len()));
    }

    #[test]
    fn a_long_message_ends_at_a_character() {
        for details in [ErrorDetails::new(), details(&[])] {
            let message = "é…\u{1f600}".repeat(5000);
            let (read, _) = sent(&error(&message, details));
            let kept = read.message().strip_suffix('…').unwrap();
            assert!(message.starts_with(kept));
            assert!(kept.len() > 500, "{}", kept.len());
        }
    }

    #[test]
    fn what_is_no_detail_is_left_out() {
        let status = Status::with_details(Code::Internal, "wrong", vec![0xff; 9000].into());
        let (read, _) = sent(&status);
        assert_eq!(read.code(), Code::Internal);
        assert_eq!(read.message(), "wrong");
        assert!(read.details().is_empty());
    }

    #[test]
    fn what_the_service_itself_says_is_kept_of_plain_errors() {
        for (domain, kept) in [(crate::status::DOMAIN, false), ("demo.v1", true)] {
            let status = crate::status::error(Code::Internal, domain, "REASON", "wrong");
            let mut trailers = crate::status::trailers(&status);
            plain(&mut trailers);
            let read = Status::from_header_map(&trailers).unwrap();
            assert_eq!((read.code(), read.message()), (Code::Internal, "wrong"));
            assert_eq!(read.get_details_error_info().is_some(), kept, "{domain}");
        }
    }

    proptest! {
        #[test]
        fn every_error_fits_and_keeps_its_reason(
            message in ".{0,3000}",
            violations in prop::collection::vec((".{0,300}", ".{0,300}"), 0..60),
            metadata in prop::collection::hash_map(".{0,100}", ".{0,2000}", 0..9),
            debug in prop::collection::vec(".{0,900}", 0..9),
        ) {
            let mut details = details(&violations);
            details.set_error_info("REASON", "demo.v1", metadata);
            details.set_debug_info(debug, "debug");
            let (read, weight) = sent(&error(&message, details));
            prop_assert!(weight <= MOST, "{}", weight);
            prop_assert_eq!(read.code(), Code::InvalidArgument);
            prop_assert_eq!(read.get_details_error_info().unwrap().reason, "REASON");
            prop_assert!(read.get_details_retry_info().is_some());
        }
    }
}

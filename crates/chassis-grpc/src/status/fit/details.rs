//! Which details of an error stay, and how those are cut that can be.

use prost::Message;
use tonic_types::pb;
use tonic_types::pb::bad_request::FieldViolation;
use tonic_types::pb::{precondition_failure, quota_failure};

/// What an element counts beside its content, in a repeated field.
const ELEMENT: usize = 5;
/// Most bytes of one text in what is cut.
const TEXT: usize = 256;
/// A detail of no more bytes goes before violations.
const SMALL: usize = 512;
/// Where a path or a subject would stand.
pub(super) const MORE: &str = "...";

/// As many of the details as `room` bytes hold; `None` if they hold not even
/// the message.
pub(super) fn shortened(mut status: pb::Status, message: &str, room: usize) -> Option<pb::Status> {
    message.clone_into(&mut status.message);
    let all = std::mem::take(&mut status.details);
    let mut left = room.checked_sub(status.encoded_len())?;
    let mut kept: Vec<_> = all.into_iter().enumerate().collect();
    kept.sort_by_key(|(at, detail)| (rank(&detail.type_url, detail.value.len()), *at));
    kept.retain_mut(|(_, detail)| {
        let name = ELEMENT * 2 + detail.type_url.len();
        let Some(most) = left.checked_sub(name) else {
            return false;
        };
        if detail.value.len() > most {
            match shorter(&detail.type_url, &detail.value, most) {
                Some(value) => detail.value = value,
                None => return false,
            }
        }
        left -= name + detail.value.len();
        true
    });
    kept.sort_by_key(|(at, _)| *at);
    status.details = kept.into_iter().map(|(_, detail)| detail).collect();
    Some(status)
}

/// Which details are kept first.
fn rank(url: &str, bytes: usize) -> u8 {
    match kind(url) {
        "google.rpc.RetryInfo" => 0,
        "google.rpc.ErrorInfo" => 1,
        "google.rpc.BadRequest" | "google.rpc.PreconditionFailure" | "google.rpc.QuotaFailure" => 3,
        _ if bytes <= SMALL => 2,
        _ => 4,
    }
}

fn kind(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// The detail in at most `room` bytes, if it can be cut.
fn shorter(url: &str, value: &[u8], room: usize) -> Option<Vec<u8>> {
    match kind(url) {
        "google.rpc.ErrorInfo" => {
            let mut info = pb::ErrorInfo::decode(value).ok()?;
            cut(&mut info.reason);
            cut(&mut info.domain);
            let mut more: Vec<_> = std::mem::take(&mut info.metadata).into_iter().collect();
            more.sort();
            for (key, mut text) in more {
                cut(&mut text);
                info.metadata.insert(key.clone(), text);
                // Violations say more.
                if info.encoded_len() > room / 2 {
                    info.metadata.remove(&key);
                }
            }
            (info.encoded_len() <= room).then(|| info.encode_to_vec())
        }
        "google.rpc.BadRequest" => {
            let mut request = pb::BadRequest::decode(value).ok()?;
            first_few(&mut request.field_violations, room)?;
            Some(request.encode_to_vec())
        }
        "google.rpc.PreconditionFailure" => {
            let mut failure = pb::PreconditionFailure::decode(value).ok()?;
            first_few(&mut failure.violations, room)?;
            Some(failure.encode_to_vec())
        }
        "google.rpc.QuotaFailure" => {
            let mut failure = pb::QuotaFailure::decode(value).ok()?;
            first_few(&mut failure.violations, room)?;
            Some(failure.encode_to_vec())
        }
        _ => None,
    }
}

/// One of the violations that a detail lists.
trait Violation: Message + Default {
    /// What is wrong, and why.
    fn texts(&mut self) -> (&mut String, &mut String);

    /// Stands for as many more.
    fn more(count: usize) -> Self {
        let mut last = Self::default();
        let (what, why) = last.texts();
        (*what, *why) = (MORE.to_owned(), format!("{count} more"));
        last
    }

    /// For how many this one stands.
    fn stands_for(&mut self) -> usize {
        match self.texts() {
            (what, why) if what == MORE => {
                let count = why.strip_suffix(" more").map(str::parse);
                count.and_then(Result::ok).unwrap_or(1)
            }
            _ => 1,
        }
    }
}

impl Violation for FieldViolation {
    fn texts(&mut self) -> (&mut String, &mut String) {
        (&mut self.field, &mut self.description)
    }
}

impl Violation for precondition_failure::Violation {
    fn texts(&mut self) -> (&mut String, &mut String) {
        (&mut self.subject, &mut self.description)
    }
}

impl Violation for quota_failure::Violation {
    fn texts(&mut self) -> (&mut String, &mut String) {
        (&mut self.subject, &mut self.description)
    }
}

/// Keeps the first ones that fit, and a last one that says how many more there
/// were; `None` if not even that one does.
fn first_few<V: Violation>(violations: &mut Vec<V>, room: usize) -> Option<()> {
    let total: usize = violations.iter_mut().map(V::stands_for).sum();
    let mut left = room.checked_sub(ELEMENT + V::more(total).encoded_len())?;
    let mut kept = Vec::new();
    for mut violation in violations.drain(..) {
        let (what, why) = violation.texts();
        cut(what);
        cut(why);
        match left.checked_sub(ELEMENT + violation.encoded_len()) {
            Some(less) => left = less,
            None => break,
        }
        kept.push(violation);
    }
    let more = total - kept.iter_mut().map(V::stands_for).sum::<usize>();
    kept.extend((more > 0).then(|| V::more(more)));
    *violations = kept;
    Some(())
}

/// Cuts a text that is longer than [`TEXT`].
fn cut(text: &mut String) {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT - '…'.len_utf8()));
        text.push('…');
    }
}

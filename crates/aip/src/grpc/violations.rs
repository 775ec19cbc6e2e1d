//! What is wrong with a request.

use std::collections::HashMap;

use store::Invalid;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Details travel in a header, and some clients accept only 8 KiB of them.
const MOST_VIOLATIONS: usize = 40;

/// What is wrong with a request: all of it, unless that is very much.
#[derive(Debug)]
pub struct Violations {
    domain: &'static str,
    noted: Vec<FieldViolation>,
    more: usize,
}

impl Violations {
    /// None so far; `domain` is that of `ErrorInfo`.
    #[must_use]
    pub fn new(domain: &'static str) -> Self {
        Self {
            domain,
            noted: Vec::new(),
            more: 0,
        }
    }

    /// Notes a fault at a field's path.
    pub fn add(&mut self, field: impl Into<String>, why: impl Into<String>) {
        if self.noted.len() < MOST_VIOLATIONS {
            self.noted.push(FieldViolation::new(field, why));
        } else {
            self.more += 1;
        }
    }

    /// The value, or `None` after noting why there is none.
    pub fn check<T>(&mut self, field: impl Into<String>, value: Result<T, Invalid>) -> Option<T> {
        value.map_err(|Invalid(why)| self.add(field, why)).ok()
    }

    /// The message, or `None` after noting that it is required.
    pub fn required<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.add(field, "is required");
        }
        message
    }

    /// Text of at most `most` characters.
    pub fn text(&mut self, field: &str, text: String, most: usize) -> Option<String> {
        if text.chars().nth(most).is_some() {
            self.add(field, format!("must have at most {most} characters"));
            return None;
        }
        Some(text)
    }

    /// The decoded value if nothing was noted, else `INVALID_ARGUMENT` with all
    /// that was.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Status> {
        match value {
            Some(value) if self.noted.is_empty() => Ok(value),
            _ => Err(self.into_status()),
        }
    }

    fn into_status(mut self) -> Status {
        if self.more > 0 {
            let more = format!("{} more", self.more);
            self.noted.push(FieldViolation::new("...", more));
        }
        let message = match self.noted.as_slice() {
            [only] => format!("{} {}", only.field, only.description),
            all => format!("{} fields are wrong: {}", all.len(), fields(all)),
        };
        let mut details = ErrorDetails::new();
        details.set_error_info("INVALID_FIELDS", self.domain, HashMap::new());
        details.set_bad_request(self.noted);
        Status::with_error_details(Code::InvalidArgument, message, details)
    }
}

/// The first few paths; the details hold all.
fn fields(violations: &[FieldViolation]) -> String {
    let shown: Vec<_> = violations
        .iter()
        .take(5)
        .map(|v| v.field.as_str())
        .collect();
    let more = if violations.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    shown.join(", ") + more
}

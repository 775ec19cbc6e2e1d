//! What is wrong with a message.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::cel::{Failed, Timestamp};
use crate::path::{Element, Path, show};

/// A rule of the .proto.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id: `string.min_len`.
    pub id: &'static str,
    /// Where it stands in `buf.validate.FieldRules`: field and index; empty for
    /// a rule of a message or a oneof, and for `google.api.field_behavior`.
    pub path: &'static [(crate::Field, Option<usize>)],
    /// Whether it is about the key of a map, not the value.
    pub for_key: bool,
}

/// A rule that a message breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The steps to where it is broken; none for the message itself.
    pub at: Vec<Element>,
    /// Which one it is.
    pub rule: &'static Rule,
    /// What is allowed.
    pub message: Cow<'static, str>,
}

impl Violation {
    /// Where, in protovalidate's form: `items[0].labels["a"].name`.
    #[must_use]
    pub fn path(&self) -> String {
        show(&self.at)
    }
}

/// What was found to be wrong, up to a number.
#[derive(Debug)]
pub struct Found {
    most: usize,
    violations: Vec<Violation>,
    more: bool,
    failed: Option<(String, Failed)>,
    partial: bool,
    now: Option<Timestamp>,
}

impl Found {
    /// Nothing yet, and room for `most`.
    #[inline]
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            violations: Vec::new(),
            more: false,
            failed: None,
            partial: false,
            now: None,
        }
    }

    /// What is wrong, in the sequence in which it was found.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether there is more that is wrong than there was room for.
    #[must_use]
    pub fn more(&self) -> bool {
        self.more
    }

    /// The path of a rule that could not be carried out on what the message
    /// has, and why.
    #[must_use]
    pub fn failed(&self) -> Option<(&str, &Failed)> {
        self.failed.as_ref().map(|(path, why)| (path.as_str(), why))
    }

    /// Whether nothing is wrong.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty() && self.failed.is_none()
    }

    /// Whether there is no use in looking further.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.more
    }

    /// Notes that `rule` is broken at `at`.
    #[cold]
    pub fn add(
        &mut self,
        at: &Path<'_>,
        rule: &'static Rule,
        message: impl Into<Cow<'static, str>>,
    ) {
        if self.violations.len() >= self.most {
            self.more = true;
            return;
        }
        self.violations.push(Violation {
            at: at.elements(),
            rule,
            message: message.into(),
        });
    }

    /// Notes that a rule could not be carried out at `at`.
    #[cold]
    pub fn fail(&mut self, at: &Path<'_>, why: Failed) {
        if self.failed.is_none() {
            self.failed = Some((show(&at.elements()), why));
        }
    }

    /// Whether what is checked is a part of a resource, whose fields need not
    /// all be there: a sibling of an update's mask.
    #[inline]
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Says whether what is checked is a part, and returns what was said before.
    #[inline]
    pub fn set_partial(&mut self, partial: bool) -> bool {
        std::mem::replace(&mut self.partial, partial)
    }

    /// The time at which the message is checked, for all of its rules the same.
    pub fn now(&mut self) -> Timestamp {
        let now = self.now.get_or_insert_with(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Timestamp(i128::try_from(since.unwrap_or_default().as_nanos()).unwrap_or_default())
        });
        *now
    }
}

//! What was expected and what was seen.

use std::fmt::{Debug, Display};
use std::ops::RangeInclusive;

use anyhow::{Result, bail};

/// One line of the table.
#[derive(Debug)]
struct Row {
    scenario: &'static str,
    what: String,
    expected: String,
    seen: String,
    held: bool,
}

/// The table, as it grows.
#[derive(Debug, Default)]
pub(super) struct Report {
    scenario: &'static str,
    rows: Vec<Row>,
    /// Whether the first difference ends the scenario: enough of a mutant.
    hasty: bool,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is expected and seen is mostly made for the call"
)]
impl Report {
    pub(super) fn hasty() -> Self {
        Self {
            hasty: true,
            ..Self::default()
        }
    }

    pub(super) fn begin(&mut self, scenario: &'static str) {
        self.scenario = scenario;
    }

    /// Both are the same.
    pub(super) fn same<T: PartialEq + Debug>(
        &mut self,
        what: impl Into<String>,
        expected: T,
        seen: T,
    ) -> Result<()> {
        let held = expected == seen;
        self.row(what, text(&expected), text(&seen), held)
    }

    /// A number within bounds, both included.
    pub(super) fn within<T: PartialOrd + Debug>(
        &mut self,
        what: impl Into<String>,
        expected: &RangeInclusive<T>,
        seen: T,
    ) -> Result<()> {
        let held = expected.contains(&seen);
        let bounds = format!("{:?} to {:?}", expected.start(), expected.end());
        self.row(what, bounds, text(&seen), held)
    }

    /// A number not below a bound.
    pub(super) fn at_least<T: PartialOrd + Debug>(
        &mut self,
        what: impl Into<String>,
        bound: T,
        seen: T,
    ) -> Result<()> {
        let held = seen >= bound;
        self.row(what, format!("at least {bound:?}"), text(&seen), held)
    }

    fn row(
        &mut self,
        what: impl Into<String>,
        expected: String,
        seen: String,
        held: bool,
    ) -> Result<()> {
        let row = Row {
            scenario: self.scenario,
            what: what.into(),
            expected,
            seen,
            held,
        };
        if self.hasty {
            if !held {
                bail!("{}: expected {}, saw {}", row.what, row.expected, row.seen);
            }
        } else {
            println!("{row}");
        }
        self.rows.push(row);
        Ok(())
    }

    /// How many lines there are, and how many of them differ.
    pub(super) fn totals(&self) -> (usize, usize) {
        let differ = self.rows.iter().filter(|row| !row.held).count();
        (self.rows.len(), differ)
    }

    /// How many lines of the running scenario differ.
    pub(super) fn differ(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.scenario == self.scenario && !row.held)
            .count()
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.held { "ok" } else { "FAIL" };
        write!(
            f,
            "{mark:<4} {:<17} {:<64} {:<28} {}",
            self.scenario, self.what, self.expected, self.seen
        )
    }
}

/// As one reads it: without the quotes of `Debug`.
fn text(value: &impl Debug) -> String {
    format!("{value:?}").replace('"', "")
}

//! What was done to the node, what callers saw, and docs/cluster.md.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::support::callers::Seen;
use xtask::tree;

const PAGE: &str = "docs/cluster.md";
/// What is above the table is written by hand.
const TABLE: &str =
    "\n| Done | Took, s | Calls | Lost | Outage, s | Seen |\n|---|---|---|---|---|---|\n";

/// One line of the table.
#[derive(Debug)]
struct Row {
    done: String,
    took: Duration,
    /// Calls, those lost, and the longest time of losing; none where nobody called.
    calls: Option<(u64, u64, Duration)>,
    seen: String,
}

/// The table, as it grows.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Something without calls.
    pub(super) fn done(&mut self, done: &str, took: Duration, seen: &str) {
        self.add(done, took, None, seen);
    }

    /// Something under load.
    pub(super) fn called(&mut self, done: &str, took: Duration, calls: &Seen, seen: &str) {
        let calls = (calls.calls, calls.failed, calls.outage);
        self.add(done, took, Some(calls), seen);
    }

    fn add(&mut self, done: &str, took: Duration, calls: Option<(u64, u64, Duration)>, seen: &str) {
        let row = Row {
            done: done.to_owned(),
            took,
            calls,
            seen: seen.to_owned(),
        };
        println!("{}", line(&row));
        self.rows.push(row);
    }

    /// Replaces the table in docs/cluster.md.
    pub(super) fn write(&self) -> Result<()> {
        let page = tree::root().join(PAGE);
        let text = fs::read_to_string(&page).with_context(|| format!("{PAGE} is missing"))?;
        fs::write(page, with_table(&text, &self.rows)?)?;
        Ok(())
    }
}

fn with_table(page: &str, rows: &[Row]) -> Result<String> {
    let (above, _) = page
        .split_once(TABLE)
        .with_context(|| format!("{PAGE} has no table"))?;
    let mut text = format!("{above}{TABLE}");
    for row in rows {
        writeln!(text, "{}", line(row))?;
    }
    Ok(text)
}

fn line(row: &Row) -> String {
    let took = row.took.as_secs_f64();
    let (done, seen) = (&row.done, &row.seen);
    match row.calls {
        None => format!("| {done} | {took:.1} | – | – | – | {seen} |"),
        Some((calls, lost, outage)) => {
            let outage = outage.as_secs_f64();
            format!("| {done} | {took:.1} | {calls} | {lost} | {outage:.1} | {seen} |")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last_one() {
        let row = |done: &str, calls| Row {
            done: done.to_owned(),
            took: Duration::from_millis(1_240),
            calls,
            seen: "all well".to_owned(),
        };
        let page = format!("# A page\n{TABLE}| old |\n");
        let rows = [row("a", None), row("b", Some((10, 2, Duration::ZERO)))];
        let text = with_table(&page, &rows).unwrap();
        assert_eq!(
            text,
            format!(
                "# A page\n{TABLE}| a | 1.2 | – | – | – | all well |\n\
                 | b | 1.2 | 10 | 2 | 0.0 | all well |\n"
            )
        );
        assert!(with_table("# A page\n", &rows).is_err());
    }
}

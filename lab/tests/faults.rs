//! docs/chart-faults.md: every fault has a command and what holds it, and every test that
//! is named there is. The commands are run by `cargo lab chart`.
#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

#[path = "support/named.rs"]
mod named;

use named::{held, read};

/// The rows below a heading, each with its cells.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let page = read("docs/chart-faults.md");
    let (_, table) = page
        .split_once(&format!("\n{heading}\n|--"))
        .expect("docs/chart-faults.md has both tables");
    let lines = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("| "));
    lines
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

#[test]
fn every_fault_has_a_command() {
    let commands = rows("| Of | Fault | Command | Before | Now |");
    let faults = (1..=14).map(|number| number.to_string());
    for fault in faults.chain(["Linkerd".to_owned(), "On a node".to_owned()]) {
        let found = commands.iter().filter(|row| row[0] == fault).count();
        assert!(found > 0, "fault {fault} has no command");
    }
    for row in &commands {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn what_holds_beyond_a_command_is_there() {
    let rows = rows("| Of | What holds now | Held by |");
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row.len(), 3, "{row:?}");
        held(&row[1], &row[2]);
    }
}

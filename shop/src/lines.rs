//! Whose lines they are.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::recipe::SERVICES;
use crate::{make, sync};

/// Prints what a person wrote of each service beside what was made.
pub(crate) fn print() -> Result<()> {
    let made = make::make()?;
    println!(
        "| Service | Files made | Lines made | Files written | Lines written | Lines changed in files made |"
    );
    println!("|---|---|---|---|---|---|");
    for service in &SERVICES {
        let (mut files, mut lines) = (0, 0);
        for path in sync::files(&made.join(service.name))? {
            files += 1;
            lines += count(&made.join(service.name).join(path))?;
        }
        let written = make::written(service);
        let (mut own_files, mut own_lines, mut changed) = (0, 0, 0);
        for path in sync::files(&written)? {
            let path = written.join(path);
            if path.extension().is_some_and(|it| it == "patch") {
                changed += changes(&fs::read_to_string(&path)?);
            } else {
                own_files += 1;
                own_lines += count(&path)?;
            }
        }
        ensure!(
            own_lines + changed <= lines,
            "{}: more was written than there is",
            service.name
        );
        println!(
            "| {} | {} | {} | {own_files} | {own_lines} | {changed} |",
            service.name,
            files - own_files,
            lines - own_lines - changed,
        );
    }
    Ok(())
}

fn count(path: &Path) -> Result<usize> {
    // What is no text has no lines.
    Ok(String::from_utf8(fs::read(path)?).map_or(0, |text| text.lines().count()))
}

/// Lines that a patch adds.
fn changes(patch: &str) -> usize {
    let added = |line: &&str| line.starts_with('+') && !line.starts_with("+++ ");
    patch.lines().filter(added).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn added_lines_are_counted_and_heads_are_not() {
        let patch = "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n same\n-gone\n+one\n+two\n";
        assert_eq!(super::changes(patch), 2);
    }
}

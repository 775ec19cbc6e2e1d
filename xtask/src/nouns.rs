//! `cargo xtask nouns`: which common nouns a resource may be called.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::markers;

/// Common nouns that a service may keep, one a line.
const NOUNS: &str = "xtask/nouns.txt";

/// The lists of hooks/refused.rhai, and what the refusal says of their words.
const REASONS: [(&str, &str); 3] = [
    ("KEYWORDS", "a keyword of the Rust language"),
    ("PRELUDE", "in scope in every file of Rust"),
    ("MODULES", "another module of the service"),
];

/// `cargo xtask nouns`
#[derive(clap::Args)]
pub struct Args {
    /// Prints only those that are refused.
    #[arg(long)]
    refused: bool,
}

/// Prints the table.
pub fn run(args: &Args) -> Result<()> {
    let judged = judged()?;
    let mut text = String::new();
    let mut refused = 0;
    for (noun, reason) in &judged {
        refused += usize::from(reason.is_some());
        match reason {
            Some(reason) => writeln!(text, "{noun:<16}refused: {reason}")?,
            None if args.refused => {}
            None => writeln!(text, "{noun:<16}accepted")?,
        }
    }
    print!("{text}");
    println!("{refused} of {} refused", judged.len());
    Ok(())
}

/// Every noun, and why it is refused if it is.
pub(crate) fn judged() -> Result<Vec<(String, Option<&'static str>)>> {
    let refused = markers::read("hooks/refused.rhai")?;
    let mut reasons = Vec::new();
    for (list, reason) in REASONS {
        let words = words(&refused, list);
        ensure!(!words.is_empty(), "hooks/refused.rhai has no {list}");
        reasons.push((words, reason));
    }
    let nouns = markers::read(NOUNS)?;
    Ok(nouns
        .lines()
        .map(|noun| {
            let found = reasons
                .iter()
                .find(|(words, _)| words.iter().any(|word| word == noun));
            (noun.to_owned(), found.map(|(_, reason)| *reason))
        })
        .collect())
}

/// The words of one of Rhai's lists.
fn words(text: &str, list: &str) -> Vec<String> {
    let begin = format!("export const {list} = [");
    let rest = text.split_once(&begin).map_or("", |(_, rest)| rest);
    let inside = rest.split_once(']').map_or("", |(inside, _)| inside);
    inside
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_common_nouns_are_refused() {
        let judged = judged().expect("the lists are there");
        let refused: Vec<_> = judged
            .iter()
            .filter(|(_, reason)| reason.is_some())
            .collect();
        assert!(judged.len() >= 223 && refused.len() <= 10, "{refused:?}");
    }
}

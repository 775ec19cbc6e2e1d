//! What is said when files do not compile.

use std::path::Path;

use miette::Diagnostic as _;

use crate::bundled;
use crate::edition::{Refusal, lowered};

/// The error with file, line, column, every cause and, where it is known, what
/// to do about it.
pub(super) fn describe(root: &Path, read: &Path, error: &protox::Error) -> String {
    // `Debug` is the form that shows the place, relative to the root.
    let mut text = format!("{error:?}");
    let circle = text.strip_prefix("import cycle detected: ");
    let importing = circle.and_then(|it| it.rsplit(" -> ").nth(1));
    let named = importing.or(error.file()).map(str::to_owned);
    let named = named.map(|it| (root.join(&it), it));
    let named = named.filter(|(path, _)| path.is_file());
    if let Some((_, name)) = &named
        && let Some(rest) = text
            .strip_prefix(name.as_str())
            .and_then(|it| it.strip_prefix(':'))
    {
        text = rest.trim_start().to_owned();
    }
    let file = named.map_or_else(|| read.to_owned(), |(path, _)| path);
    let mut cause = error.diagnostic_source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.diagnostic_source();
    }
    let shown = file.display();
    let source = std::fs::read_to_string(&file).unwrap_or_default();
    let lowered = match lowered(&source) {
        Ok(lowered) => lowered,
        Err(Refusal {
            line,
            column,
            reason,
        }) => {
            return format!(
                "{shown}:{line}:{column}: {reason}; write it without, or in proto2 or proto3"
            );
        }
    };
    let (place, text) = match placed(&text) {
        (Some((line, column)), rest) => {
            // What was read is the text of an edition as it was rewritten.
            let shifts = lowered.filter(|_| error.is_parse()).map(|it| it.shifts);
            let column = shifts.map_or(column, |it| it.column(line - 1, column - 1) + 1);
            (Some((line, column)), rest)
        }
        (None, rest) => (sought(&source, rest), rest),
    };
    let place = place.map_or(String::new(), |(line, column)| format!("{line}:{column}:"));
    if let Some(import) = missing(&error.to_string()) {
        return format!("{shown}:{place} {text}; {}", looked_for(root, import));
    }
    let clash = cycle(text).or_else(|| twice(root, text));
    format!("{shown}:{place} {}", clash.as_deref().unwrap_or(text))
}

/// Of files that import each other, what to do about it.
fn cycle(text: &str) -> Option<String> {
    let files = text.strip_prefix("import cycle detected: ")?;
    let remedy = match files.split_once(" -> ") {
        Some((one, other)) if one == other => "it imports itself: leave that out",
        _ => "move what they share into a file that imports none of them",
    };
    Some(format!("{text}; {remedy}"))
}

/// Of a name that two files declare, where the other does, and what to do about it.
fn twice(root: &Path, text: &str) -> Option<String> {
    let (name, rest) = text.strip_prefix("name '")?.split_once('\'')?;
    let rest = rest.strip_prefix(" is already defined in file '")?;
    let other = rest.strip_suffix('\'')?;
    let path = root.join(other);
    let begin = format!("name '{name}' is already defined in ");
    let Ok(source) = std::fs::read_to_string(&path) else {
        return Some(format!(
            "{begin}{other}, which comes with the contract; if this is a copy of it, give -I and the \
             folder above it from where its name is {other}"
        ));
    };
    let place =
        declared(&source, name).map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
    Some(format!(
        "{begin}{}{place}; leave one of the files out if they declare the same, else give one of \
         the two another name or its file another package",
        path.display()
    ))
}

/// Where `source` declares a message, an enumeration or a service so called.
fn declared(source: &str, name: &str) -> Option<(usize, usize)> {
    let name = name.rsplit('.').next()?;
    source.lines().enumerate().find_map(|(index, line)| {
        let at = ["message ", "enum ", "service "].iter().find_map(|kind| {
            let found = line.find(&format!("{kind}{name}"))? + kind.len();
            let next = line[found + name.len()..].chars().next();
            let whole = next.is_none_or(|it| !it.is_alphanumeric() && it != '_');
            whole.then_some(found)
        })?;
        Some((index + 1, line[..at].chars().count() + 1))
    })
}

/// Line and column that `text` begins with, and the rest of it.
fn placed(text: &str) -> (Option<(usize, usize)>, &str) {
    let mut parts = text.splitn(3, ':');
    let mut number = || parts.next()?.parse::<usize>().ok().filter(|it| *it > 0);
    match (number(), number()) {
        (Some(line), Some(column)) => {
            let rest = parts.next().unwrap_or_default();
            (Some((line, column)), rest.trim_start())
        }
        _ => (None, text),
    }
}

/// Where an error stands in `source` that does not say so itself.
fn sought(source: &str, error: &str) -> Option<(usize, usize)> {
    let at = if error.ends_with("but reached end of file") {
        source.trim_end().len()
    } else {
        let import = match error.strip_prefix("import '") {
            Some(rest) => rest.split('\'').next()?,
            None => error
                .strip_prefix("import cycle detected: ")?
                .rsplit(" -> ")
                .next()?,
        };
        let quoted = ["\"", "'"].map(|quote| format!("{quote}{import}{quote}"));
        quoted
            .iter()
            .filter_map(|it| source.rfind(it.as_str()))
            .max()?
    };
    let before = &source[..at];
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |it| it.chars().count());
    Some((before.matches('\n').count() + 1, column + 1))
}

/// Of "import 'x' not found" and "file 'x' not found", the name.
fn missing(error: &str) -> Option<&str> {
    let name = error.strip_suffix("' not found")?;
    let name = name.strip_prefix("import '");
    name.or_else(|| error.strip_prefix("file '")?.strip_suffix("' not found"))
}

fn looked_for(root: &Path, import: &str) -> String {
    let here = root.join(import);
    let folder = import.rsplit_once('/').map_or("", |(folder, _)| folder);
    let near: Vec<_> = bundled::names()
        .filter(|name| !folder.is_empty() && name.starts_with(folder))
        .collect();
    let near = if near.is_empty() {
        String::new()
    } else {
        format!(" (of {folder}: {})", near.join(", "))
    };
    format!(
        "looked for {} and among the files that come with the contract{near}; put it there, or \
         adopt with -I and the folder that has it",
        here.display()
    )
}

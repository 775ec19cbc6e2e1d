//! A value of a values file under another path. YAML is edited by line, so that
//! comments, quotes and the sequence stay; whatever comes out is read and compared.

use serde_yaml_ng::{Mapping, Value};

/// `text` with the value at `from` at `to`; `None` if it has none there.
///
/// # Errors
///
/// If both are there, or the lines cannot be moved without a change of what they
/// say.
pub(super) fn moved(text: &str, from: &[&str], to: &[&str]) -> Result<Option<String>, String> {
    let by_hand = |why: &str| {
        format!(
            "{} cannot be moved to {}: {why}; move it by hand",
            from.join("."),
            to.join(".")
        )
    };
    let before: Value = serde_yaml_ng::from_str(text)
        .map_err(|error| by_hand(&format!("this is no YAML ({error})")))?;
    let Some(value) = at(&before, from).cloned() else {
        return Ok(None);
    };
    if at(&before, to).is_some() {
        return Err(by_hand("both are there"));
    }
    let mut wanted = before;
    take(&mut wanted, from);
    put(&mut wanted, to, value).ok_or_else(|| by_hand("what is above it there is no table"))?;

    let strange = || by_hand("it does not stand on lines of its own");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let block = cut(&mut lines, from).ok_or_else(strange)?;
    insert(&mut lines, to, block).ok_or_else(strange)?;
    let mut edited = lines.join("\n");
    if text.ends_with('\n') || !edited.is_empty() {
        edited.push('\n');
    }
    let after: Value = serde_yaml_ng::from_str(&edited).map_err(|_| strange())?;
    // A file with nothing left in it says nothing.
    let nothing = |it: &Value| it.is_null() || it.as_mapping().is_some_and(Mapping::is_empty);
    if after == wanted || (nothing(&after) && nothing(&wanted)) {
        Ok(Some(edited))
    } else {
        Err(strange())
    }
}

/// A template of the chart that reads the value; `None` if it does not.
pub(super) fn references(text: &str, from: &str, to: &str) -> Option<String> {
    let wanted = format!(".Values.{from}");
    let mut edited = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&wanted) {
        let after = &rest[at + wanted.len()..];
        let whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        edited.push_str(&rest[..at]);
        edited.push_str(".Values.");
        edited.push_str(if whole { to } else { from });
        rest = after;
    }
    edited.push_str(rest);
    (edited != text).then_some(edited)
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// Removes the value at `path`, and what is empty without it.
fn take(value: &mut Value, path: &[&str]) {
    let (Some((key, rest)), Some(table)) = (path.split_first(), value.as_mapping_mut()) else {
        return;
    };
    if let Some(inner) = table.get_mut(*key)
        && !rest.is_empty()
    {
        take(inner, rest);
        if !inner.as_mapping().is_some_and(Mapping::is_empty) {
            return;
        }
    }
    table.shift_remove(*key);
}

fn put(value: &mut Value, path: &[&str], new: Value) -> Option<()> {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return Some(());
    };
    if value.is_null() {
        *value = Value::Mapping(Mapping::new());
    }
    let table = value.as_mapping_mut()?;
    let inner = table
        .entry(Value::String((*key).to_owned()))
        .or_insert(Value::Null);
    put(inner, rest, new)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// An entry of a table: its line, where it ends, and how far it stands in.
#[derive(Clone, Copy)]
struct Entry {
    line: usize,
    end: usize,
    indent: usize,
}

/// The entry `key` of the table on the lines from `begin` to `end`.
fn entry(lines: &[String], begin: usize, end: usize, key: &str) -> Option<Entry> {
    let content = |at: &usize| !is_blank(&lines[*at]) && !is_comment(&lines[*at]);
    let first = (begin..end).find(content)?;
    let indent_here = indent(&lines[first]);
    let keys = [
        format!("{key}:"),
        format!("\"{key}\":"),
        format!("'{key}':"),
    ];
    let line = (first..end).filter(content).find(|at| {
        let text = &lines[*at];
        indent(text) == indent_here
            && keys.iter().any(|key| {
                let rest = text.trim_start().strip_prefix(key.as_str());
                rest.is_some_and(|it| it.is_empty() || it.starts_with(' '))
            })
    })?;
    let mut stop = (line + 1..end)
        .filter(content)
        .find(|at| {
            // A list may stand no further in than its key.
            let item =
                indent(&lines[*at]) == indent_here && lines[*at].trim_start().starts_with('-');
            indent(&lines[*at]) <= indent_here && !item
        })
        .unwrap_or(end);
    // What stands before the next one is that one's.
    while stop > line + 1
        && (is_blank(&lines[stop - 1])
            || (is_comment(&lines[stop - 1]) && indent(&lines[stop - 1]) <= indent_here))
    {
        stop -= 1;
    }
    Some(Entry {
        line,
        end: stop,
        indent: indent_here,
    })
}

/// The entry at `path`, and those above it.
fn entries(lines: &[String], path: &[&str]) -> Vec<Entry> {
    let (mut begin, mut end) = (0, lines.len());
    let mut found = Vec::new();
    for key in path {
        let Some(entry) = entry(lines, begin, end, key) else {
            break;
        };
        (begin, end) = (entry.line + 1, entry.end);
        found.push(entry);
    }
    found
}

/// Takes out the lines of the entry at `path` with the comment above it, and
/// those of what is empty then.
fn cut(lines: &mut Vec<String>, path: &[&str]) -> Option<Vec<String>> {
    let found = entries(lines, path);
    if found.len() != path.len() {
        return None;
    }
    let last = *found.last()?;
    let block: Vec<String> = lines.drain(above(lines, last)..last.end).collect();
    for length in (1..path.len()).rev() {
        let parent = *entries(lines, &path[..length]).get(length - 1)?;
        let mut inner = parent.line + 1..parent.end;
        if inner.any(|at| !is_blank(&lines[at]) && !is_comment(&lines[at])) {
            break;
        }
        // A comment would be lost with it.
        if parent.end > parent.line + 1 || above(lines, parent) != parent.line {
            return None;
        }
        lines.remove(parent.line);
    }
    let unindented = |line: &String| line.get(last.indent.min(indent(line))..).map(str::to_owned);
    block.iter().map(unindented).collect()
}

/// Where the comment above an entry begins.
fn above(lines: &[String], entry: Entry) -> usize {
    let mut begin = entry.line;
    while begin > 0 && is_comment(&lines[begin - 1]) && indent(&lines[begin - 1]) == entry.indent {
        begin -= 1;
    }
    begin
}

/// Puts the lines of an entry, which stand not in at all, where `path` says.
fn insert(lines: &mut Vec<String>, path: &[&str], block: Vec<String>) -> Option<()> {
    let (name, parents) = path.split_last()?;
    let found = entries(lines, parents);
    let mut depth = found.last().map_or(0, |it| it.indent + 2);
    let mut place = found.last().map_or_else(|| end_of(lines), |it| it.end);
    if let Some(parent) = found.last() {
        let inner = (parent.line + 1..parent.end)
            .find(|at| !is_blank(&lines[*at]) && !is_comment(&lines[*at]));
        if let Some(at) = inner {
            depth = indent(&lines[at]);
        } else {
            // `key: {}` or nothing.
            let line = &lines[parent.line];
            let (head, rest) = line.split_once(':')?;
            let (rest, comment) = rest
                .split_once('#')
                .map_or((rest, String::new()), |it| (it.0, format!(" #{}", it.1)));
            if !matches!(rest.trim(), "" | "{}" | "null" | "~") {
                return None;
            }
            lines[parent.line] = format!("{head}:{comment}");
            place = parent.line + 1;
        }
    } else if let Some(first) = (lines.iter()).position(|it| !is_blank(it) && !is_comment(it))
        && lines[first].trim() == "{}"
    {
        lines.remove(first);
        place = first;
    }
    let mut new = Vec::new();
    for key in &parents[found.len()..] {
        new.push(format!("{}{key}:", " ".repeat(depth)));
        depth += 2;
    }
    let mut named = false;
    for line in block {
        let line = if named || is_comment(&line) || is_blank(&line) {
            line
        } else {
            named = true;
            let (_, rest) = line.split_once(':')?;
            format!("{name}:{rest}")
        };
        let spaces = if is_blank(&line) { 0 } else { depth };
        new.push(format!("{}{line}", " ".repeat(spaces)));
    }
    lines.splice(place..place, new);
    Some(())
}

/// Behind the last line that says something.
fn end_of(lines: &[String]) -> usize {
    let last = lines.iter().rposition(|it| !is_blank(it));
    last.map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests;

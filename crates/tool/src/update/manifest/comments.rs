//! Comments of a team, where what they stand at is taken out or replaced.

use toml_edit::{Decor, Item, TableLike};

/// Takes `key` out of `table`, but not what the team wrote there: that comes above what
/// followed, or was before.
pub(super) fn outlive(base: Option<&dyn TableLike>, table: &mut dyn TableLike, key: &str) {
    let at = (table.iter()).position(|(known, _)| known == key);
    let of_template = base.map(|base| around(base, key)).unwrap_or_default();
    let mut kept = around(table, key);
    kept.retain(|line| !of_template.contains(line));
    // A table has no comment that is only its own: the last key keeps it.
    if !kept.is_empty() && table.len() == 1 {
        return;
    }
    table.remove(key);
    let keys: Vec<_> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let other = at.and_then(|at| keys.get(at).or(keys.last()));
    if let Some(other) = other {
        put(table, other, &kept);
    }
}

/// What the team wrote in the middle of a value.
pub(super) fn inside(old: Option<&Item>, own: &Item) -> Vec<String> {
    let of_template = old.map(lines).unwrap_or_default();
    let mut inside = lines(own);
    inside.retain(|line| !of_template.contains(line));
    inside
}

/// Puts `lines` above `key`.
pub(super) fn put(table: &mut dyn TableLike, key: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    if let Some(item @ Item::Table(_)) = table.get_mut(key) {
        above(item, lines);
    } else if let Some(mut name) = table.key_mut(key) {
        prepend(name.leaf_decor_mut(), lines);
    }
}

fn above(item: &mut Item, lines: &[String]) {
    if let Item::Table(table) = item {
        prepend(table.decor_mut(), lines);
    }
}

/// Above what is written there: below the empty lines that set it apart.
fn prepend(decor: &mut Decor, lines: &[String]) {
    let there = decor
        .prefix()
        .and_then(|it| it.as_str())
        .unwrap_or_default();
    let text = there.trim_start_matches('\n');
    let gap = &there[..there.len() - text.len()];
    decor.set_prefix(format!("{gap}{}\n{text}", lines.join("\n")));
}

/// Above a key, in its value and behind it.
fn around(table: &dyn TableLike, key: &str) -> Vec<String> {
    let above = match table.get(key) {
        Some(Item::Table(table)) => Some(table.decor().clone()),
        _ => table.key(key).map(|key| key.leaf_decor().clone()),
    };
    let above = above.and_then(|it| it.prefix()?.as_str().map(str::to_owned));
    let mut found = comments(&above.unwrap_or_default());
    if let Some(item) = table.get(key) {
        found.extend(lines(item));
        let behind = item.as_value().and_then(|it| it.decor().suffix()?.as_str());
        found.extend(comments(behind.unwrap_or_default()));
    }
    found
}

/// In an item.
fn lines(item: &Item) -> Vec<String> {
    comments(&item.to_string())
}

/// Of a text's lines, those that are comments.
fn comments(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

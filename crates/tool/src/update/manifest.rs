//! Three versions of a TOML file into one, by key. A merge of lines puts a key in
//! twice, or calls two dependencies next to each other a conflict.

mod comments;

use std::fs;

use toml_edit::{Array, Decor, DocumentMut, Item, Key, TableLike, Value};

use super::work::Work;
use crate::Error;

/// What a merge came to.
pub(super) struct Merged {
    pub text: String,
    /// Keys that both sides changed, each to something else: marked in the text.
    pub conflicts: Vec<String>,
}

/// Whose value is taken where both have changed one.
#[derive(Clone, Copy)]
enum Side {
    Base,
    Ours,
    Theirs,
}

/// Merges; `labels` name the two sides in markers of conflicts.
pub(super) fn merge(
    work: &Work,
    base: &str,
    ours: &str,
    theirs: &str,
    labels: [&str; 2],
) -> Result<Merged, Error> {
    let (text, conflicts) = merge_as(Side::Ours, base, ours, theirs)?;
    if conflicts.is_empty() {
        return Ok(Merged { text, conflicts });
    }
    // The three now differ in nothing but what is in conflict: git marks just that.
    let mut paths = Vec::new();
    for side in [Side::Ours, Side::Base, Side::Theirs] {
        let path = work.place("side.toml");
        let (text, _) = merge_as(side, base, ours, theirs)?;
        fs::write(&path, text).map_err(|error| Error::io(&path, &error))?;
        paths.push(path.display().to_string());
    }
    let mut arguments = vec!["merge-file", "--stdout", "--quiet"];
    for label in [labels[0], "before", labels[1]] {
        arguments.extend(["-L", label]);
    }
    arguments.extend(paths.iter().map(String::as_str));
    // It ends with the number of conflicts.
    let output = work.git.attempt(&arguments)?;
    Ok(Merged {
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        conflicts,
    })
}

fn merge_as(
    side: Side,
    base: &str,
    ours: &str,
    theirs: &str,
) -> Result<(String, Vec<String>), Error> {
    let parse = |text: &str| -> Result<DocumentMut, Error> {
        (text.parse()).map_err(|error: toml_edit::TomlError| Error::new(error.message().to_owned()))
    };
    let (base, mut ours, theirs) = (parse(base)?, parse(ours)?, parse(theirs)?);
    let mut merge = Merge {
        side,
        path: Vec::new(),
        conflicts: Vec::new(),
    };
    merge.tables(Some(base.as_table()), ours.as_item_mut(), theirs.as_table());
    Ok((ours.to_string(), merge.conflicts))
}

struct Merge {
    side: Side,
    path: Vec<String>,
    conflicts: Vec<String>,
}

impl Merge {
    fn tables(&mut self, base: Option<&dyn TableLike>, ours: &mut Item, theirs: &dyn TableLike) {
        let Some(table) = ours.as_table_like_mut() else {
            return;
        };
        let mut keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        let mut before: Option<String> = None;
        for (key, new) in theirs.iter() {
            if !keys.iter().any(|known| known == key) {
                // Where the template has it: after the same neighbour.
                let place = before.and_then(|it| keys.iter().position(|known| *known == it));
                keys.insert(place.map_or(0, |place| place + 1), key.to_owned());
                if base.and_then(|base| base.get(key)).is_none()
                    && let Some(name) = theirs.key(key)
                {
                    table.entry_format(name).or_insert(new.clone());
                }
            }
            before = Some(key.to_owned());
        }
        for key in &keys {
            self.path.push(key.clone());
            self.entry(base, table, theirs, key);
            self.path.pop();
        }
        let place = |key: &Key| keys.iter().position(|known| known == key.get());
        match ours {
            Item::Table(table) => {
                table.sort_values_by(|one, _, other, _| place(one).cmp(&place(other)));
            }
            Item::Value(Value::InlineTable(table)) => {
                table.sort_values_by(|one, _, other, _| place(one).cmp(&place(other)));
            }
            _ => {}
        }
    }

    fn entry(
        &mut self,
        base: Option<&dyn TableLike>,
        table: &mut dyn TableLike,
        theirs: &dyn TableLike,
        key: &str,
    ) {
        let old = base.and_then(|base| base.get(key));
        let (Some(new), Some(own)) = (theirs.get(key), table.get(key)) else {
            // What the template takes out goes, unless the team has changed it;
            // what the team took out stays out.
            if let (None, Some(own), Some(old)) = (theirs.get(key), table.get(key), old)
                && plain(own) == plain(old)
            {
                comments::outlive(base, table, key);
            }
            return;
        };
        let mine = plain(own);
        comment(base, table, theirs, key);
        if mine == plain(new) || old.is_some_and(|old| plain(old) == plain(new)) {
            return;
        }
        let Some(own) = table.get_mut(key) else {
            return;
        };
        if let (true, Some(new)) = (own.is_table_like(), new.as_table_like()) {
            self.tables(old.and_then(Item::as_table_like), own, new);
            return;
        }
        if old.is_some_and(|old| plain(old) == plain(own)) {
            let inside = comments::inside(old, own);
            replace(own, new, old);
            comments::put(table, key, &inside);
            return;
        }
        if let (Some(own), Some(new)) = (own.as_array_mut(), new.as_array()) {
            elements(old.and_then(Item::as_array), own, new);
            return;
        }
        if let Some(higher) = higher(old, own, new) {
            if higher {
                replace(own, new, None);
            }
            return;
        }
        self.conflicts.push(self.path.join("."));
        match (self.side, old) {
            (Side::Ours, _) => {}
            (Side::Theirs, _) => replace(own, new, None),
            (Side::Base, Some(old)) => replace(own, old, None),
            (Side::Base, None) => {
                table.remove(key);
            }
        }
    }
}

/// The template's comment above a key, where the team has left the old one.
fn comment(
    base: Option<&dyn TableLike>,
    table: &mut dyn TableLike,
    theirs: &dyn TableLike,
    key: &str,
) {
    let above = |table: &dyn TableLike| match table.get(key) {
        Some(Item::Table(table)) => Some(table.decor().clone()),
        _ => table.key(key).map(|key| key.leaf_decor().clone()),
    };
    let old = base.and_then(above);
    let (own, new) = (above(table), above(theirs));
    let prefix = |decor: Option<&Decor>| {
        decor
            .and_then(|it| it.prefix()?.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let (was, is, mine) = (
        prefix(old.as_ref()),
        prefix(new.as_ref()),
        prefix(own.as_ref()),
    );
    if old.is_none() || mine != was || was == is {
        return;
    }
    let Some(new) = new else { return };
    if let Some(Item::Table(table)) = table.get_mut(key) {
        *table.decor_mut() = new;
    } else if let Some(mut name) = table.key_mut(key) {
        *name.leaf_decor_mut() = new;
    }
}

/// Puts `new` there; the comment behind it stays, if it is the team's.
fn replace(own: &mut Item, new: &Item, old: Option<&Item>) {
    let decor = |item: &Item| item.as_value().map(|value| value.decor().clone());
    let suffix =
        |decor: Option<Decor>| decor.and_then(|it| it.suffix()?.as_str().map(str::to_owned));
    let kept = decor(own);
    let changed = suffix(kept.clone()) != suffix(old.and_then(decor));
    *own = new.clone();
    if let (true, Some(kept), Some(value)) = (changed, kept, own.as_value_mut()) {
        *value.decor_mut() = kept;
    }
}

/// Takes out of `own` what the template took out, and puts in what it put in.
fn elements(old: Option<&Array>, own: &mut Array, new: &Array) {
    let names = |array: &Array| array.iter().map(plain_value).collect::<Vec<_>>();
    let (was, is) = (old.map(names).unwrap_or_default(), names(new));
    own.retain(|value| {
        let name = plain_value(value);
        is.contains(&name) || !was.contains(&name)
    });
    let here = names(own);
    for (name, value) in is.iter().zip(new.iter()) {
        if was.contains(name) || here.contains(name) {
            continue;
        }
        let mut value = value.clone();
        match own.get(own.len().saturating_sub(1)) {
            Some(last) if own.len() > 1 => *value.decor_mut() = last.decor().clone(),
            Some(_) => value.decor_mut().set_prefix(" "),
            None => value.decor_mut().clear(),
        }
        own.push_formatted(value);
    }
}

/// Whether `new` is the higher one of two versions, both higher than `old`.
fn higher(old: Option<&Item>, own: &Item, new: &Item) -> Option<bool> {
    let version = |item: &Item| super::template::numbers(item.as_str()?);
    let (old, own, new) = (version(old?)?, version(own)?, version(new)?);
    (own > old && new > old).then_some(new > own)
}

/// What an item says, however it is written.
fn plain(item: &Item) -> String {
    if let Some(table) = item.as_table_like() {
        return plain_table(table);
    }
    match item {
        Item::Value(value) => plain_value(value),
        Item::ArrayOfTables(tables) => {
            let tables: Vec<_> = tables.iter().map(|table| plain_table(table)).collect();
            format!("[{}]", tables.join(","))
        }
        _ => String::new(),
    }
}

fn plain_table(table: &dyn TableLike) -> String {
    let mut entries: Vec<_> = (table.iter())
        .map(|(key, item)| format!("{key:?}={}", plain(item)))
        .collect();
    entries.sort();
    format!("{{{}}}", entries.join(","))
}

fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Array(array) => {
            let values: Vec<_> = array.iter().map(plain_value).collect();
            format!("[{}]", values.join(","))
        }
        Value::InlineTable(table) => plain_table(table),
        other => other.clone().decorated("", "").to_string(),
    }
}

#[cfg(test)]
mod tests;

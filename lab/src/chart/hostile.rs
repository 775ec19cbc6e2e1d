//! Whether strings stay strings: whatever one of them says, it is refused by name, or
//! it stands in the objects as it is and adds nothing to them.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{Rendered, render};
use super::document;
use super::tools::Tools;

/// What YAML, templates and shells read something into, and a name that is none to YAML.
const WORDS: [&str; 2] = [
    "x\"y': {z}\ninjected: \"true\"\n- {{ fail \"no\" }} #",
    "null",
];

/// What a chart says that has not looked at what it was given.
const ACCIDENTS: [&str; 5] = [
    "YAML parse error",
    "error converting YAML",
    "error unmarshaling",
    "nil pointer",
    "runtime error",
];

/// Keys and indexes, from the outside in.
type Path = Vec<String>;

/// Each string of each case, once: how many.
pub(super) fn check(place: &Place, tools: &Tools, cases: &[Rendered]) -> Result<usize> {
    let mut seen = BTreeSet::new();
    for case in cases {
        let mut all = Vec::new();
        strings(&case.values, &mut Vec::new(), &mut all);
        let new: Vec<Path> = all.into_iter().filter(|it| seen.insert(kind(it))).collect();
        for word in WORDS {
            let trial = Trial {
                place,
                tools,
                case,
                word,
            };
            trial.all(new.clone())?;
        }
    }
    Ok(seen.len())
}

struct Trial<'a> {
    place: &'a Place,
    tools: &'a Tools,
    case: &'a Rendered,
    word: &'a str,
}

impl Trial<'_> {
    /// All at once without those that are refused, since most have no word to say of
    /// each other; each alone where it is not said which.
    fn all(&self, mut paths: Vec<Path>) -> Result<()> {
        while !paths.is_empty() {
            let (ok, said) = self.render(&paths)?;
            if ok {
                // What repeats another may be there once.
                return self
                    .as_before(&said, &paths)
                    .or_else(|error| match paths[..] {
                        [_] => Err(error),
                        _ => paths.iter().try_for_each(|path| self.one(path)),
                    });
            }
            let before = paths.len();
            paths.retain(|path| !is_named(path, &said));
            if paths.len() == before {
                return paths.iter().try_for_each(|path| self.one(path));
            }
        }
        Ok(())
    }

    fn one(&self, path: &Path) -> Result<()> {
        let paths = std::slice::from_ref(path);
        let (ok, said) = self.render(paths)?;
        if ok {
            return self.as_before(&said, paths);
        }
        let accident = ACCIDENTS.iter().find(|it| said.contains(**it));
        ensure!(accident.is_none(), "{}: {said}", self.what(paths));
        Ok(())
    }

    fn render(&self, paths: &[Path]) -> Result<(bool, String)> {
        let mut values = self.case.values.clone();
        for path in paths {
            if let Some(place) = values.pointer_mut(&pointer(path)) {
                *place = self.word.into();
            }
        }
        render(self.place, self.tools, &values)
    }

    /// The same objects, with other words.
    fn as_before(&self, text: &str, paths: &[Path]) -> Result<()> {
        let objects = document::parse(text);
        let objects = objects.map_err(|error| error.context(self.what(paths)))?;
        for (before, after) in self.case.objects.iter().zip(&objects) {
            let (of, differs) = (document::id(before), difference(before, after, self.word));
            ensure!(
                differs.is_none(),
                "{}: of {of} another {}",
                self.what(paths),
                differs.unwrap_or_default()
            );
        }
        let (before, after) = (self.case.objects.len(), objects.len());
        ensure!(
            before == after,
            "{}: {before} objects, then {after}",
            self.what(paths)
        );
        Ok(())
    }

    fn what(&self, paths: &[Path]) -> String {
        let paths: Vec<String> = paths.iter().map(|it| it.join(".")).collect();
        let Rendered { provider, name, .. } = self.case;
        format!(
            "{provider}/{name}: {:?} as {}",
            self.word,
            paths.join(" or ")
        )
    }
}

/// Where one has other keys, another length or another type, from the outside in. What
/// a header is called is a key in some objects: that may be `word`.
fn difference(before: &Value, after: &Value, word: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            if before.len() != after.len() {
                return Some(format!("set of keys, {:?}", after.keys()));
            }
            before.iter().find_map(|(key, one)| {
                let Some(other) = after.get(key).or_else(|| after.get(word)) else {
                    return Some(format!("set of keys, {:?}", after.keys()));
                };
                Some(format!("{key}: {}", difference(one, other, word)?))
            })
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after);
            pairs.find_map(|(one, other)| difference(one, other, word))
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => None,
        _ => Some(format!("kind of value, {after}")),
    }
}

/// Where strings are in `value`.
fn strings(value: &Value, at: &mut Path, found: &mut Vec<Path>) {
    let mut inside = |key: String, value: &Value| {
        at.push(key);
        strings(value, at, found);
        at.pop();
    };
    match value {
        Value::Object(all) => all.iter().for_each(|(key, it)| inside(key.clone(), it)),
        Value::Array(all) => {
            let each = all.iter().enumerate();
            each.for_each(|(number, it)| inside(number.to_string(), it));
        }
        Value::String(_) if !is_apart(at) => found.push(at.clone()),
        _ => {}
    }
}

/// The provider chooses what is rendered at all, and these objects are the user's.
fn is_apart(path: &Path) -> bool {
    *path == ["mesh", "provider"] || path.first().is_some_and(|it| it == "extraObjects")
}

/// The same for each element of a list.
fn kind(path: &Path) -> Path {
    let is_number = |it: &String| it.bytes().all(|byte| byte.is_ascii_digit());
    let each = path.iter();
    each.map(|it| {
        if is_number(it) {
            "#".to_owned()
        } else {
            it.clone()
        }
    })
    .collect()
}

/// By the schema's pointer, or at the beginning of a contradiction.
fn is_named(path: &Path, said: &str) -> bool {
    let words: Vec<String> = kind(path).into_iter().filter(|it| it != "#").collect();
    said.contains(&format!("'{}'", pointer(path)))
        || said.contains(&format!("- {}:", words.join(".")))
}

fn pointer(path: &Path) -> String {
    let escaped = path
        .iter()
        .map(|it| it.replace('~', "~0").replace('/', "~1"));
    escaped.flat_map(|it| ["/".to_owned(), it]).collect()
}

//! Which resources a list or a watch is about.

use std::borrow::Cow;
use std::fmt;

use store::Invalid;

use super::Model;

/// A field that a filter may compare, by `=`. It is also the column of that name.
pub struct Comparison<R> {
    field: &'static str,
    is_quoted: bool,
    read: fn(&str) -> Result<String, Invalid>,
    get: fn(&R) -> Cow<'_, str>,
}

impl<R> Comparison<R> {
    /// Of text: `customer = "alice"`. `read` checks what a caller compares with, `get`
    /// is what is compared.
    #[must_use]
    pub const fn text(
        field: &'static str,
        read: fn(&str) -> Result<String, Invalid>,
        get: fn(&R) -> Cow<'_, str>,
    ) -> Self {
        Self {
            field,
            is_quoted: true,
            read,
            get,
        }
    }

    /// Of an enum's value: `state = OPEN`.
    #[must_use]
    pub const fn word(
        field: &'static str,
        read: fn(&str) -> Result<String, Invalid>,
        get: fn(&R) -> Cow<'_, str>,
    ) -> Self {
        Self {
            is_quoted: false,
            ..Self::text(field, read, get)
        }
    }
}

/// Which resources are meant: all conditions must hold. The default means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In the sequence of [`Model::FILTERS`].
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    /// Its place in [`Model::FILTERS`].
    place: usize,
    field: &'static str,
    is_quoted: bool,
    value: String,
}

impl Filter {
    /// Parses `customer = "alice" AND state = OPEN`, a part of AIP-160.
    /// Empty text means all.
    pub fn parse<R: Model>(text: &str) -> Result<Self, Invalid> {
        let mut filter = Self::default();
        if text.trim().is_empty() {
            return Ok(filter);
        }
        let mut words = Words(text);
        loop {
            let (field, equals, value) = (words.next(), words.next(), words.next());
            let (Some(field), Some("="), Some(value)) = (field, equals, value) else {
                return Err(Invalid::new(
                    "must be comparisons such as 'state = OPEN', joined by AND",
                ));
            };
            filter.compare::<R>(field, unquote(value)?)?;
            match words.next() {
                None => return Ok(filter),
                Some("AND") => {}
                Some(_) => return Err(Invalid::new("must join comparisons by AND")),
            }
        }
    }

    fn compare<R: Model>(&mut self, field: &str, value: &str) -> Result<(), Invalid> {
        let known = R::FILTERS.iter().position(|it| it.field == field);
        let Some((place, by)) = known.map(|place| (place, &R::FILTERS[place])) else {
            return Err(Invalid(format!("can compare only {}", fields::<R>())));
        };
        let value = (by.read)(value).map_err(|Invalid(why)| Invalid(format!("{field} {why}")))?;
        match (self.conditions).binary_search_by_key(&place, |condition| condition.place) {
            Ok(_) => Err(Invalid(format!("compares {field} twice"))),
            Err(at) => {
                let condition = Condition {
                    place,
                    field: by.field,
                    is_quoted: by.is_quoted,
                    value,
                };
                self.conditions.insert(at, condition);
                Ok(())
            }
        }
    }

    /// Whether `resource` is meant.
    #[must_use]
    pub fn matches<R: Model>(&self, resource: &R) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|it| (R::FILTERS[it.place].get)(resource) == it.value)
    }

    /// Each field that is compared, and with what.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        (self.conditions.iter()).map(|it| (it.field, it.value.as_str()))
    }
}

/// `a, b and c`.
fn fields<R: Model>() -> String {
    let names: Vec<_> = R::FILTERS.iter().map(|it| it.field).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The canonical text; parses to an equal filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut and = "";
        for Condition {
            field,
            is_quoted,
            value,
            ..
        } in &self.conditions
        {
            let quote = if *is_quoted { "\"" } else { "" };
            write!(f, "{and}{field} = {quote}{value}{quote}")?;
            and = " AND ";
        }
        Ok(())
    }
}

/// Splits into `=`, quoted strings and runs of other characters.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let end = match first {
            '=' => 1,
            '"' => text[1..].find('"').map_or(text.len(), |i| i + 2),
            _ => text
                .find(|c: char| c.is_whitespace() || c == '=' || c == '"')
                .unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        Some(word)
    }
}

fn unquote(word: &str) -> Result<&str, Invalid> {
    match word.strip_prefix('"') {
        None => Ok(word),
        Some(rest) => rest
            .strip_suffix('"')
            .ok_or_else(|| Invalid::new("has a string without its closing quote")),
    }
}

//! How a resource is a row: what a service says of its tables.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{Cause, Error};
use crate::resource::Resource;
use crate::row::Row;

/// Says how a [`Resource`] is kept in tables. The store brings the statements; the
/// service brings columns, filters and migrations.
///
/// The tables are `NAME_records` (one row for each, with the columns `id`, `version`,
/// `created`, `updated`, `owner` and those of [`Table::COLUMNS`]), `NAME_events`,
/// `NAME_requests`, `NAME_past`, `NAME_holds`, `NAME_published` and, in PostgreSQL,
/// `NAME_clock`, `NAME_tickets`, `NAME_migrations`. `migrations/` of this crate has
/// them as they are for a new resource.
pub trait Table: Resource<Content: Serialize + DeserializeOwned> {
    /// What the names of its tables begin with; in PostgreSQL also that of its
    /// notifications.
    const NAME: &'static str;

    /// What is kept of one besides its id, version, times and owner.
    const COLUMNS: &'static [Column<Self>];

    /// Steps that lead to the schema in SQLite, from an empty file. Never edit one that
    /// was released; append. Whoever never opens a file leaves it out.
    const SQLITE: &'static [&'static str] = &[];

    /// The same for PostgreSQL. Several resources can be kept in one database.
    const POSTGRES: &'static [&'static str] = &[];

    /// Whose it is; empty: nobody's. Never changes.
    fn owner(&self) -> &str;

    /// When it was made. Never changes.
    fn created(&self) -> std::time::SystemTime;

    /// When it last changed.
    fn updated(&self) -> std::time::SystemTime;

    /// The inverse of all of these. What is read may have been edited by hand, so that
    /// every value is to be checked like a caller's.
    ///
    /// # Errors
    /// [`Error::Internal`]; those of [`Row`] name the column.
    fn read(row: &Row<'_>) -> Result<Self, Error>;

    /// What a list asks for, as conditions on columns.
    fn select(query: &Self::Query) -> Select<'_>;

    /// Reads one from the JSON of the whole, which events held in schemas of before
    /// columns of their own. A resource that never had those has none.
    ///
    /// # Errors
    /// Why it is none.
    fn from_document(json: &str) -> Result<Self, Cause> {
        Err(format!("nothing is kept as {} bytes of JSON", json.len()).into())
    }
}

/// What becomes of a column's value with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Never changes.
    Fixed,
    /// Small: every event has it. A new resource has this one.
    Tracked(&'static str),
    /// What is replaced is kept as long as events before that are.
    Replaced,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// As it is.
    Text,
    /// As a string of JSON where text cannot have every character, as in PostgreSQL.
    Escaped,
    /// It is JSON.
    Json,
}

/// One column of a resource.
///
/// Not `id`, `version`, `created`, `updated`, `owner`, which each has; nor `seq`, `at`,
/// `change`, `data`, `traceparent`, `tracestate`, `caller`, `request_id`, `ticket`,
/// `number`, `owes`, `bytes`, `last`, which stand beside them in statements.
pub struct Column<R> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    #[cfg_attr(not(feature = "postgres"), expect(dead_code))]
    pub(crate) format: Format,
    get: Get<R>,
    same: Option<fn(&R, &R) -> bool>,
}

/// How the value is made.
enum Get<R> {
    Text(fn(&R) -> Cow<'_, str>),
    Json(fn(&R) -> serde_json::Result<String>),
}

impl<R> Column<R> {
    /// Text that never changes: `TEXT NOT NULL`.
    #[must_use]
    pub const fn fixed(name: &'static str, get: fn(&R) -> Cow<'_, str>) -> Self {
        Self::new(name, Kind::Fixed, Format::Text, Get::Text(get))
    }

    /// A short text that changes, such as a state: `TEXT NOT NULL`, in the records and,
    /// without `NOT NULL`, in the events. Of a new resource it is `first`, always.
    #[must_use]
    pub const fn tracked(
        name: &'static str,
        first: &'static str,
        get: fn(&R) -> Cow<'_, str>,
    ) -> Self {
        Self::new(name, Kind::Tracked(first), Format::Text, Get::Text(get))
    }

    /// Text that changes: `TEXT NOT NULL`; in PostgreSQL `JSON NOT NULL`, a string,
    /// because `TEXT` could not hold U+0000.
    #[must_use]
    pub const fn text(name: &'static str, get: fn(&R) -> Cow<'_, str>) -> Self {
        Self::new(name, Kind::Replaced, Format::Escaped, Get::Text(get))
    }

    /// JSON that changes: `TEXT NOT NULL`; in PostgreSQL `JSON NOT NULL`.
    #[must_use]
    pub const fn json(name: &'static str, get: fn(&R) -> serde_json::Result<String>) -> Self {
        Self::new(name, Kind::Replaced, Format::Json, Get::Json(get))
    }

    /// Says whether two have the same in it, where that costs less than to write it.
    #[must_use]
    pub const fn compared_by(mut self, same: fn(&R, &R) -> bool) -> Self {
        self.same = Some(same);
        self
    }

    const fn new(name: &'static str, kind: Kind, format: Format, get: Get<R>) -> Self {
        Self {
            name,
            kind,
            format,
            get,
            same: None,
        }
    }

    /// The value of that one.
    pub(crate) fn get<'a>(&self, of: &'a R) -> Result<Cow<'a, str>, Error> {
        match &self.get {
            Get::Text(get) => Ok(get(of)),
            Get::Json(get) => match get(of) {
                Ok(json) => Ok(json.into()),
                Err(error) => Err(Error::Internal(error.into())),
            },
        }
    }

    /// Whether it is one whose past is kept, and differs.
    pub(crate) fn is_replaced(&self, before: &R, after: &R) -> Result<bool, Error> {
        if self.kind != Kind::Replaced {
            return Ok(false);
        }
        Ok(match self.same {
            Some(same) => !same(before, after),
            None => self.get(before)? != self.get(after)?,
        })
    }

    /// The name as statements write it, also if it is a word of theirs.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }
}

/// How what is in a column compares with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Equal,
    /// What stands before the first space, or all of it.
    FirstWord,
    /// Whether it begins so.
    Prefix,
}

/// What a list asks for: those for which all conditions hold, by their ids.
#[derive(Debug, Clone)]
pub struct Select<'a> {
    pub(crate) conditions: Vec<Condition<'a>>,
    pub(crate) newest_first: bool,
    pub(crate) after: Option<Uuid>,
    pub(crate) limit: usize,
}

/// A column and what must be in it.
#[derive(Debug, Clone)]
pub(crate) struct Condition<'a> {
    pub(crate) column: &'static str,
    pub(crate) test: Test,
    pub(crate) value: Cow<'a, str>,
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code))]
    pub(crate) indexed: bool,
}

impl<'a> Select<'a> {
    /// At most `limit`, oldest first.
    #[must_use]
    pub fn oldest(limit: usize) -> Self {
        Self {
            conditions: Vec::new(),
            newest_first: false,
            after: None,
            limit,
        }
    }

    /// At most `limit`, newest first.
    #[must_use]
    pub fn newest(limit: usize) -> Self {
        Self {
            newest_first: true,
            ..Self::oldest(limit)
        }
    }

    /// Only those behind this one, which was the last of the page before.
    #[must_use]
    pub fn after(self, after: Option<Uuid>) -> Self {
        Self { after, ..self }
    }

    /// Only those with `value` in `column`, one of [`Table::COLUMNS`] or `owner`.
    #[must_use]
    pub fn equal(mut self, column: &'static str, value: &'a str) -> Self {
        self.conditions.push(Condition {
            column,
            test: Test::Equal,
            value: value.into(),
            indexed: true,
        });
        self
    }

    /// Only those with a text in `column` whose first word, up to a space or the end, is
    /// `word`, which begins with `prefix`: letters and `/`, the same in each statement.
    ///
    /// An index can be had for it, of what has that prefix only:
    ///
    /// ```sql
    /// -- SQLite
    /// CREATE INDEX … ON … (substr(owner, 1, instr(owner || ' ', ' ') - 1), id)
    ///     WHERE substr(owner, 1, 7) = 'tenant/';
    /// -- PostgreSQL
    /// CREATE INDEX … ON … (split_part(owner, ' ', 1), id)
    ///     WHERE substr(owner, 1, 7) = 'tenant/';
    /// ```
    #[must_use]
    pub fn first_word(
        mut self,
        column: &'static str,
        prefix: &'static str,
        word: impl Into<Cow<'a, str>>,
    ) -> Self {
        let tests = [
            (Test::FirstWord, word.into()),
            (Test::Prefix, prefix.into()),
        ];
        for (test, value) in tests {
            self.conditions.push(Condition {
                column,
                test,
                value,
                indexed: true,
            });
        }
        self
    }

    /// As [`Select::equal`], where another condition leaves fewer: SQLite, which
    /// has no figures of that, then takes the other one's index.
    #[must_use]
    pub fn equal_by_the_way(mut self, column: &'static str, value: &'a str) -> Self {
        self.conditions.push(Condition {
            column,
            test: Test::Equal,
            value: value.into(),
            indexed: false,
        });
        self
    }
}

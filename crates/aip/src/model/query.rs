//! What a list asks for: filter, sequence, page.

use store::{Invalid, Position, Select};
use uuid::Uuid;

use super::filter::Filter;
use crate::owner::Owners;

/// The sequence of a list: by creation time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Oldest first.
    #[default]
    Oldest,
    /// Newest first.
    Newest,
}

impl Sort {
    /// Parses `create_time`, `create_time asc`, `create_time desc` (AIP-132) or
    /// nothing.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            [] | ["create_time"] | ["create_time", "asc"] => Ok(Self::Oldest),
            ["create_time", "desc"] => Ok(Self::Newest),
            _ => Err(Invalid::new("must be 'create_time' or 'create_time desc'")),
        }
    }
}

/// One page that a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which are meant.
    pub filter: Filter,
    /// In which sequence.
    pub sort: Sort,
    /// Behind which one.
    pub after: Option<Uuid>,
    /// At most how many.
    pub size: usize,
}

/// What a watch asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// Which are meant.
    pub filter: Filter,
    /// After which event; `None`: from now on.
    pub after: Option<Position>,
}

/// What a store is asked for: one page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Whose.
    pub owners: Owners,
    /// Which resources.
    pub filter: Filter,
    /// In which sequence.
    pub sort: Sort,
    /// Only those behind this one, which was the last of the page before.
    pub after: Option<Uuid>,
    /// Most resources to return.
    pub limit: usize,
}

impl Query {
    /// As conditions on columns: what [`Table::select`](store::Table::select) returns.
    ///
    /// Of the fields compared, the first of [`Model::FILTERS`](super::Model::FILTERS)
    /// is looked up by an index, and the others by the way.
    #[must_use]
    pub fn select(&self) -> Select<'_> {
        let mut select = match self.sort {
            Sort::Oldest => Select::oldest(self.limit),
            Sort::Newest => Select::newest(self.limit),
        };
        select = select.after(self.after);
        match &self.owners {
            Owners::All => {}
            Owners::One(owner) => select = select.equal("owner", owner.as_str()),
            Owners::OfTenant(tenant) => {
                let (prefix, word) = Owners::names(tenant);
                select = select.first_word("owner", prefix, word);
            }
        }
        for (number, (column, value)) in self.filter.conditions().enumerate() {
            select = if number == 0 {
                select.equal(column, value)
            } else {
                select.equal_by_the_way(column, value)
            };
        }
        select
    }
}

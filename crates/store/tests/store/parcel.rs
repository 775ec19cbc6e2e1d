//! A small resource with a column of each kind.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use store::{Cause, Column, Error, EventKind, Resource, Row, Select, Table, Version};
use uuid::Uuid;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) id: Uuid,
    pub(crate) owner: String,
    pub(crate) content: Draft,
    pub(crate) state: State,
    pub(crate) version: Version,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
}

/// What a caller says of a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) sender: String,
    pub(crate) items: Items,
    pub(crate) note: String,
}

/// Things and how many of each; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(String, u32)>")]
pub(crate) struct Items(pub(crate) Vec<(String, u32)>);

impl TryFrom<Vec<(String, u32)>> for Items {
    type Error = &'static str;

    fn try_from(items: Vec<(String, u32)>) -> Result<Self, Self::Error> {
        if items.is_empty() {
            return Err("must be at least one");
        }
        Ok(Self(items))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Open,
    Sent,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Sent => "SENT",
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "OPEN" => Ok(Self::Open),
            "SENT" => Ok(Self::Sent),
            _ => Err("must be OPEN or SENT"),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// Replaces what is `Some`.
    Update {
        items: Option<Items>,
        note: Option<String>,
    },
    /// Repeated, it changes nothing.
    Send,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Sent,
}

impl EventKind for Change {
    const CREATED: Self = Self::Created;

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Sent => "sent",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Sent]
            .into_iter()
            .find(|change| change.as_str() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Stale,
    NotOpen,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) sender: Option<String>,
    pub(crate) state: Option<State>,
}

impl Filter {
    pub(crate) fn matches(&self, parcel: &Parcel) -> bool {
        (self.sender.as_ref()).is_none_or(|sender| *sender == parcel.content.sender)
            && self.state.is_none_or(|state| state == parcel.state)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Oldest,
    Newest,
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) owner: Option<String>,
    pub(crate) filter: Filter,
    pub(crate) sort: Sort,
    pub(crate) after: Option<Uuid>,
    pub(crate) limit: usize,
}

impl Parcel {
    pub(crate) fn place(id: Uuid, owner: &str, content: Draft, now: SystemTime) -> Self {
        Self {
            id,
            owner: owner.to_owned(),
            content,
            state: State::Open,
            version: Version(1),
            created: now,
            updated: now,
        }
    }
}

impl Resource for Parcel {
    type Content = Draft;
    type Command = Command;
    type Change = Change;
    type Query = Query;
    type Refusal = Refusal;

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    fn content(&self) -> &Draft {
        &self.content
    }

    fn apply(
        &self,
        command: &Command,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Option<(Self, Change)>, Refusal> {
        if matches!((command, self.state), (Command::Send, State::Sent)) {
            return Ok(None);
        }
        if expected.is_some_and(|version| version != self.version) {
            return Err(Refusal::Stale);
        }
        let mut next = self.clone();
        let change = match (command, self.state) {
            (Command::Send, _) => {
                next.state = State::Sent;
                Change::Sent
            }
            (Command::Update { .. }, State::Sent) => return Err(Refusal::NotOpen),
            (Command::Update { items, note }, State::Open) => {
                next.content.items = items.as_ref().unwrap_or(&self.content.items).clone();
                next.content
                    .note
                    .clone_from(note.as_ref().unwrap_or(&self.content.note));
                if next == *self {
                    return Ok(None);
                }
                Change::Updated
            }
        };
        next.version = Version(self.version.0 + 1);
        next.updated = now.max(self.updated);
        Ok(Some((next, change)))
    }
}

impl Table for Parcel {
    const NAME: &'static str = "parcel";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::fixed("sender", |parcel| parcel.content.sender.as_str().into()),
        Column::tracked("state", "OPEN", |parcel| parcel.state.as_str().into()),
        Column::text("note", |parcel| parcel.content.note.as_str().into()),
        Column::json("items", |parcel| {
            serde_json::to_string(&parcel.content.items.0)
        }),
    ];

    const SQLITE: &'static [&'static str] = &[include_str!("../../migrations/sqlite.sql")];

    const POSTGRES: &'static [&'static str] = &[include_str!("../../migrations/postgres.sql")];

    fn owner(&self) -> &str {
        &self.owner
    }

    fn created(&self) -> SystemTime {
        self.created
    }

    fn updated(&self) -> SystemTime {
        self.updated
    }

    fn read(row: &Row<'_>) -> Result<Self, Error> {
        let no_space = |text: &str| match text {
            "" => Err("must not be empty"),
            text if text.contains(' ') => Err("must have no spaces"),
            text => Ok(text.to_owned()),
        };
        let short = |text: &str| match text.len() {
            0..=1_000 => Ok(text.to_owned()),
            _ => Err("must be short"),
        };
        Ok(Self {
            id: row.id(),
            owner: row.owner().to_owned(),
            content: Draft {
                sender: row.parse("sender", no_space)?,
                items: row.json("items")?,
                note: row.parse("note", short)?,
            },
            state: row.parse("state", State::parse)?,
            version: row.version(),
            created: row.created(),
            updated: row.updated(),
        })
    }

    fn select(query: &Query) -> Select<'_> {
        let mut select = match query.sort {
            Sort::Oldest => Select::oldest(query.limit),
            Sort::Newest => Select::newest(query.limit),
        };
        select = select.after(query.after);
        if let Some(owner) = &query.owner {
            select = select.equal("owner", owner);
        }
        if let Some(sender) = &query.filter.sender {
            select = select.equal("sender", sender);
        }
        match query.filter.state {
            None => select,
            Some(state) if query.filter.sender.is_some() => {
                select.equal_by_the_way("state", state.as_str())
            }
            Some(state) => select.equal("state", state.as_str()),
        }
    }

    fn from_document(json: &str) -> Result<Self, Cause> {
        Ok(serde_json::from_str(json)?)
    }
}

//! The resource of the crate's front page.

use std::convert::Infallible;
use std::time::SystemTime;

use aip::grpc::Answers;
use aip::{Change, Comparison, Error, Id, Model, OwnerName, Query};
use store::{Column, Resource, Row, Select, Table, Version};
use tonic::Code;
use tonic_types::ErrorDetails;
use uuid::Uuid;

/// Something to remember.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Memo {
    pub(crate) id: Id<Memo>,
    pub(crate) owner: OwnerName,
    pub(crate) text: String,
    pub(crate) version: Version,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
}

impl Model for Memo {
    type Fault = Infallible;

    const KIND: &str = "Memo";
    const COLLECTION: &str = "memos";
    const FILTERS: &[Comparison<Self>] = &[Comparison::text(
        "text",
        |text| Ok(text.to_owned()),
        |memo| memo.text.as_str().into(),
    )];

    fn place(id: Id<Self>, owner: OwnerName, text: String, now: SystemTime) -> Self {
        Self {
            id,
            owner,
            text,
            version: Version(1),
            created: now,
            updated: now,
        }
    }

    fn owner(&self) -> &OwnerName {
        &self.owner
    }

    fn weight(&self) -> usize {
        256 + self.text.len()
    }
}

impl Resource for Memo {
    type Content = String;
    type Command = String;
    type Change = Change;
    type Query = Query;
    type Refusal = Error<Infallible>;

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> Version {
        self.version
    }

    fn content(&self) -> &String {
        &self.text
    }

    fn apply(
        &self,
        text: &String,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Option<(Self, Change)>, Self::Refusal> {
        self.unchanged_since(expected)?;
        let version = Version(self.version.0 + 1);
        let next = Self {
            text: text.clone(),
            version,
            updated: now,
            ..self.clone()
        };
        Ok((*text != self.text).then_some((next, Change::Updated)))
    }
}

/// What all resources have; see `migrations/` of this crate, which says what is what.
const TABLES: &str = "
CREATE TABLE memo_records (id BLOB PRIMARY KEY, version INTEGER NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, owner TEXT NOT NULL,
    text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE memo_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
    change TEXT NOT NULL, data TEXT NOT NULL, id BLOB, version INTEGER,
    traceparent TEXT, tracestate TEXT) STRICT;
CREATE TABLE memo_past (id BLOB NOT NULL, part TEXT NOT NULL, until INTEGER NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (id, part, until)) STRICT, WITHOUT ROWID;
CREATE TABLE memo_requests (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
    caller TEXT NOT NULL, request_id BLOB NOT NULL, content TEXT NOT NULL,
    UNIQUE (caller, request_id)) STRICT;
CREATE TABLE memo_published (one INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE TABLE memo_holds (ticket INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, caller TEXT, request_id BLOB,
    content TEXT, UNIQUE (caller, request_id)) STRICT;";

impl Table for Memo {
    const NAME: &'static str = "memo";
    const COLUMNS: &'static [Column<Self>] =
        &[Column::text("text", |memo| memo.text.as_str().into())];
    const SQLITE: &'static [&'static str] = &[TABLES];
    const POSTGRES: &'static [&'static str] = &[];

    fn owner(&self) -> &str {
        self.owner.as_str()
    }

    fn created(&self) -> SystemTime {
        self.created
    }

    fn updated(&self) -> SystemTime {
        self.updated
    }

    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id().into(),
            owner: OwnerName::parse(row.owner())
                .map_err(|why| store::Error::damaged("owner", why))?,
            text: row.text("text")?.into_owned(),
            version: row.version(),
            created: row.created(),
            updated: row.updated(),
        })
    }

    fn select(query: &Query) -> Select<'_> {
        query.select()
    }
}

impl Answers for Memo {
    const DOMAIN: &str = "memo.v1";

    fn answer(fault: Infallible, _: &mut ErrorDetails) -> (Code, &'static str) {
        match fault {}
    }
}

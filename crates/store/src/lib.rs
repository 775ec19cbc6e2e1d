//! Keeps resources of one kind, so that what was acknowledged survives.
//!
//! - **Group commit**: changes that wait are stored in one transaction, and each is
//!   answered once that is on disk.
//! - **Idempotency keys**: a repeated create gets the first answer, whatever became of
//!   the calls before.
//! - **Change feed**: each change is an event of the same transaction; events have
//!   numbers without gaps, and a reader resumes from any that is kept ([`Feed`]).
//! - **Outbox**: one process at a time is the leader and publishes; its checkpoint keeps
//!   what is not published from being forgotten.
//! - **Holds**: what is owed to another service survives a crash ([`Hold`]).
//! - **Retention and quota**: what is forgotten and when, and how much there may be.
//!
//! Two databases do that, each a feature: `sqlite` (the default), one file for one
//! process, and `postgres`, one database for any number. A use case sees neither: it takes an
//! `Arc<dyn Store<R>>`. [`settings`] has the flags that say which it is, [`observed()`]
//! its metrics and spans, [`readiness`] what probes are told.
//!
//! A service brings its resource ([`Resource`]: identity and rules) and how that is a
//! row ([`Table`]: columns, filters, migrations):
//!
//! ```
//! use std::time::SystemTime;
//! use store::{Changed, Column, Error, EventKind, Resource, Row, Select, Store, Table, Version};
//! use uuid::Uuid;
//!
//! /// Something to remember.
//! #[derive(Debug, Clone, PartialEq)]
//! struct Memo {
//!     id: Uuid,
//!     text: String,
//!     version: Version,
//!     created: SystemTime,
//!     updated: SystemTime,
//! }
//!
//! #[derive(Debug, Clone, Copy, PartialEq)]
//! enum Change {
//!     Created,
//!     Edited,
//! }
//!
//! impl EventKind for Change {
//!     const CREATED: Self = Self::Created;
//!
//!     fn as_str(self) -> &'static str {
//!         match self {
//!             Self::Created => "created",
//!             Self::Edited => "edited",
//!         }
//!     }
//!
//!     fn from_name(name: &str) -> Option<Self> {
//!         [Self::Created, Self::Edited].into_iter().find(|it| it.as_str() == name)
//!     }
//! }
//!
//! /// The version that the caller saw is another one.
//! #[derive(Debug)]
//! struct Stale;
//!
//! impl Resource for Memo {
//!     type Content = String;
//!     type Command = String;
//!     type Change = Change;
//!     type Query = usize;
//!     type Refusal = Stale;
//!
//!     fn id(&self) -> Uuid {
//!         self.id
//!     }
//!
//!     fn version(&self) -> Version {
//!         self.version
//!     }
//!
//!     fn content(&self) -> &String {
//!         &self.text
//!     }
//!
//!     fn apply(
//!         &self,
//!         text: &String,
//!         expected: Option<Version>,
//!         now: SystemTime,
//!     ) -> Result<Option<(Self, Change)>, Stale> {
//!         if expected.is_some_and(|version| version != self.version) {
//!             return Err(Stale);
//!         }
//!         let version = Version(self.version.0 + 1);
//!         let next = Self { text: text.clone(), version, updated: now, ..self.clone() };
//!         Ok((*text != self.text).then_some((next, Change::Edited)))
//!     }
//! }
//!
//! /// What all resources have; see `migrations/` of this crate, which says what is what.
//! const TABLES: &str = "
//! CREATE TABLE memo_records (id BLOB PRIMARY KEY, version INTEGER NOT NULL,
//!     created INTEGER NOT NULL, updated INTEGER NOT NULL, owner TEXT NOT NULL,
//!     text TEXT NOT NULL) STRICT, WITHOUT ROWID;
//! CREATE TABLE memo_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
//!     change TEXT NOT NULL, data TEXT NOT NULL, id BLOB, version INTEGER,
//!     traceparent TEXT, tracestate TEXT) STRICT;
//! CREATE TABLE memo_past (id BLOB NOT NULL, part TEXT NOT NULL, until INTEGER NOT NULL,
//!     value TEXT NOT NULL, PRIMARY KEY (id, part, until)) STRICT, WITHOUT ROWID;
//! CREATE TABLE memo_requests (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
//!     caller TEXT NOT NULL, request_id BLOB NOT NULL, content TEXT NOT NULL,
//!     UNIQUE (caller, request_id)) STRICT;
//! CREATE TABLE memo_published (one INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
//! CREATE TABLE memo_holds (ticket INTEGER PRIMARY KEY AUTOINCREMENT,
//!     id BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, caller TEXT, request_id BLOB,
//!     content TEXT, UNIQUE (caller, request_id)) STRICT;";
//!
//! impl Table for Memo {
//!     const NAME: &'static str = "memo";
//!     const COLUMNS: &'static [Column<Self>] =
//!         &[Column::text("text", |memo| memo.text.as_str().into())];
//!     const SQLITE: &'static [&'static str] = &[TABLES];
//!     const POSTGRES: &'static [&'static str] = &[];
//!
//!     fn owner(&self) -> &str {
//!         ""
//!     }
//!
//!     fn created(&self) -> SystemTime {
//!         self.created
//!     }
//!
//!     fn updated(&self) -> SystemTime {
//!         self.updated
//!     }
//!
//!     fn read(row: &Row<'_>) -> Result<Self, Error> {
//!         Ok(Self {
//!             id: row.id(),
//!             text: row.text("text")?.into_owned(),
//!             version: row.version(),
//!             created: row.created(),
//!             updated: row.updated(),
//!         })
//!     }
//!
//!     fn select(limit: &usize) -> Select<'_> {
//!         Select::newest(*limit)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}/memos.db", folder.path().display()).parse()?;
//! let store = store::open::<Memo>(&url, store::Limits::default()).await?;
//! let now = SystemTime::now();
//! let memo = Memo {
//!     id: Uuid::now_v7(),
//!     text: "milk".to_owned(),
//!     version: Version(1),
//!     created: now,
//!     updated: now,
//! };
//! let memo = store.create(memo, None).await?;
//! let changed = store.change(memo.id, "milk, eggs".to_owned(), Some(memo.version), now);
//! assert!(matches!(changed.await?, Changed::Now(memo) if memo.text == "milk, eggs"));
//! let events = store.events(store::Position(0), 10).await?;
//! assert_eq!(events[0].resource, memo);
//! assert_eq!(events[1].change, Change::Edited);
//! # store.close().await;
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod error;
mod event;
mod feed;
mod hold;
mod metrics;
mod migration;
mod observed;
mod observer;
mod open;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod readiness;
mod recent;
mod request;
mod resource;
mod row;
pub mod settings;
mod settlements;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod store;
mod table;
mod tail;
mod usage;
mod value;

pub use checkpoint::Checkpoint;
pub use error::{Cause, Error, Invalid, OpenError};
pub use event::{Event, Position, Trace};
pub use feed::Feed;
pub use hold::{Claim, Hold, Ticket};
pub use metrics::Database;
pub use migration::Migration;
pub use observed::observed;
pub use observer::Observer;
pub use open::{Limits, StoreUrl, open, open_when_there, open_within};
pub use request::RequestKey;
pub use resource::{EventKind, Resource, Version};
pub use row::Row;
pub use store::{Changed, Store};
pub use table::{Column, Select, Table};
pub use usage::Usage;

//! The standard methods of a resource (create, get, list, update, watch), as the
//! [AIPs](https://google.aip.dev) have them, on a [`store`].
//!
//! - **Owners**: who creates owns, and nobody else can tell that it is there
//!   ([`Requester`], [`grpc::Requesters`], [`settings`]).
//! - **Tenants**: where one deployment serves many (`--tenant`), nothing of one is there
//!   for another, not even for who oversees ([`chassis::tenant`]).
//! - **Idempotent creates** by `request_id` (AIP-155), **etags** (AIP-154), **update
//!   masks** (AIP-134).
//! - **Lists** with pages, filters and a sequence (AIP-132, 158, 160): [`Filter`],
//!   [`Sort`], [`token`].
//! - **Watches** that resume where they left off, each change once: [`Watch`].
//! - **Statuses** with details (AIP-193), all that is wrong with a request at once:
//!   [`grpc`].
//! - **Reservations** at another service that survive crashes of both: [`reserve`].
//!
//! A service brings its resource: identity and rules ([`store::Resource`]), rows
//! ([`store::Table`]), and what it is called and found by ([`Model`]). It gets a
//! [`Collection`]; its handlers are a few lines each, with [`grpc::Violations`] for what
//! comes in and [`grpc::status`] for what goes wrong.
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::SystemTime;
//!
//! use aip::{Change, Collection, Comparison, Error, Filter, Id, Listing, Model, OwnerName, Query, Requester, Sort};
//! use store::{Column, Resource, Row, Select, Table, Version};
//! use uuid::Uuid;
//!
//! /// Something to remember.
//! #[derive(Debug, Clone, PartialEq)]
//! struct Memo {
//!     id: Id<Memo>,
//!     owner: OwnerName,
//!     text: String,
//!     version: Version,
//!     created: SystemTime,
//!     updated: SystemTime,
//! }
//!
//! impl Model for Memo {
//!     type Fault = Infallible;
//!
//!     const KIND: &str = "Memo";
//!     const COLLECTION: &str = "memos";
//!     const FILTERS: &[Comparison<Self>] =
//!         &[Comparison::text("text", |text| Ok(text.to_owned()), |memo| memo.text.as_str().into())];
//!
//!     fn place(id: Id<Self>, owner: OwnerName, text: String, now: SystemTime) -> Self {
//!         Self { id, owner, text, version: Version(1), created: now, updated: now }
//!     }
//!
//!     fn owner(&self) -> &OwnerName {
//!         &self.owner
//!     }
//!
//!     fn weight(&self) -> usize {
//!         256 + self.text.len()
//!     }
//! }
//!
//! impl Resource for Memo {
//!     type Content = String;
//!     type Command = String;
//!     type Change = Change;
//!     type Query = Query;
//!     type Refusal = Error<Infallible>;
//!
//!     fn id(&self) -> Uuid {
//!         self.id.0
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
//!     ) -> Result<Option<(Self, Change)>, Self::Refusal> {
//!         self.unchanged_since(expected)?;
//!         let version = Version(self.version.0 + 1);
//!         let next = Self { text: text.clone(), version, updated: now, ..self.clone() };
//!         Ok((*text != self.text).then_some((next, Change::Updated)))
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
//!         self.owner.as_str()
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
//!     fn read(row: &Row<'_>) -> Result<Self, store::Error> {
//!         Ok(Self {
//!             id: row.id().into(),
//!             owner: OwnerName::parse(row.owner()).map_err(|why| store::Error::damaged("owner", why))?,
//!             text: row.text("text")?.into_owned(),
//!             version: row.version(),
//!             created: row.created(),
//!             updated: row.updated(),
//!         })
//!     }
//!
//!     fn select(query: &Query) -> Select<'_> {
//!         query.select()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}/memos.db", folder.path().display()).parse()?;
//! let memos = Collection::new(store::open::<Memo>(&url, store::Limits::default()).await?, None);
//! let me = Requester { owner: OwnerName::parse("me")?, ..Requester::default() };
//! let memo = memos.create(&me, "milk".to_owned(), Some(Uuid::new_v4())).await?;
//! let filter = Filter::parse::<Memo>("text = milk")?;
//! let listing = Listing { filter, sort: Sort::Newest, after: None, size: 10 };
//! assert_eq!(memos.list(&me, listing).await?.items, [memo.clone()]);
//! memos.change(&me, memo.id, "eggs".to_owned(), Some(memo.version)).await?;
//! let stale = memos.change(&me, memo.id, "ink".to_owned(), Some(memo.version)).await;
//! assert!(matches!(stale, Err(Error::Stale(_))));
//! let you = Requester { owner: OwnerName::parse("you")?, ..Requester::default() };
//! assert!(matches!(memos.get(&you, memo.id).await, Err(Error::NotFound(_))));
//! # Ok(())
//! # }
//! ```

mod change;
mod collection;
mod error;
pub mod grpc;
mod model;
mod owner;
pub mod reserve;
pub mod settings;
pub mod token;
mod watch;

pub use change::Change;
pub use collection::{Collection, Page};
pub use error::Error;
pub use model::{Comparison, Filter, Id, Listing, Model, Query, Sort, Watching};
pub use owner::{OwnerName, Owners, Requester};
pub use store::Invalid;
pub use watch::Watch;

//{% capture source %}§{% raw %}
//! How an order is a row: columns, filters and migrations.

use std::time::SystemTime;

use store::{Cause, Column, Row, Select};

use super::id::OrderId;
use super::model::{Order, OrderDraft};
use super::owner::OwnerName;
use super::query::{OrderQuery, Sort};
use super::text::{NoteText, ShortCode};

/// The text of a migration.
macro_rules! migration {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $file))
    };
}

impl store::Table for Order {
    const NAME: &'static str = "order";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::fixed("customer", |order| order.content.customer.as_str().into()),
        Column::tracked("state", "OPEN", |order| order.state.as_str().into()),
        Column::text("note", |order| order.content.note.as_str().into()),
        Column::json("items", |order: &Self| {
            serde_json::to_string(&order.content.items)
        })
        .compared_by(|one, other| one.content.items == other.content.items),
    ];

    const SQLITE: &'static [&'static str] = &[
        migration!("sqlite/0001_initial.sql"),
        migration!("sqlite/0002_published.sql"),
        migration!("sqlite/0003_owners_and_holds.sql"),
        migration!("sqlite/0004_past.sql"),
    ];

    const POSTGRES: &'static [&'static str] = &[
        migration!("postgres/0001_initial.sql"),
        migration!("postgres/0002_published.sql"),
        migration!("postgres/0003_owners_and_holds.sql"),
        migration!("postgres/0004_past.sql"),
    ];

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
            id: OrderId(row.id()),
            owner: OwnerName::parse(row.owner())
                .map_err(|why| store::Error::damaged("owner", why))?,
            content: OrderDraft {
                customer: row.parse("customer", ShortCode::parse)?,
                items: row.json("items")?,
                note: row.parse("note", NoteText::parse)?,
            },
            state: row.parse("state", str::parse)?,
            version: row.version(),
            created: row.created(),
            updated: row.updated(),
        })
    }

    fn select(query: &OrderQuery) -> Select<'_> {
        let mut select = match query.sort {
            Sort::Oldest => Select::oldest(query.limit),
            Sort::Newest => Select::newest(query.limit),
        };
        select = select.after(query.after.map(|after| after.0));
        if let Some(owner) = &query.owner {
            select = select.equal("owner", owner.as_str());
        }
        let (customer, state) = (&query.filter.customer, query.filter.state);
        if let Some(customer) = customer {
            select = select.equal("customer", customer.as_str());
        }
        match state.map(super::OrderState::as_str) {
            None => select,
            // One customer has far fewer than one state.
            Some(state) if customer.is_some() => select.equal_by_the_way("state", state),
            Some(state) => select.equal("state", state),
        }
    }

    fn from_document(json: &str) -> Result<Self, Cause> {
        Ok(serde_json::from_str(json)?)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

//{% capture source %}§{% raw %}
//! How an order is a row: columns, filters and migrations.

use std::time::SystemTime;

use aip::{OwnerName, Query};
use store::{Cause, Column, Row, Select};

use super::model::{Order, OrderDraft};

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

    //:[sqlite]
    const SQLITE: &'static [&'static str] = &[
        migration!("sqlite/0001_initial.sql"),
        migration!("sqlite/0002_published.sql"),
        migration!("sqlite/0003_owners_and_holds.sql"),
        migration!("sqlite/0004_past.sql"),
        migration!("sqlite/0005_tenants.sql"),
    ];

    //:[/sqlite]
    //:[postgres]
    const POSTGRES: &'static [&'static str] = &[
        migration!("postgres/0001_initial.sql"),
        migration!("postgres/0002_published.sql"),
        migration!("postgres/0003_owners_and_holds.sql"),
        migration!("postgres/0004_past.sql"),
        migration!("postgres/0005_tenants.sql"),
    ];

    //:[/postgres]
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
            content: OrderDraft {
                customer: row.text("customer")?.into_owned(),
                items: row.json("items")?,
                note: row.text("note")?.into_owned(),
            },
            state: row.parse("state", str::parse)?,
            version: row.version(),
            created: row.created(),
            updated: row.updated(),
        })
    }

    fn select(query: &Query) -> Select<'_> {
        query.select()
    }

    fn from_document(json: &str) -> Result<Self, Cause> {
        Ok(serde_json::from_str(json)?)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

//{% capture source %}§{% raw %}
//! A file that an earlier version wrote.

use std::sync::Arc;

use rusqlite::{Connection, params};
use service::order::Order;
use store::sqlite::{self, Options, SqliteStore};

use crate::old;

#[tokio::test]
async fn what_an_earlier_version_stored_is_understood() {
    for data in [old::DATA.to_owned(), old::newer()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let file = Connection::open(&path).unwrap();
        for migration in old::migrations("sqlite") {
            file.execute_batch(&migration).unwrap();
        }
        for (name, value) in [
            ("user_version", i64::try_from(old::SCHEMA).unwrap()),
            ("application_id", 0x6d65_7368_i64),
        ] {
            file.pragma_update(None, name, value).unwrap();
        }
        let (id, now) = (old::id().into_bytes(), old::now());
        file.execute(
            "INSERT INTO order_records \
             SELECT ?1, 'alice', 'OPEN', 1, 1790000000000000005, 1790000000000000005, 'first', \
             json_extract(?2, '$.items')",
            params![id, old::DATA],
        )
        .unwrap();
        file.execute(
            "INSERT INTO order_events (at, change, data) VALUES (?1, 'created', ?2)",
            params![now, data],
        )
        .unwrap();
        file.execute(
            "INSERT INTO order_requests VALUES (1, ?1, ?2, ?3, ?4)",
            params![now, old::CALLER, id, old::CONTENT],
        )
        .unwrap();
        drop(file);

        let store = SqliteStore::<Order>::open(&path, &Options::default()).unwrap();
        old::is_understood(Arc::new(store)).await;
        let found = sqlite::check::<Order>(&path).unwrap();
        assert_eq!((found.events, found.faults), (2, Vec::new()));
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

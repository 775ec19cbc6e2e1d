//! The tables, and how they come to be.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::connection::pragma;
use super::fault;
use crate::error::OpenError;

/// Says in the file's header whose it is: "mesh" in ASCII.
const APPLICATION_ID: i64 = 0x6d65_7368;

/// Refuses files that are not ours, before anything is written to them.
pub(super) fn check_identity(
    connection: &Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), OpenError> {
    let fault = |error| fault::open(path, &error);
    let id = pragma(connection, "application_id").map_err(fault)?;
    let tables: i64 = connection
        .query_one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(fault)?;
    if id != APPLICATION_ID && (id != 0 || tables != 0) {
        return Err(OpenError::Corrupt {
            path: path.to_owned(),
            why: "it is the database of another program".to_owned(),
        });
    }
    refuse_newer(connection, path, migrations)
}

/// Applies what is missing, each step in its own transaction.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), OpenError> {
    let fault = |error| fault::open(path, &error);
    refuse_newer(connection, path, migrations)?;
    let known = migrations.iter().zip(1_i64..);
    for (migration, number) in known {
        let step = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        if pragma(&step, "user_version").map_err(fault)? < number {
            step.execute_batch(migration).map_err(fault)?;
            step.pragma_update(None, "user_version", number)
                .map_err(fault)?;
            step.pragma_update(None, "application_id", APPLICATION_ID)
                .map_err(fault)?;
        }
        step.commit().map_err(fault)?;
    }
    Ok(())
}

fn refuse_newer(
    connection: &Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), OpenError> {
    let found = pragma(connection, "user_version").map_err(|error| fault::open(path, &error))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer {
            store: path.display().to_string(),
            found,
            known,
        });
    }
    Ok(())
}

//! Claims on what is limited: pieces in stock, money in an account.
//!
//! A claim holds so much of each of some keys, all of them or none. Every change of it
//! says all that it is to hold and carries a ticket: the highest counts, so that a call
//! which is repeated, or comes late, changes nothing. Each change is one transaction,
//! and is on disk before it is answered.
//!
//! Beside what is left of each key stands what every claim holds, and every change that
//! was made: [`Ledger::audit`] compares the three.

mod audit;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tracing::Instrument;

pub use audit::Audit;

/// How much of each key; in the smallest unit there is of it.
pub type Amounts = BTreeMap<String, i64>;

/// Why a claim was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call with a higher ticket was here before.
    #[error("a newer call was here")]
    Overtaken,
    /// There is too little of these.
    #[error("there is too little of {}", .0.iter().map(|it| it.key.as_str()).collect::<Vec<_>>().join(", "))]
    Lacking(Vec<Lack>),
    /// The file cannot be read or written, or has been tampered with.
    #[error("the ledger cannot be used")]
    Failed(#[from] rusqlite::Error),
    /// The work was stopped: the process is about to end.
    #[error("the process is about to end")]
    Ended,
}

/// Of what there is too little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Its key.
    pub key: String,
    /// What is left for this claim, what it holds already included.
    pub left: i64,
}

/// What there is of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Of what.
    pub key: String,
    /// How much there is in all.
    pub limit: i64,
    /// What nobody holds.
    pub left: i64,
}

/// What is called `name`, of that tenant: another's of the same name is another. No name
/// of a tenant has an `@` in it, so that the last one says whose it is.
#[must_use]
pub fn within(name: &str, tenant: Option<&str>) -> String {
    match tenant {
        None => name.to_owned(),
        Some(tenant) => format!("{name}@{tenant}"),
    }
}

/// The claims in one file. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    connection: Arc<Mutex<Connection>>,
    unlisted: i64,
}

impl Ledger {
    /// Opens the file, which is made if it is missing. Of keys that are not
    /// [provided](Ledger::provide) there is as much as `unlisted`.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be written, or is something else.
    pub fn open(path: &Path, unlisted: i64) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        schema::prepare(&connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            unlisted,
        })
    }

    /// Sets how much there is of some keys that are new; others keep what they have.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn provide(&self, limits: &Amounts) -> Result<(), Error> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (key, limit) in limits {
            list(&transaction, key, *limit)?;
        }
        Ok(transaction.commit()?)
    }

    /// Lets `claim` hold exactly `wanted`, or changes nothing. The same ticket again is
    /// a repeated call.
    ///
    /// # Errors
    /// [`Error::Overtaken`], [`Error::Lacking`] with everything that is missing, or
    /// [`Error::Failed`].
    pub async fn set(&self, claim: String, ticket: u64, wanted: Amounts) -> Result<(), Error> {
        self.run("set", move |this| this.set_now(&claim, ticket, &wanted))
            .await
    }

    /// What there is of each key that begins with `prefix`, by key.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub async fn levels(&self, prefix: String) -> Result<Vec<Level>, Error> {
        self.run("levels", move |this| this.levels_now(&prefix))
            .await
    }

    /// Everything that the file says, compared.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn audit(&self) -> Result<Audit, Error> {
        Ok(audit::audit(&self.lock())?)
    }

    /// How much there is of a key that nobody has claimed yet.
    #[must_use]
    pub fn unlisted(&self) -> i64 {
        self.unlisted
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let span = tracing::info_span!(
            "ledger",
            otel.name = format!("ledger {operation}"),
            db.system.name = "sqlite",
            db.operation.name = operation,
        );
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this)).instrument(span);
        done.await.unwrap_or(Err(Error::Ended))
    }

    fn set_now(&self, claim: &str, ticket: u64, wanted: &Amounts) -> Result<(), Error> {
        // What a 63rd bit would be for is not known: tickets count rows.
        let ticket = i64::try_from(ticket).unwrap_or(i64::MAX);
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let newest: Option<i64> = transaction
            .prepare_cached("SELECT ticket FROM claims WHERE claim = ?")?
            .query_one([claim], |row| row.get(0))
            .optional()?;
        match newest {
            Some(newest) if ticket < newest => return Err(Error::Overtaken),
            Some(newest) if ticket == newest => return Ok(()),
            _ => {}
        }
        let held = held(&transaction, claim)?;
        let changes = self.changes(&transaction, &held, wanted)?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO claims (claim, ticket) VALUES (?, ?)")?
            .execute(params![claim, ticket])?;
        for (key, change) in changes {
            apply(&transaction, claim, ticket, key, change)?;
        }
        Ok(transaction.commit()?)
    }

    /// What is to be taken, or given back, of each key.
    fn changes<'a>(
        &self,
        transaction: &Transaction<'_>,
        held: &'a Amounts,
        wanted: &'a Amounts,
    ) -> Result<BTreeMap<&'a str, i64>, Error> {
        let mut changes = BTreeMap::new();
        let mut lacking = Vec::new();
        for (key, amount) in wanted {
            let own = held.get(key).copied().unwrap_or_default();
            list(transaction, key, self.unlisted)?;
            let left: i64 = transaction
                .prepare_cached("SELECT available FROM limits WHERE name = ?")?
                .query_one([key], |row| row.get(0))?;
            if left.saturating_add(own) < *amount {
                lacking.push(Lack {
                    key: key.clone(),
                    left: left.saturating_add(own),
                });
            }
            changes.insert(key.as_str(), amount.saturating_sub(own));
        }
        for (key, own) in held {
            changes.entry(key).or_insert(-own);
        }
        if lacking.is_empty() {
            Ok(changes)
        } else {
            Err(Error::Lacking(lacking))
        }
    }

    fn levels_now(&self, prefix: &str) -> Result<Vec<Level>, Error> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT name, total, available FROM limits WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
        )?;
        let rows = select.query_map([prefix], |row| {
            Ok(Level {
                key: row.get(0)?,
                limit: row.get(1)?,
                left: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // Whoever panicked left no transaction behind: it was rolled back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn list(transaction: &Transaction<'_>, key: &str, limit: i64) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO limits (name, total, available) VALUES (?1, ?2, ?2)",
        )?
        .execute(params![key, limit])?;
    Ok(())
}

fn held(transaction: &Transaction<'_>, claim: &str) -> Result<Amounts, Error> {
    let mut select = transaction.prepare_cached("SELECT name, amount FROM held WHERE claim = ?")?;
    let rows = select.query_map([claim], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(
    transaction: &Transaction<'_>,
    claim: &str,
    ticket: i64,
    key: &str,
    change: i64,
) -> Result<(), Error> {
    if change == 0 {
        return Ok(());
    }
    for sql in [
        "UPDATE limits SET available = available - ?2 WHERE name = ?1",
        "INSERT OR IGNORE INTO held (name, amount, claim) VALUES (?1, 0, ?3)",
        "UPDATE held SET amount = amount + ?2 WHERE name = ?1 AND claim = ?3",
        "DELETE FROM held WHERE name = ?1 AND claim = ?3 AND amount = 0",
        "INSERT INTO entries (name, amount, claim, ticket) VALUES (?1, ?2, ?3, ?4)",
    ] {
        let mut statement = transaction.prepare_cached(sql)?;
        for (at, value) in [&key as &dyn rusqlite::ToSql, &change, &claim, &ticket]
            .into_iter()
            .take(statement.parameter_count())
            .enumerate()
        {
            statement.raw_bind_parameter(at + 1, value)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

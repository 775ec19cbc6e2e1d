//! Whether what is left, what is held and what was done agree.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::Amounts;

/// Everything that a ledger says, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// What each claim holds; those that hold nothing are left out.
    pub held: BTreeMap<String, Amounts>,
    /// How many claims there ever were.
    pub claims: u32,
    /// How many changes were made.
    pub entries: u32,
    /// What does not agree, as sentences: none, if all is well.
    pub faults: Vec<String>,
}

/// Keys, and claims on them, of which the sums differ.
const FAULTS: &str = "
    SELECT format('%s: %d of %d are left, and %d are held', name, available, total, sum)
    FROM (SELECT limits.name, total, available, coalesce(sum(amount), 0) AS sum
          FROM limits LEFT JOIN held USING (name) GROUP BY limits.name)
    WHERE available + sum != total
    UNION ALL
    SELECT format('%s holds %d of %s, and %d were taken', claim, holds, name, took)
    FROM (SELECT entries.claim, entries.name, sum(entries.amount) AS took,
                 coalesce(held.amount, 0) AS holds
          FROM entries LEFT JOIN held USING (claim, name) GROUP BY entries.claim, entries.name)
    WHERE holds != took
    UNION ALL
    SELECT format('%s holds %d of %s, and none were taken', claim, amount, name)
    FROM held WHERE NOT EXISTS
        (SELECT 1 FROM entries WHERE entries.claim = held.claim AND entries.name = held.name)
";

pub(crate) fn audit(connection: &Connection) -> Result<Audit, rusqlite::Error> {
    // One transaction: all of it is of one moment.
    let connection = connection.unchecked_transaction()?;
    let mut audit = Audit::default();
    let mut select = connection.prepare("SELECT claim, name, amount FROM held")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let held = audit.held.entry(row.get(0)?).or_default();
        held.insert(row.get(1)?, row.get(2)?);
    }
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_one(&sql, [], |row| row.get::<_, u32>(0))
    };
    audit.claims = count("claims")?;
    audit.entries = count("entries")?;
    let mut faults = connection.prepare(FAULTS)?;
    let faults = faults.query_map([], |row| row.get(0))?;
    audit.faults = faults.collect::<Result<_, _>>()?;
    Ok(audit)
}

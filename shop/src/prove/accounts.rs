//! Whether all accounts agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ledger::{Amounts, Ledger};
use rusqlite::{Connection, OpenFlags};

use super::customers::Load;
use super::events::Events;
use crate::proto::acme::order::v1 as pb;

/// Billionths in a unit.
const UNIT: i64 = 1_000_000_000;

/// Waits until the order service owes nothing to the others.
pub(super) async fn nothing_is_owed(store: &Path, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    loop {
        let file = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let owed: u32 = file.query_one("SELECT count(*) FROM order_holds", [], |row| row.get(0))?;
        if owed == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < until,
            "{owed} settlements are owed after {patience:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What does not agree, as sentences.
pub(super) fn compare(
    data: &Path,
    load: &Load,
    orders: &[pb::Order],
    told: &Events,
) -> Result<Vec<String>> {
    let mut faults = told.faults.clone();
    acknowledged(load, orders, &mut faults);
    for order in orders {
        if told.orders.get(&order.name) != Some(order) {
            faults.push(format!("{}: events tell something else", order.name));
        }
    }
    let names: BTreeSet<_> = orders.iter().map(|order| &order.name).collect();
    for name in told.orders.keys().filter(|name| !names.contains(name)) {
        faults.push(format!("{name}: was told, and is not there"));
    }
    let open = orders
        .iter()
        .filter(|order| order.state() == pb::order::State::Open);
    let (mut pieces, mut charges) = (BTreeMap::new(), BTreeMap::new());
    for order in open {
        let id = order.name.strip_prefix("orders/").context("a name")?;
        pieces.insert(id.to_owned(), pieces_of(order));
        charges.insert(id.to_owned(), charges_of(order)?);
    }
    for (what, file, expected) in [
        ("stock", "stock.db", pieces),
        ("money", "payments.db", charges),
    ] {
        let audit = Ledger::open(&data.join(file), 0)?.audit()?;
        faults.extend(audit.faults);
        let claims: BTreeSet<_> = expected.keys().chain(audit.held.keys()).collect();
        for claim in claims {
            let (held, needed) = (audit.held.get(claim), expected.get(claim));
            if held != needed {
                faults.push(format!(
                    "{what} of orders/{claim}: {held:?} is held, {needed:?} is needed"
                ));
            }
        }
    }
    Ok(faults)
}

/// What customers were told is so, and nothing was done twice.
fn acknowledged(load: &Load, orders: &[pb::Order], faults: &mut Vec<String>) {
    let mut by_note = BTreeMap::<_, Vec<_>>::new();
    for order in orders {
        by_note.entry(order.note.clone()).or_default().push(order);
    }
    let placed = load.placed();
    for (note, found) in &by_note {
        if found.len() > 1 {
            faults.push(format!(
                "order number {note} was placed {} times",
                found.len()
            ));
        }
        if !placed.contains_key(note) {
            faults.push(format!("order number {note} is there, and was refused"));
        }
    }
    for (note, order) in &placed {
        if !by_note.contains_key(note) {
            faults.push(format!("{}: was acknowledged, and is lost", order.name));
        }
    }
    let cancelled: BTreeSet<_> = load.cancelled().into_iter().collect();
    for order in orders {
        let is_cancelled = order.state() == pb::order::State::Cancelled;
        if is_cancelled != cancelled.contains(&order.name) {
            faults.push(format!("{}: is {:?}", order.name, order.state()));
        }
    }
}

fn pieces_of(order: &pb::Order) -> Amounts {
    let mut pieces = Amounts::new();
    for item in &order.items {
        *pieces.entry(item.sku.clone()).or_default() += i64::from(item.quantity);
    }
    pieces
}

fn charges_of(order: &pb::Order) -> Result<Amounts> {
    let total = order.total.as_ref().context("an order without total")?;
    let key = format!("{}/{}", order.customer, total.currency_code);
    Ok(Amounts::from([(
        key,
        total.units * UNIT + i64::from(total.nanos),
    )]))
}

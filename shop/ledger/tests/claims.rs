//! Claims on a file.
#![allow(clippy::unwrap_used, reason = "tests")]

use ledger::{Amounts, Error, Ledger};
use tempfile::TempDir;

/// Ten pencils and three inks; of anything else there is nothing.
fn shelf(folder: &TempDir) -> Ledger {
    let ledger = Ledger::open(&folder.path().join("ledger.db"), 0).unwrap();
    ledger
        .provide(&amounts(&[("ink", 3), ("pencil", 10)]))
        .unwrap();
    ledger
}

fn amounts(of: &[(&str, i64)]) -> Amounts {
    of.iter()
        .map(|(key, it)| ((*key).to_owned(), *it))
        .collect()
}

async fn set(ledger: &Ledger, claim: &str, ticket: u64, of: &[(&str, i64)]) -> Result<(), Error> {
    ledger.set(claim.to_owned(), ticket, amounts(of)).await
}

async fn left(ledger: &Ledger) -> Vec<i64> {
    let levels = ledger.levels(String::new()).await.unwrap();
    levels.iter().map(|it| it.left).collect()
}

#[tokio::test]
async fn the_newest_call_says_all_that_a_claim_holds() {
    let folder = TempDir::new().unwrap();
    let ledger = shelf(&folder);
    set(&ledger, "one", 1, &[("pencil", 4), ("ink", 1)])
        .await
        .unwrap();
    assert_eq!(left(&ledger).await, [2, 6]);
    // What it holds is there for it.
    set(&ledger, "one", 3, &[("pencil", 10)]).await.unwrap();
    assert_eq!(left(&ledger).await, [3, 0]);
    // Repeated.
    set(&ledger, "one", 3, &[("pencil", 1)]).await.unwrap();
    assert_eq!(left(&ledger).await, [3, 0]);
    let late = set(&ledger, "one", 2, &[]).await;
    assert!(matches!(late, Err(Error::Overtaken)), "{late:?}");
    set(&ledger, "one", 4, &[]).await.unwrap();
    assert_eq!(left(&ledger).await, [3, 10]);
    let audit = ledger.audit().unwrap();
    assert!(
        audit.held.is_empty() && audit.faults.is_empty(),
        "{audit:?}"
    );
    assert_eq!((audit.claims, audit.entries), (1, 5));
}

#[tokio::test]
async fn all_of_it_or_nothing_and_everything_that_lacks_is_named() {
    let folder = TempDir::new().unwrap();
    let ledger = shelf(&folder);
    let refused = set(
        &ledger,
        "one",
        1,
        &[("pencil", 11), ("ink", 1), ("chalk", 1)],
    )
    .await;
    let Err(Error::Lacking(lacking)) = refused else {
        panic!("{refused:?}")
    };
    let lacking: Vec<_> = lacking
        .iter()
        .map(|it| (it.key.as_str(), it.left))
        .collect();
    assert_eq!(lacking, [("chalk", 0), ("pencil", 10)]);
    assert_eq!(left(&ledger).await, [3, 10]);
    // The same ticket may still be used: nothing is left of that call.
    set(&ledger, "one", 1, &[("pencil", 1)]).await.unwrap();
    assert_eq!(left(&ledger).await, [3, 9]);
}

#[tokio::test]
async fn what_was_answered_is_there_when_the_file_is_opened_again() {
    let folder = TempDir::new().unwrap();
    set(&shelf(&folder), "one", 7, &[("pencil", 4)])
        .await
        .unwrap();
    let ledger = shelf(&folder);
    assert_eq!(left(&ledger).await, [3, 6]);
    let late = set(&ledger, "one", 6, &[]).await;
    assert!(matches!(late, Err(Error::Overtaken)), "{late:?}");
}

#[tokio::test]
async fn an_audit_names_what_does_not_agree() {
    let folder = TempDir::new().unwrap();
    let ledger = shelf(&folder);
    set(&ledger, "one", 1, &[("pencil", 4)]).await.unwrap();
    let file = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    file.execute("UPDATE held SET amount = 5", []).unwrap();
    assert_eq!(
        ledger.audit().unwrap().faults,
        [
            "pencil: 6 of 10 are left, and 5 are held",
            "one holds 5 of pencil, and 4 were taken"
        ]
    );
}

#[tokio::test]
async fn claims_at_once_never_take_more_than_there_is() {
    let folder = TempDir::new().unwrap();
    let ledger = shelf(&folder);
    let claims = (0..20).map(|number| {
        let ledger = ledger.clone();
        tokio::spawn(async move { set(&ledger, &number.to_string(), 1, &[("pencil", 1)]).await })
    });
    let mut held = 0;
    for claim in claims.collect::<Vec<_>>() {
        held += i32::from(claim.await.unwrap().is_ok());
    }
    assert_eq!((held, left(&ledger).await), (10, vec![3, 0]));
    assert_eq!(ledger.audit().unwrap().faults, Vec::<String>::new());
}

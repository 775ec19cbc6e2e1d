//! Two releases in one namespace.

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;

use crate::chart::document::{list, text};
use crate::cluster::Lab;
use crate::cluster::load::{during, read_again};
use crate::cluster::release::Release;

/// Their volumes go with their pods.
const VALUES: &[&str] = &["store.sqlite.persistence.enabled=false"];

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let tls = ClientTlsSettings::default();
    let kube = &lab.node.kube;
    let one = Release::new(kube, "beside", "shop")?;
    // Its name begins as the other's.
    let other = Release::new(kube, "beside", "shop-two")?;
    one.install(VALUES)?;
    let (_, took, seen) = during(&lab.runtime, &one.url(), &tls, || other.install(VALUES))?;
    ensure!(
        seen.failed == 0,
        "a second release lost {} calls",
        seen.failed
    );
    let alone = "none of its pods is in the other's Service";
    ensure!(addresses(&one)?.len() == 1 && addresses(&other)?.len() == 1);
    ensure!(addresses(&one)? != addresses(&other)?, "they share a pod");
    lab.report.called(
        "`helm install` of a second release beside it",
        took,
        &seen,
        alone,
    );

    let stranger = read_again(&lab.runtime, &other.url(), &tls, &seen.created);
    let said = stranger
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    let all = format!("{0} of {0}", seen.created.len());
    ensure!(
        said.starts_with(&all),
        "it knows some of the other's orders: {said}"
    );

    let ((), took, seen) = during(&lab.runtime, &one.url(), &tls, || {
        other.upgrade(&[VALUES, &["podAnnotations.turn=next"]].concat())?;
        other.test()?;
        other.uninstall()
    })?;
    ensure!(
        seen.failed == 0,
        "the other release lost {} calls",
        seen.failed
    );
    let done = "`helm upgrade`, `helm test`, `helm uninstall` of the second";
    lab.report
        .called(done, took, &seen, "the first notices nothing");
    read_again(&lab.runtime, &one.url(), &tls, &seen.created)?;
    one.uninstall()
}

/// Addresses of the pods behind a release's Service.
fn addresses(release: &Release) -> Result<Vec<String>> {
    let selector = format!("kubernetes.io/service-name={}", release.service());
    let slices = release.get(&["endpointslices", "--selector", &selector])?;
    let mut found: Vec<String> = list(&slices, "/items")
        .iter()
        .flat_map(|slice| list(slice, "/endpoints"))
        .map(|endpoint| text(endpoint, "/addresses/0").to_owned())
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
}

//! One release, step by step: after each one the namespace holds what is
//! rendered, and no more.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::cluster::Cluster;
use crate::chart::Place;
use crate::chart::case::{NAMESPACE, RELEASE};
use crate::chart::command::stdout;
use crate::chart::document::{self, list, text, whole_id};

/// A release that is not installed yet.
#[derive(Debug)]
pub(super) struct Release<'a> {
    cluster: &'a Cluster<'a>,
    place: &'a Place,
    /// Of everything that can be listed in a namespace.
    kinds: String,
    /// What was there before.
    before: BTreeSet<String>,
    /// What outlives a step, because the values say so.
    kept: BTreeSet<String>,
    installed: bool,
}

impl<'a> Release<'a> {
    pub(super) fn new(cluster: &'a Cluster<'a>, place: &'a Place) -> Result<Self> {
        let kinds = stdout(&mut cluster.kubectl(&[
            "api-resources",
            "--namespaced",
            "--verbs=list,delete",
            "--output=name",
        ]))?;
        let kinds: Vec<&str> = kinds
            .lines()
            .filter(|kind| !kind.starts_with("events"))
            .collect();
        let mut release = Self {
            cluster,
            place,
            kinds: kinds.join(","),
            before: BTreeSet::new(),
            kept: BTreeSet::new(),
            installed: false,
        };
        release.before = release.present()?;
        Ok(release)
    }

    /// Installs, the first time, or upgrades.
    pub(super) fn step(&mut self, values: &Value) -> Result<()> {
        let file = self.cluster.path("values.json");
        fs::write(&file, values.to_string())?;
        let verb = if self.installed { "upgrade" } else { "install" };
        let mut helm = self
            .cluster
            .helm(&[verb, RELEASE, "--namespace", NAMESPACE]);
        helm.arg(self.place.chart()).arg("--values").arg(&file);
        let said = self.cluster.with_jobs(NAMESPACE, helm)?;
        ensure!(
            !said.to_lowercase().contains("warn"),
            "helm {verb} warns:\n{said}"
        );
        self.installed = true;
        let manifest = stdout(&mut self.cluster.helm(&[
            "get",
            "manifest",
            RELEASE,
            "--namespace",
            NAMESPACE,
        ]))?;
        let objects = document::parse(&manifest)?;
        let rendered: BTreeSet<String> = objects.iter().map(whole_id).collect();
        let found: BTreeSet<String> = self
            .present()?
            .into_iter()
            .filter(|object| !self.before.contains(object) && !self.kept.contains(object))
            .collect();
        let expected = &rendered - &self.kept;
        ensure!(
            found == expected,
            "missing: {:?}\nleft of an earlier step: {:?}",
            &expected - &found,
            &found - &expected
        );
        self.kept
            .extend(objects.iter().filter(|object| keeps(object)).map(whole_id));
        Ok(())
    }

    /// Uninstalls, and removes what was to be kept.
    pub(super) fn uninstall(mut self) -> Result<()> {
        stdout(
            &mut self
                .cluster
                .helm(&["uninstall", RELEASE, "--namespace", NAMESPACE]),
        )?;
        let found = &self.present()? - &self.before;
        ensure!(
            found == self.kept,
            "left behind: {:?}; lost although to be kept: {:?}",
            &found - &self.kept,
            &self.kept - &found
        );
        for object in std::mem::take(&mut self.kept) {
            let on = |verb| {
                self.cluster
                    .kubectl(&[verb, &object, "--namespace", NAMESPACE])
            };
            stdout(on("delete").arg("--wait=false"))?;
            // What a controller would do once no pod uses it.
            let patch = r#"--patch={"metadata": {"finalizers": null}}"#;
            stdout(on("patch").args(["--type=merge", patch]))?;
        }
        ensure!(self.present()? == self.before, "something is left");
        Ok(())
    }

    /// `Kind.group/name` of all objects, less Helm's own records.
    fn present(&self) -> Result<BTreeSet<String>> {
        let said = stdout(&mut self.cluster.kubectl(&[
            "get",
            &self.kinds,
            "--namespace",
            NAMESPACE,
            "--output=json",
        ]))?;
        let found: Value = serde_json::from_str(&said).context("kubectl prints JSON")?;
        Ok(list(&found, "/items")
            .iter()
            .filter(|object| !text(object, "/type").starts_with("helm.sh/release"))
            .map(whole_id)
            .collect())
    }
}

fn keeps(object: &Value) -> bool {
    object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
}

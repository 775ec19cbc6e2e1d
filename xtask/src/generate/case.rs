//! The names and answers that are tried.

use anyhow::Result;

use crate::names::{self, Word};
use crate::parts::Parts;
use crate::tree;

/// One service to generate, and what should become of the names.
#[derive(Clone, Debug)]
pub struct Case {
    /// The project's name.
    pub project: String,
    /// What is answered beyond it, as `key=value`.
    pub answers: Vec<String>,
    /// The resource, as it should come out.
    pub resource: String,
    /// Its plural.
    pub plural: String,
    /// Its organisation.
    pub organisation: String,
    /// Whether the short form builds and tests it.
    pub built: bool,
}

impl Case {
    fn new(project: &str, answers: &[&str], resource: &str, plural: &str) -> Self {
        let organisation = (answers.iter())
            .find_map(|answer| answer.strip_prefix("organisation="))
            .unwrap_or("acme");
        Self {
            project: project.into(),
            answers: answers.iter().map(|&answer| answer.into()).collect(),
            resource: resource.into(),
            plural: plural.into(),
            organisation: organisation.into(),
            built: false,
        }
    }

    /// A project that keeps `resource`, answered for with `answers`.
    pub fn of(project: &str, answers: &[String], resource: &str) -> Self {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        Self::new(project, &answers, resource, &format!("{resource}s"))
    }

    fn built(self) -> Self {
        Self {
            built: true,
            ..self
        }
    }

    /// The answer to `key`, or its default.
    pub fn answer<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        (self.answers.iter())
            .find_map(|answer| answer.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or(default)
    }

    /// What is wanted of the parts that only some answers want.
    pub fn parts(&self) -> Parts<'_> {
        let sample = self.answer("sample", "order");
        let default = if sample == "order" { "both" } else { "none" };
        Parts {
            sample,
            store: self.answer("store", default),
            events: self.answer("events", "none"),
        }
    }

    /// The features of the image, less those that are not wanted.
    pub fn features(&self) -> Result<String> {
        let (all, parts) = (tree::features()?, self.parts());
        let is_wanted = |name: &&str| match *name {
            "postgres" => parts.wants("both") == Some(true),
            "nats" => parts.wants("nats") == Some(true),
            _ => true,
        };
        Ok(all
            .split(',')
            .filter(is_wanted)
            .collect::<Vec<_>>()
            .join(","))
    }

    /// How it is printed.
    pub fn title(&self) -> String {
        format!("{} {}", self.project, self.answers.join(" "))
            .trim()
            .to_owned()
    }

    /// What stands in the output where `word` stands in the tree.
    pub fn renamed(&self, word: &Word) -> String {
        match word.text {
            "order-service" => self.project.clone(),
            "orders" => self.plural.clone(),
            "Orders" => names::pascal(&self.plural),
            "order" => self.resource.clone(),
            "Order" => names::pascal(&self.resource),
            "acme" => self.organisation.clone(),
            other => other.to_owned(),
        }
    }

    /// Whether the output should be the tree itself.
    pub fn is_default(&self) -> bool {
        self.project == "order-service" && self.parts() == Parts::TREE
    }
}

/// All cases, or those of `projects`; one that is not in the matrix follows the
/// simplest rules.
pub fn matrix(projects: &[String]) -> Vec<Case> {
    let all = all();
    if projects.is_empty() {
        return all;
    }
    projects
        .iter()
        .map(|project| {
            let known = all.iter().find(|case| case.project == *project);
            known.cloned().unwrap_or_else(|| {
                let resource = project.trim_end_matches("-service").replace('-', "_");
                Case::new(project, &[], &resource, &format!("{resource}s"))
            })
        })
        .collect()
}

fn all() -> Vec<Case> {
    vec![
        // The tree itself.
        Case::new("order-service", &["events=nats"], "order", "orders"),
        // Contains the names that are replaced.
        Case::new(
            "purchase-order-service",
            &["organisation=globex", "mesh=istio", "ci=gitlab"],
            "purchase_order",
            "purchase_orders",
        )
        .built(),
        Case::new("acme-order-service", &[], "acme_order", "acme_orders"),
        Case::new(
            "border-service",
            &["organisation=acme_order"],
            "border",
            "borders",
        ),
        Case::new("orders-service", &["mesh=linkerd"], "orders", "orderses"),
        // The shortest, and short enough that rustfmt joins lines.
        Case::new("x", &["ci=none"], "x", "xes"),
        // As long as can be, so that rustfmt breaks lines.
        Case::new(
            "telecommunications-subscription-renewals-eu-west-1",
            &[
                "resource=telecommunications_subscription_renewal",
                "organisation=international_business_organisation",
                "mesh=istio-ambient",
            ],
            "telecommunications_subscription_renewal",
            "telecommunications_subscription_renewals",
        ),
        // Digits.
        Case::new("s3-bucket-service", &[], "s3_bucket", "s3_buckets"),
        Case::new("ipv6-route2-service", &[], "ipv6_route2", "ipv6_route2s"),
        // Words of the .proto language.
        Case::new("package-service", &[], "package", "packages"),
        Case::new("syntax-service", &[], "syntax", "syntaxes"),
        Case::new("import-service", &[], "import", "imports"),
        // Plurals.
        Case::new("category-service", &[], "category", "categories"),
        Case::new("survey-service", &[], "survey", "surveys"),
        Case::new("sales-person-service", &[], "sales_person", "sales_people"),
        Case::new("branch-service", &[], "branch", "branches"),
        Case::new("sheep-service", &["plural=flock"], "sheep", "flock"),
        // Names of crates that the service depends on.
        Case::new("tonic", &["resource=drink"], "drink", "drinks"),
        Case::new("serde", &["resource=parcel"], "parcel", "parcels"),
        Case::new("test", &["resource=parcel"], "parcel", "parcels"),
        Case::new("service", &["resource=parcel"], "parcel", "parcels"),
        // What people will take; the first is also a word of PostgreSQL's client.
        Case::new("notification-service", &[], "notification", "notifications"),
        Case::new("invoice-service", &[], "invoice", "invoices"),
        Case::new("payments", &["resource=payment"], "payment", "payments"),
    ]
}

//! Whether what was promised holds when things go wrong.

mod crash;
mod faults;
mod floods;
mod fuzz;
mod h2spec;
mod history;
mod overload;
mod power;
mod rollout;
pub(crate) mod scratch;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use service::proto::acme::order::v1 as pb;
use service::proto::google::r#type::Money;
use uuid::Uuid;

/// What goes wrong.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Proof {
    /// Nothing that was acknowledged is lost when the server is killed.
    Crash(crash::Args),
    /// Nothing that was acknowledged is lost when the power fails.
    Power(power::Args),
    /// Known floods of HTTP/2 are bounded in memory, and others are served meanwhile.
    Floods(floods::Args),
    /// What callers see of faults, and that service goes on after them.
    Faults(faults::Args),
    /// Feeds arbitrary input to the parsers and to every rpc.
    Fuzz(fuzz::Args),
    /// What can be served is served in time, however much is asked for.
    Overload(overload::Args),
    /// No call fails while replicas are replaced.
    Rollout(rollout::Args),
    /// HTTP/2 is spoken as the specification has it.
    H2spec(h2spec::Args),
    /// The image's binary in an empty, read-only root, as nobody.
    Scratch,
}

/// Runs one proof.
pub(crate) fn run(proof: &Proof) -> Result<()> {
    match proof {
        Proof::Crash(args) => crash::run(args),
        Proof::Power(args) => power::run(args),
        Proof::Floods(args) => floods::run(args),
        Proof::Faults(args) => faults::run(args),
        Proof::Fuzz(args) => fuzz::run(args),
        Proof::Overload(args) => overload::run(args),
        Proof::Rollout(args) => rollout::run(args),
        Proof::H2spec(args) => h2spec::run(args),
        Proof::Scratch => scratch::run(),
    }
}

/// The server in the profile of this program.
fn build() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--bin", "server"]);
    cargo.args(["--features", "postgres,tls"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "the server does not build");
    Ok(std::env::current_exe()?.with_file_name("server"))
}

/// One to create, with a request id of its own.
pub(crate) fn request(number: u64) -> pb::CreateOrderRequest {
    let price = Money {
        currency_code: "EUR".to_owned(),
        units: 12,
        nanos: 990_000_000,
    };
    pb::CreateOrderRequest {
        order: Some(pb::Order {
            customer: format!("customer-{}", number % 100),
            items: vec![pb::LineItem {
                sku: "tea-1kg".to_owned(),
                quantity: 2,
                unit_price: Some(price),
            }],
            note: format!("number {number}"),
            ..pb::Order::default()
        }),
        request_id: Uuid::new_v4().to_string(),
    }
}

//! A gateway: as it comes, and before the sample.

use std::path::Path;

use anyhow::{Result, ensure};

use super::Row;
use super::protos::generated;
use super::stage::Stage;

/// Most lines of Rust that a team owns of one, tests included.
const MOST_LINES: usize = 400;

/// One row: generated, then one that exposes the sample's own service, which is
/// built, linted and tested.
pub(crate) fn judge(stage: &Stage, build: bool) -> Row {
    let mut row = Row::new("sample=gateway");
    row.check("generate", || as_it_comes(stage));
    if build {
        row.check("adopt", || before_the_sample(stage));
    }
    row
}

fn as_it_comes(stage: &Stage) -> Result<()> {
    let project = generated(stage, "shop-gateway", &["sample=gateway"])?;
    project.cargo(&["metadata", "--format-version=1", "--locked"])?;
    project.cargo(&["fmt", "--all"])?;
    project.chart()?;
    let is_own = |path: &&String| {
        let is_rust = Path::new(path).extension().is_some_and(|it| it == "rs");
        is_rust && !path.starts_with("crates/") && !path.starts_with("xtask/")
    };
    let mut lines = 0;
    for path in project.files.iter().filter(is_own) {
        lines += String::from_utf8(project.read(path)?)?.lines().count();
    }
    ensure!(lines <= MOST_LINES, "a team owns {lines} lines of Rust");
    for gone in [
        "src/services",
        "src/state.rs",
        "src/proto.rs",
        "crates/store/",
        "template/",
    ] {
        let left = project.files.iter().find(|path| path.starts_with(gone));
        ensure!(left.is_none(), "{left:?} is of no use in a gateway");
    }
    let record = String::from_utf8(project.read(".template.toml")?)?;
    ensure!(record.contains("sample = \"gateway\"\n"), "{record}");
    Ok(())
}

fn before_the_sample(stage: &Stage) -> Result<()> {
    let project = generated(stage, "shop-gateway", &["sample=gateway", "hello=no"])?;
    let project = project.place(stage)?;
    let protos = stage.template.join("proto");
    let order = protos.join("acme/order/v1/order.proto");
    let (protos, order) = (protos.to_string_lossy(), order.to_string_lossy());
    project.cargo(&["xtask", "adopt", &order, "-I", &protos])?;
    let offered = String::from_utf8(project.read("proto/offered.conf")?)?;
    ensure!(offered.contains("acme.order.v1.OrderService"), "{offered}");
    project.cargo(&["fmt", "--all"])?;
    project.cargo(&[
        "clippy",
        "--all-targets",
        "--features",
        "jwt",
        "--",
        "-D",
        "warnings",
    ])?;
    project.cargo(&["test", "--features", "jwt"])?;
    project.cargo(&["xtask", "check"])
}

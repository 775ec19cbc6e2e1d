//! How costs grow: with the orders that are stored, and with those who watch.
//!
//! Each is measured at several sizes, and its slope is that of a straight line through the
//! logarithms of both: 0 is a cost that stays, 1 one that grows as the size does.

mod calls;
mod curve;
mod picture;
mod stored;
mod watched;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::support::{release, server, statistics};
use curve::Table;
use xtask::tree;

const PAGE: &str = "docs/growth.md";
const PICTURES: &str = "docs/pictures";
/// What is above the tables is written by hand.
const BELOW: &str = "\n<!-- Below is what `cargo lab bench growth --write` saw. -->\n";

/// `cargo lab bench growth`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Orders in the store, one measurement after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    orders: Vec<u64>,
    /// Watches of every order, over 50 of them to a connection.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000")]
    watches: Vec<u64>,
    /// Times that each is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Replaces the tables in docs/growth.md, and the pictures.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !release::is_this()? {
        return Ok(());
    }
    let binary = match &args.server {
        // The server runs in a folder of its own.
        Some(binary) => std::path::absolute(binary)?,
        None => server::build(&["--release"])?,
    };
    let runtime = super::compare::runtime()?;
    let stored = runtime.block_on(stored::measure(&binary, &args.orders, args.rounds))?;
    show(&stored);
    let watched = runtime.block_on(watched::measure(&binary, &args.watches, args.rounds))?;
    show(&watched);
    if args.write {
        write(&[("stored", &stored), ("watched", &watched)])?;
    }
    Ok(())
}

fn show(table: &Table) {
    println!("\n{}", table.markdown());
}

fn write(tables: &[(&str, &Table)]) -> Result<()> {
    let page = tree::root().join(PAGE);
    let text = fs::read_to_string(&page)?;
    let above = text.split(BELOW).next().unwrap_or_default();
    let mut text = format!("{above}{BELOW}");
    let pictures = tree::root().join(PICTURES);
    fs::create_dir_all(&pictures)?;
    for (name, table) in tables {
        let file = format!("growth-{name}.svg");
        fs::write(pictures.join(&file), picture::draw(table))?;
        write!(
            text,
            "\n## {}\n\n![{}](pictures/{file})\n\n{}",
            table.title,
            table.title,
            table.markdown()
        )?;
    }
    Ok(fs::write(page, text)?)
}

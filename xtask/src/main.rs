//! The template's own tooling.

use clap::Parser;
use xtask::{generate, graph, markers, nouns, owned, test, updates};

/// The template's own tooling.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Runs all tests: what `.ci/run` runs.
    Test(test::Args),
    /// Writes what makes the tree a template: the markers in every file with a
    /// name in it, the list of files to render, the list of refused names.
    Markers(markers::Args),
    /// Prints which common nouns a resource may be called, and why not.
    Nouns(nouns::Args),
    /// Draws which crate depends on which, in docs/architecture.md.
    Graph(graph::Args),
    /// Prints how much Rust a team owns once it has generated a service.
    Owned,
    /// Generates services of many names and judges them.
    Generate(generate::Args),
    /// Updates services that teams have changed, and counts what is lost.
    Updates(updates::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Test(args) => test::run(&args),
        Command::Markers(args) => markers::run(&args),
        Command::Nouns(args) => nouns::run(&args),
        Command::Owned => owned::run(),
        Command::Generate(args) => generate::run(&args),
        Command::Updates(args) => updates::run(&args),
        Command::Graph(args) => graph::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Command::command().debug_assert();
    }
}

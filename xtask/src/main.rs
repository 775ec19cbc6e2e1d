//! The template's own tooling. Nothing of it reaches a generated service.

mod bench;
mod chart;
mod clients;
mod collector;
mod fuzz;
mod generate;
mod markers;
mod metrics;
mod names;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
mod prove;
mod sample;
#[path = "../../tests/support/skip.rs"]
mod skip;
mod supply;
mod test;
mod tools;
mod tree;

use clap::Parser;

/// The template's own tooling.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Runs all tests: what `.ci/run` runs.
    Test(test::Args),
    /// Writes what makes the tree a template: the markers in every file with a
    /// name in it, the list of files to render, the list of refused names.
    Markers(markers::Args),
    /// Proves the chart, for every mesh, with the components' own code.
    Chart(chart::Args),
    /// Runs the clients of other languages against a server that fails.
    Clients(clients::Args),
    /// Walks through the services with a real OpenTelemetry Collector.
    Collector(collector::Args),
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Feeds arbitrary input to the parsers and to every rpc.
    Fuzz(fuzz::Args),
    /// Parses and lints a server's `/metrics` with Prometheus' own code.
    Metrics(metrics::Args),
    /// Generates services of many names and judges them.
    Generate(generate::Args),
    /// Proves what no unit test can show.
    #[command(subcommand)]
    Prove(prove::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Test(args) => test::run(&args),
        Command::Markers(args) => markers::run(&args),
        Command::Chart(args) => chart::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Collector(args) => collector::run(&args),
        Command::Bench(bench) => bench::run(&bench),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Prove(args) => prove::run(&args),
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

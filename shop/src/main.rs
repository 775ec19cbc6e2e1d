//! `cargo shop`: a shop of services that the template makes.
//!
//! In `shop/services` is what a person wrote; the rest is made anew whenever it or the
//! template has changed, into `shop/made`, one workspace.
//!
//! - [`recipe`]: which services there are
//! - [`make`]: makes them; [`sync`] leaves untouched what is as it was; [`lines`] counts
//! - [`build`]: their binaries; [`page`]: the page; [`process`]: one that runs; [`run`]: all
//! - [`sign_in`]: tells who calls
//! - [`traces`]: what they tell of each call
//! - [`rest`]: requests to the gateway; [`walk`]: a customer's; [`browse`]: one in a browser
//! - [`prove`]: kills them, and does the accounts; [`chaos`]: what customers are told
//!   meanwhile; [`cost`]: of orders
//! - [`tenants`]: what each is told of another's, from all sides
//! - [`deploy`]: all of it on a cluster

mod browse;
mod build;
mod chaos;
mod cost;
mod deploy;
mod lines;
mod make;
mod page;
mod process;
mod prove;
mod recipe;
mod rest;
mod run;
mod sign_in;
#[path = "../../tests/support/skip.rs"]
mod skip;
mod sync;
mod tenants;
mod traces;
mod walk;

use clap::Parser;

/// Messages and clients, from the .proto files.
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::pedantic,
    reason = "generated: names and comments are the .proto's"
)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto.rs"));
}

/// The shop.
#[derive(Parser)]
#[command(bin_name = "cargo shop")]
struct Arguments {
    /// What to do; without one, run.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Makes, builds and starts all services; Ctrl-C drains them.
    Run(run::Args),
    /// Makes the services in `shop/made`, and nothing else.
    Make,
    /// Makes and builds the services; prints the folder with their binaries.
    Build,
    /// Installs all services that were made on a cluster, or shows what would be.
    Deploy(deploy::Args),
    /// Takes what was changed in `shop/made` over into `shop/services`.
    Keep,
    /// Counts the lines that a person wrote beside those that were made.
    Lines,
    /// Lints and tests the services.
    Test,
    /// Walks through the shop as a customer does, and shows what each service did.
    Walk,
    /// Walks through the page in a real browser: what is seen, and by whom.
    Browse(browse::Args),
    /// Lets services be gone, hang and fail, and shows what customers are told.
    Chaos,
    /// Asks everything of stock and payments, for one tenant, for another and for none.
    Tenants,
    /// Measures what orders cost each service.
    Cost(cost::Args),
    /// Kills services while orders are placed; stock, money, orders and events agree.
    Prove(prove::Args),
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments
        .command
        .unwrap_or(Command::Run(run::Args::default()))
    {
        Command::Run(args) => run::run(&args),
        Command::Make => {
            println!("{}", make::make()?.display());
            Ok(())
        }
        Command::Build => {
            println!("{}", build::all()?.display());
            Ok(())
        }
        Command::Deploy(args) => deploy::run(&args),
        Command::Keep => make::keep(),
        Command::Lines => lines::print(),
        Command::Test => build::test(),
        Command::Walk => walk::run(),
        Command::Browse(args) => browse::run(&args),
        Command::Chaos => chaos::run(),
        Command::Tenants => tenants::run(),
        Command::Cost(args) => cost::run(&args),
        Command::Prove(args) => prove::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}

//! Instructions and allocations that the server spends on a call, counted by
//! valgrind.
//!
//! A count hardly depends on how fast or how busy the machine is, so it shows a
//! regression of a few percent where a time cannot, and CI can fail by it. What
//! the start costs cancels out between a run of few calls and one of many; one
//! thread and one call in flight leave little to chance.

mod count;
mod record;

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use super::telemetry::collector;
use crate::skip::skip;
use crate::support::server;
use count::{Calls, Counted, Tool};
use record::{Figures, Record};
use xtask::tools;

/// `cargo lab bench instructions`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Puts the new figures on record, for a change that is worth its price.
    #[arg(long)]
    write: bool,
    /// Shows the functions that cost most.
    #[arg(long)]
    functions: bool,
    /// Calls that are counted.
    #[arg(long, default_value_t = 2000)]
    calls: u32,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// What a release is built with, less what takes minutes: counts differ, but
/// they grow alike.
const PROFILE: [&str; 10] = [
    "--profile=count",
    "--config=profile.count.inherits='release'",
    "--config=profile.count.lto='off'",
    "--config=profile.count.strip='none'",
    "--config=profile.count.split-debuginfo='off'",
    "--config=profile.count.debug='line-tables-only'",
    "--config=profile.count.codegen-units=1",
    "--config=profile.count.panic='unwind'",
    "--config=profile.count.incremental=false",
    "--locked",
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(valgrind) = tools::ensure_or_skip("valgrind", "instructions per call")? else {
        return Ok(());
    };
    let binary = match &args.server {
        // The server runs in a folder of its own.
        Some(binary) => std::path::absolute(binary)?,
        None => server::build(&PROFILE)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let sink = runtime.block_on(collector::start())?;
    let here = record::Machine::this()?;
    let record = Record::read()?;
    let mut counted = Vec::new();
    for mode in modes(&format!("http://{sink}")) {
        for tool in [Tool::Instructions, Tool::Allocations] {
            let measure = || -> Result<Counted> {
                let few = args.calls / 5;
                let count = |calls| {
                    let calls = Calls {
                        method: mode.calls,
                        number: calls,
                    };
                    let with = (valgrind.as_path(), tool);
                    runtime.block_on(count::run(with, &binary, &mode.variables, calls))
                };
                let counts = count(few + args.calls)?.less(&count(few)?);
                Ok(counts.per_call(args.calls))
            };
            let mut least = measure()?;
            for _ in 1..TRIES {
                if args.write || !exceeds(&record, &here, (tool, mode.name), &least) {
                    break;
                }
                let again = measure()?;
                if again.total < least.total {
                    least = again;
                }
            }
            counted.push(Row {
                name: mode.name,
                tool,
                counted: least,
            });
        }
    }
    report(&counted, args.functions);
    judge(&counted, args.write)
}

/// One figure.
struct Row {
    name: &'static str,
    tool: Tool,
    counted: Counted,
}

struct Mode {
    name: &'static str,
    calls: count::Method,
    variables: Vec<(&'static str, String)>,
}

fn modes(collector: &str) -> Vec<Mode> {
    let telemetry = |ratio: &str| {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.to_owned()),
            ("OTEL_TRACES_SAMPLER", "traceidratio".to_owned()),
            ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
            // What comes so often a minute would count by how long a run takes.
            ("OTEL_METRIC_EXPORT_INTERVAL", "3600000".to_owned()),
            ("OTEL_BLRP_SCHEDULE_DELAY", "3600000".to_owned()),
        ]
    };
    let mode = |name, calls, variables| Mode {
        name,
        calls,
        variables,
    };
    vec![
        mode(
            "GetOrder, telemetry off",
            count::Method::Get,
            vec![("OTEL_SDK_DISABLED", "true".to_owned())],
        ),
        mode("GetOrder", count::Method::Get, telemetry("0")),
        mode("GetOrder, sampled", count::Method::Get, telemetry("1")),
        mode("CreateOrder", count::Method::Create, telemetry("0")),
    ]
}

fn report(rows: &[Row], functions: bool) {
    println!("| call | instructions | ÷ telemetry off | allocations |\n|---|---|---|---|");
    let off = rows[0].counted.total;
    for pair in rows.chunks(2) {
        let [instructions, allocations] = pair else {
            continue;
        };
        let (name, total) = (instructions.name, instructions.counted.total);
        let ratio = if name.starts_with("Get") {
            format!("{:.3}", total / off)
        } else {
            String::new()
        };
        let allocations = allocations.counted.total;
        println!("| {name} | {total:.0} | {ratio} | {allocations:.1} |");
    }
    for Row {
        name,
        tool,
        counted,
    } in rows.iter().filter(|_| functions)
    {
        println!("\n{name}, {tool}");
        for (function, count) in counted.most(25) {
            println!("{count:>10.1}  {function}");
        }
    }
}

/// How often a figure above its limit is counted. What runs beside the calls
/// (probes, timers) takes a share by chance; a regression is there each time.
const TRIES: usize = 3;

fn exceeds(
    record: &Record,
    here: &record::Machine,
    (tool, name): (Tool, &str),
    counted: &Counted,
) -> bool {
    record.of(here).is_some_and(|(of, figures)| {
        let known = figures.get(&tool).and_then(|them| them.get(name));
        known.is_some_and(|known| counted.total > known * tolerance(of, here))
    })
}

fn tolerance(of: &record::Machine, here: &record::Machine) -> f64 {
    if of == here {
        TOLERANCE
    } else {
        FOREIGN_TOLERANCE
    }
}

/// More than so much above the record fails.
const TOLERANCE: f64 = 1.03;
/// Where the record is of another C library, whose share differs.
const FOREIGN_TOLERANCE: f64 = 1.06;

fn judge(rows: &[Row], write: bool) -> Result<()> {
    let here = record::Machine::this()?;
    let mut record = Record::read()?;
    if write {
        let mut figures = Figures::new();
        for Row {
            name,
            tool,
            counted,
        } in rows
        {
            let of = figures.entry(*tool).or_default();
            // Tenths: an allocation at each tenth call is one to know of.
            of.insert((*name).to_owned(), (counted.total * 10.0).round() / 10.0);
        }
        record.put(&here, figures);
        return record.write();
    }
    let Some((of, figures)) = record.of(&here) else {
        let missing = format!(
            "no figure is on record for {here}: `cargo lab bench instructions --write` writes one"
        );
        return Ok(skip("comparing instructions per call", &missing)?);
    };
    let mut worse = Vec::new();
    for Row {
        name,
        tool,
        counted,
    } in rows
    {
        let Some(known) = figures.get(tool).and_then(|them| them.get(*name)) else {
            bail!(
                "{name} is not on record with its {tool}: \
                 `cargo lab bench instructions --write` adds it"
            );
        };
        let ratio = counted.total / known;
        let percent = (ratio - 1.0) * 100.0;
        println!("{name}: {tool} {percent:+.2} % of the record ({of})");
        if ratio > tolerance(of, &here) {
            let total = counted.total;
            worse.push(format!(
                "{name}: {total:.1} {tool} instead of {known:.1}, {percent:+.1} %"
            ));
        }
    }
    ensure!(
        worse.is_empty(),
        "{}\n`cargo lab bench instructions --functions` shows where they go; if the change is \
         worth it, `--write` puts the new figures on record",
        worse.join("\n")
    );
    Ok(())
}

//! `size`: requests, limits, replicas and pool for a load.

use std::fmt::Write as _;

use serde_yaml_ng::Value;

/// What calls cost, and memory.
const FIGURES: &str = include_str!("size/figures.yaml");

/// Most of one pod, in thousandths of a core: two cores, which one runtime keeps busy.
const LARGEST: u64 = 2_000;
/// Connections that PostgreSQL has as it comes, less those of administrators.
const CONNECTIONS: u64 = 97;
/// Creates that one PostgreSQL takes whose disk does 200 syncs a second: each commit waits
/// for one, and holds the row that the numbers of events are taken from.
const CREATES: u64 = 5_000;

/// A load, at its peak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Calls per second that read one.
    pub reads: u64,
    /// Calls per second that list a page.
    pub lists: u64,
    /// Calls per second that create or change one.
    pub creates: u64,
    /// Streams that are told of each change.
    pub watchers: u64,
    /// Clients' connections.
    pub connections: u64,
    /// µs of CPU time of one's own handlers beside the sample's, per call.
    pub call_cost: u64,
    /// Where what they make is kept.
    pub store: Store,
}

/// Where a service keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In a file, which one pod has.
    Sqlite,
    /// In a database, which several pods share.
    Postgres,
    /// It keeps nothing.
    None,
}

/// What to give the chart for a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Thousandths of a core that the load keeps busy.
    pub busy: u64,
    /// Pods.
    pub replicas: u64,
    /// Of each, in thousandths of a core.
    pub cpu: u64,
    /// Of each, in MiB.
    pub request: u64,
    /// Of each, in MiB.
    pub limit: u64,
    /// To the database, of each.
    pub pool: u64,
    /// What does not fit, one line each.
    pub warnings: Vec<String>,
}

impl Load {
    /// Reads `--calls-per-second 2000 --creates 100 …`.
    ///
    /// # Errors
    /// What is wrong with them, in one line.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut calls = None;
        let mut load = Self {
            reads: 0,
            lists: 0,
            creates: 0,
            watchers: 0,
            connections: 100,
            call_cost: 0,
            store: Store::Postgres,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), arguments.next().cloned()),
            };
            let value = value.ok_or_else(|| format!("{name} needs a value"))?;
            if name == "--store" {
                load.store = match value.as_str() {
                    "sqlite" => Store::Sqlite,
                    "postgres" => Store::Postgres,
                    "none" => Store::None,
                    other => {
                        return Err(format!("--store is sqlite, postgres or none, not {other}"));
                    }
                };
                continue;
            }
            let number = value.parse::<u32>().map(u64::from);
            let number = number.map_err(|_| format!("{name} is a whole number, not {value}"))?;
            match name {
                "--calls-per-second" => calls = Some(number),
                "--lists" => load.lists = number,
                "--creates" => load.creates = number,
                "--watchers" => load.watchers = number,
                "--connections" => load.connections = number,
                "--call-cost" => load.call_cost = number,
                other => return Err(format!("unexpected {other}")),
            }
        }
        let calls = calls.ok_or("size needs --calls-per-second")?;
        load.reads = (calls.checked_sub(load.lists + load.creates))
            .ok_or("--lists and --creates are among --calls-per-second")?;
        Ok(load)
    }

    /// What it takes.
    ///
    /// # Panics
    /// Never: the figures are there.
    #[must_use]
    pub fn size(&self) -> Size {
        let cost = Figures::read();
        let calls = self.reads + self.lists + self.creates;
        // A microsecond per second is a millionth of a core.
        let micros = self.reads * cost.of("read")
            + self.lists * cost.of("list")
            + self.creates * cost.of("create")
            + self.creates * self.watchers * cost.of("told")
            + calls * self.call_cost;
        let busy = micros.div_ceil(1_000);
        let needed = (busy * 100).div_ceil(cost.of("busy"));
        let mut warnings = Vec::new();
        let alone = self.store == Store::Sqlite;
        let least = if alone { 1 } else { 2 };
        let mut replicas = needed.div_ceil(LARGEST).max(least);
        if alone && replicas > 1 {
            warnings.push(format!(
                "SQLite is one pod's, and this is the load of {replicas}: use --store postgres"
            ));
            replicas = 1;
        }
        if self.store == Store::Postgres && self.creates > CREATES {
            warnings.push(format!(
                "{} creates per second are more than one PostgreSQL is known to take ({CREATES}): \
                 partition by tenant or key",
                self.creates
            ));
        }
        // To the next twentieth of a core.
        let cpu = (needed.div_ceil(replicas)).max(50).next_multiple_of(50);
        let share = |all: u64| all.div_ceil(replicas);
        // While one pod is replaced the others have its connections.
        let most = |all: u64| {
            if replicas > 1 {
                all.div_ceil(replicas - 1)
            } else {
                all
            }
        };
        let fixed = cost.of("memory");
        let clients = |connections: u64, watchers: u64| {
            connections * cost.of("connection") + watchers * cost.of("watch")
        };
        let request = fixed + clients(share(self.connections), share(self.watchers));
        let under_way = 1_024 * cost.of("call");
        let limit = fixed + under_way + clients(most(self.connections), most(self.watchers));
        // As many as are at work at once, by Little's law, twice for bursts, and one each
        // that writes.
        let held = share(self.reads + self.lists) * cost.of("held");
        let pool = match self.store {
            Store::Postgres => (2 * held.div_ceil(1_000) + 4).max(8),
            Store::Sqlite | Store::None => 0,
        };
        // One more of each hears of changes; a rollout has one pod more.
        let all = (pool + 1) * (replicas + 1);
        if pool > 0 && all > CONNECTIONS {
            warnings.push(format!(
                "{all} connections at most, and PostgreSQL has {CONNECTIONS} as it comes: raise its \
                 max_connections or put a pooler before it"
            ));
        }
        Size {
            busy,
            replicas,
            cpu,
            request: mebibytes(request),
            limit: mebibytes(limit),
            pool,
            warnings,
        }
    }
}

impl Size {
    /// Values for the chart.
    #[must_use]
    pub fn values(&self) -> String {
        let Self {
            busy,
            replicas,
            cpu,
            request,
            limit,
            pool,
            warnings,
        } = self;
        let mut text = format!("# The load keeps {busy} thousandths of a core busy.\n");
        for warning in warnings {
            let _ = writeln!(text, "# Beware: {warning}.");
        }
        if *replicas > 1 {
            let most = (replicas * 2).max(4);
            let _ = write!(
                text,
                "autoscaling:\n  enabled: true\n  minReplicas: {replicas}\n  maxReplicas: {most}\n  \
                 targetCPUUtilizationPercentage: 70\n"
            );
        } else {
            let _ = writeln!(text, "replicaCount: 1");
        }
        let _ = write!(
            text,
            "resources:\n  requests:\n    cpu: {cpu}m\n    memory: {request}Mi\n  limits:\n    \
             memory: {limit}Mi\n"
        );
        if *pool > 0 {
            let _ = write!(text, "store:\n  postgres:\n    connections: {pool}\n");
        }
        text
    }
}

/// In steps of 32, so that small differences of a load change nothing.
fn mebibytes(kibibytes: u64) -> u64 {
    kibibytes.div_ceil(1_024).next_multiple_of(32)
}

struct Figures(Value);

impl Figures {
    fn read() -> Self {
        // A test reads all of them.
        Self(serde_yaml_ng::from_str(FIGURES).unwrap_or_default())
    }

    fn of(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(arguments: &str) -> Result<Load, String> {
        let arguments: Vec<_> = arguments.split(' ').map(str::to_owned).collect();
        Load::parse(&arguments)
    }

    fn size(arguments: &str) -> Size {
        load(arguments).unwrap().size()
    }

    #[test]
    fn all_figures_are_there() {
        let figures = Figures::read();
        for name in [
            "read",
            "list",
            "create",
            "told",
            "memory",
            "connection",
            "watch",
            "call",
            "held",
            "busy",
        ] {
            assert!(figures.of(name) > 0, "{name}");
        }
    }

    #[test]
    fn more_load_takes_more_and_never_less() {
        let small = size("--calls-per-second 100");
        let mut last = small.clone();
        for calls in [1_000, 10_000, 100_000, 1_000_000] {
            let next = size(&format!("--calls-per-second {calls}"));
            assert!(next.busy > last.busy, "{next:?}");
            assert!(
                next.replicas * next.cpu > last.replicas * last.cpu || last == small,
                "{next:?}"
            );
            assert!(
                next.cpu <= LARGEST && next.replicas >= last.replicas,
                "{next:?}"
            );
            last = next;
        }
        let busy = size("--calls-per-second 1000 --creates=1000").busy;
        assert!(busy > size("--calls-per-second 1000").busy);
        assert!(size("--calls-per-second 1000 --creates=1000 --watchers 100").busy > busy);
        assert!(size("--calls-per-second 1000 --call-cost 500").busy > busy);
    }

    #[test]
    fn pods_hold_the_clients_of_one_that_is_replaced() {
        let few = size("--calls-per-second 100 --connections 10");
        let many = size("--calls-per-second 100 --connections 20000");
        assert_eq!((few.replicas, many.replicas), (2, 2));
        // 20 KiB each: half of them, and all.
        assert!(many.request >= few.request + 160, "{many:?}");
        assert!(many.limit >= few.limit + 320, "{many:?}");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let file = size("--calls-per-second 500000 --store sqlite");
        assert_eq!((file.replicas, file.pool), (1, 0));
        assert!(
            file.values().contains("# Beware: SQLite is one pod's"),
            "{file:?}"
        );
        let none = size("--calls-per-second 500000 --store none");
        assert_eq!((none.pool, none.warnings.len()), (0, 0), "{none:?}");
        let creates = size("--calls-per-second 9000 --creates 9000");
        assert!(creates.values().contains("partition"), "{creates:?}");
        let connections = size("--calls-per-second 900000");
        assert!(
            connections.values().contains("max_connections"),
            "{connections:?}"
        );
        assert_eq!(
            size("--calls-per-second 100").warnings,
            Vec::<String>::new()
        );
    }

    #[test]
    fn values_are_those_of_the_chart() {
        let values = size("--calls-per-second 2000 --creates 100").values();
        let values: Value = serde_yaml_ng::from_str(&values).unwrap();
        for path in [
            &["autoscaling", "minReplicas"][..],
            &["resources", "requests", "cpu"],
            &["resources", "limits", "memory"],
            &["store", "postgres", "connections"],
        ] {
            let at = path.iter().try_fold(&values, |at, name| at.get(name));
            assert!(at.is_some(), "{path:?}: {values:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, words) in [
            ("--creates 5", "size needs --calls-per-second"),
            (
                "--calls-per-second many",
                "--calls-per-second is a whole number",
            ),
            ("--calls-per-second", "--calls-per-second needs a value"),
            ("--calls-per-second 5 --creates 6", "are among"),
            (
                "--calls-per-second 5 --store mysql",
                "sqlite, postgres or none",
            ),
            ("--calls-per-second 5 --cores 6", "unexpected --cores"),
        ] {
            let error = load(arguments).unwrap_err();
            assert!(error.contains(words), "{arguments}: {error}");
        }
    }
}

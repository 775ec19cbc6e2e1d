//! What a server does to the clients, and what it must then see of them.

use std::time::Duration;

use anyhow::{Context, Result};
use contract::service_config::Timeouts;
use contract::{Code, Contract, Method};

use super::server::{Attempt, Server};

/// How the rpcs begin that every client calls, in this sequence; one that fails
/// for good may end it.
const CALLED: [&str; 3] = ["Create", "Get", "Update"];

/// By how much grpcio sends more than is left.
const ROUNDING: Duration = Duration::from_millis(20);

/// How the server behaves.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Which service config the client loads.
    pub(super) timeouts: Timeouts,
    /// What a failing attempt is answered with.
    code: i32,
    failures: Failures,
}

/// How many attempts of each rpc fail.
#[derive(Clone, Copy)]
enum Failures {
    AllButTheLast,
    All,
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "recovers in time",
        timeouts: Timeouts::Omit,
        code: Code::Unavailable as i32,
        failures: Failures::AllButTheLast,
    },
    Scenario {
        name: "stays down",
        timeouts: Timeouts::Omit,
        code: Code::Unavailable as i32,
        failures: Failures::All,
    },
    Scenario {
        name: "fails for good",
        timeouts: Timeouts::Omit,
        code: Code::Internal as i32,
        failures: Failures::All,
    },
    Scenario {
        name: "recovers, with timeouts",
        timeouts: Timeouts::Include,
        code: Code::Unavailable as i32,
        failures: Failures::AllButTheLast,
    },
];

/// What the server saw of one rpc.
pub(super) struct Report {
    pub(super) rpc: String,
    pub(super) seen: String,
    /// What should have been different.
    pub(super) wrong: Vec<String>,
}

impl Scenario {
    /// Runs one client against a server of its own. `call` is told its address
    /// and how each rpc should end, and returns a line `RPC: CODE` of each.
    pub(super) fn run(
        &self,
        contract: &Contract,
        call: impl FnOnce(&str, &[(String, &str)]) -> Result<String>,
    ) -> Result<Vec<Report>> {
        let service = contract.services.first().context("nothing is offered")?;
        let most = |method: &Method| method.retry.as_ref().map_or(1, |it| it.max_attempts);
        let most_of_all = service.methods.iter().map(most).max().unwrap_or(1);
        let server = Server::start(
            self.code,
            match self.failures {
                Failures::AllButTheLast => most_of_all - 1,
                Failures::All => u32::MAX,
            },
        )?;
        let called: Vec<&Method> = (CALLED.iter())
            .map(|rpc| {
                let mut methods = service.methods.iter();
                let found = methods.find(|it| it.name.starts_with(rpc));
                found.with_context(|| format!("the contract has no {rpc}"))
            })
            .collect::<Result<_>>()?;
        let expected: Vec<_> = (called.iter())
            .map(|method| (method.name.clone(), self.expected(method, most(method)).1))
            .collect();
        let output = call(&server.address(), &expected)?;
        let attempts = server.stop();
        let mut reports = Vec::new();
        for method in called {
            let seen: Vec<_> = attempts
                .iter()
                .filter(|it| it.path == method.path)
                .collect();
            reports.push(self.judge(method, most(method), &seen, &output));
            // Without what it made there is nothing left to call.
            if self.expected(method, most(method)).1 != "OK" {
                break;
            }
        }
        Ok(reports)
    }

    /// Attempts and outcome that the contract promises.
    fn expected(&self, method: &Method, most: u32) -> (u32, &'static str) {
        let retried = method
            .retry
            .as_ref()
            .is_some_and(|it| it.codes.iter().any(|code| code.number() == self.code));
        let attempts = if retried { most } else { 1 };
        match self.failures {
            Failures::AllButTheLast if retried => (attempts, "OK"),
            _ if self.code == Code::Internal.number() => (attempts, "INTERNAL"),
            _ => (attempts, "UNAVAILABLE"),
        }
    }

    fn judge(&self, method: &Method, most: u32, seen: &[&Attempt], output: &str) -> Report {
        let (attempts, outcome) = self.expected(method, most);
        let mut wrong = Vec::new();
        if seen.len() != attempts as usize {
            wrong.push(format!("{} attempts instead of {attempts}", seen.len()));
        }
        let said = output
            .lines()
            .find_map(|it| it.strip_prefix(&format!("{}: ", method.name)))
            .and_then(|it| it.split_whitespace().next())
            .unwrap_or("nothing");
        if said.to_uppercase() != outcome {
            wrong.push(format!("ended with {said} instead of {outcome}: {output}"));
        }
        for (index, attempt) in seen.iter().enumerate() {
            if attempt.body != seen[0].body {
                wrong.push(format!("attempt {} sent another request", index + 1));
            }
            if attempt.previous.unwrap_or(0) as usize != index {
                wrong.push(format!(
                    "attempt {} says that {:?} went before",
                    index + 1,
                    attempt.previous
                ));
            }
        }
        let timeouts: Vec<_> = seen.iter().filter_map(|it| it.timeout).collect();
        if self.timeouts == Timeouts::Include
            && let Some(limit) = method.timeout
        {
            let most = limit + ROUNDING;
            let kept = timeouts.iter().all(|it| *it <= most) && timeouts.len() == seen.len();
            if !kept {
                wrong.push(format!(
                    "deadlines {timeouts:?} instead of at most {limit:?}"
                ));
            }
        }
        let longest = timeouts.iter().max();
        let deadline = longest.map_or_else(String::new, |it| format!(", deadline {it:.0?}"));
        Report {
            rpc: method.name.clone(),
            seen: format!("attempts: {}, {said}{deadline}", seen.len()),
            wrong,
        }
    }
}

//! Calls, all the time, while something is done.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;
use service::proto::acme::order::v1::GetOrderRequest;
use tokio::runtime::Runtime;
use tonic::Code;

use super::kube::wait_until;
use crate::support::callers::{self, Callers, Seen, Shown};

/// Connections: a Service hands each to some pod.
const CONNECTIONS: u64 = 4;
/// Calls per second of each; some creating, some listing.
const RATE: u64 = 12;
/// How long calls go on once it is done.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Callers of one URL.
pub(super) struct Load<'a> {
    runtime: &'a Runtime,
    callers: Vec<Callers>,
}

impl<'a> Load<'a> {
    /// Starts them, once the service is reached; they are answered when this returns.
    pub(super) fn start(runtime: &'a Runtime, url: &str, shown: impl Into<Shown>) -> Result<Self> {
        let shown = shown.into();
        // Until it is, names and routes of what was just installed are still on their way.
        wait_until("the service is reached", || {
            Ok(!is_refused(runtime, url, &shown.tls)?)
        })?;
        let _inside = runtime.enter();
        let callers = (0..CONNECTIONS)
            .map(|_| Callers::start_with("the Service", url, RATE, shown.clone()))
            .collect::<Result<Vec<_>>>()?;
        let load = Self { runtime, callers };
        load.wait_for_answers()?;
        Ok(load)
    }

    /// Waits until each has been answered again.
    pub(super) fn wait_for_answers(&self) -> Result<()> {
        let before: Vec<u64> = self.callers.iter().map(Callers::answered).collect();
        wait_until("callers are answered", || {
            Ok((self.callers.iter().zip(&before)).all(|(it, before)| it.answered() > *before))
        })?;
        Ok(())
    }

    /// Ends, once they have been answered again for a while.
    pub(super) fn stop(self) -> Result<Seen> {
        self.wait_for_answers()?;
        std::thread::sleep(AFTERWARDS);
        let mut seen = Seen::default();
        for callers in self.callers {
            let part = self.runtime.block_on(callers.stop());
            seen.calls += part.calls;
            seen.failed += part.failed;
            seen.outage = seen.outage.max(part.outage);
            seen.created.extend(part.created);
        }
        ensure!(seen.calls > 0, "nobody called");
        Ok(seen)
    }
}

/// Does something under load: what it says, how long it took, what callers saw.
pub(super) fn during<T>(
    runtime: &Runtime,
    url: &str,
    shown: impl Into<Shown>,
    doing: impl FnOnce() -> Result<T>,
) -> Result<(T, Duration, Seen)> {
    let load = Load::start(runtime, url, shown)?;
    let start = Instant::now();
    let done = doing()?;
    let took = start.elapsed();
    Ok((done, took, load.stop()?))
}

/// Fails unless everything that was acknowledged can be read, once the service is reached.
pub(super) fn read_again(
    runtime: &Runtime,
    url: &str,
    tls: &ClientTlsSettings,
    names: &[String],
) -> Result<()> {
    let mut client = {
        let _inside = runtime.enter();
        callers::client(url, tls.clone())?
    };
    let mut gone = Vec::new();
    for name in names {
        let mut found = Ok(());
        wait_until("the service is reached", || {
            let request = GetOrderRequest { name: name.clone() };
            found = runtime.block_on(client.get_order(request)).map(drop);
            Ok(!matches!(&found, Err(status) if status.code() == Code::Unavailable))
        })?;
        match found {
            Ok(()) => {}
            Err(status) if status.code() == Code::NotFound => gone.push(name),
            Err(status) => anyhow::bail!("{name}: {status}"),
        }
    }
    ensure!(
        gone.is_empty(),
        "{} of {} acknowledged orders are lost, such as {}",
        gone.len(),
        names.len(),
        gone[0]
    );
    Ok(())
}

/// Whether callers of another kind are turned away.
pub(super) fn is_refused(runtime: &Runtime, url: &str, tls: &ClientTlsSettings) -> Result<bool> {
    let mut client = {
        let _inside = runtime.enter();
        callers::client(url, tls.clone())?
    };
    let request = GetOrderRequest {
        name: "orders/none".to_owned(),
    };
    let answered = runtime.block_on(client.get_order(request));
    Ok(answered.is_err_and(|status| status.code() == Code::Unavailable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_how_much_is_called() {
        let page = std::fs::read_to_string(xtask::tree::root().join("docs/cluster.md")).unwrap();
        let said = format!("Four connections make {RATE} calls a second each");
        assert!(page.contains(&said), "{said}");
        assert_eq!(CONNECTIONS, 4);
    }
}

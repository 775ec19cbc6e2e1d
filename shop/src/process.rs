//! A service that runs.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long one may take until it accepts connections.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where each service listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) order: u16,
    pub(crate) inventory: u16,
    pub(crate) payment: u16,
    pub(crate) gateway: u16,
}

impl Ports {
    /// Those of `cargo shop`.
    pub(crate) const USUAL: Self = Self {
        order: 50051,
        inventory: 50052,
        payment: 50053,
        gateway: 8080,
    };

    /// Some that were free a moment ago.
    pub(crate) fn free() -> Result<Self> {
        // All are held until the last is known, so that none comes twice.
        let held: Vec<_> = (0..4)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<Result<_, _>>()?;
        let port = |at: usize| anyhow::Ok(held[at].local_addr()?.port());
        Ok(Self {
            order: port(0)?,
            inventory: port(1)?,
            payment: port(2)?,
            gateway: port(3)?,
        })
    }
}

/// How to start one, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) binary: PathBuf,
    /// What it writes goes there.
    pub(crate) log: PathBuf,
}

/// One that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) plan: Plan,
    child: Child,
}

impl Plan {
    /// Starts it; it may not listen yet.
    pub(crate) fn start(&self) -> Result<Process> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let child = Command::new(&self.binary)
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--admin-listen", "127.0.0.1:0", "--log-format", "json"])
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // Ctrl-C is for the shop, which drains one after the other: a service that
            // is asked twice does not drain.
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(File::try_clone(&log)?)
            .stdout(log)
            .spawn()
            .with_context(|| format!("{} does not start", self.name))?;
        Ok(Process {
            plan: self.clone(),
            child,
        })
    }
}

impl Process {
    /// Waits until it accepts connections.
    pub(crate) fn listens(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.plan.port));
        while std::net::TcpStream::connect(address).is_err() {
            let (name, log) = (self.plan.name, self.plan.log.display());
            if let Some(ended) = self.child.try_wait()? {
                let why = last_line(&self.plan.log);
                bail!("{name} ended at its start with {ended}: {why}; its log is {log}");
            }
            if Instant::now() > until {
                bail!("{name} accepts no connection; its log is {log}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) -> Result<Plan> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.plan.clone())
    }

    /// By which the system knows it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it `signal`.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Asks it to drain.
    pub(crate) fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}

//{% capture source %}§{% raw %}
//! A real PostgreSQL server of one's own, and databases in it. It ends with the
//! program that started it, in whatever way that ends.
#![allow(dead_code, reason = "each of its users needs a part")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Does what it reads, and ends the server and removes its folder when nobody
/// can tell it anything any more. The server refuses to run as root.
const SUPERVISOR: &str = include_str!("postgres.sh");

/// One server; the user `test` may do everything.
pub(crate) struct Server {
    pub(crate) port: u16,
    bin: PathBuf,
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    supervisor: Child,
}

impl Server {
    /// Starts one with its data below `base`, or `None` after saying loudly what
    /// is skipped without. With `CI=true` nothing is skipped. `synced` is false
    /// where no loss of power is to be survived.
    pub(crate) fn start(what: &str, base: &Path, synced: bool) -> io::Result<Option<Self>> {
        let Some(bin) = programs() else {
            crate::skip::skip(
                what,
                "PostgreSQL is not installed (Debian's package is postgresql)",
            )?;
            return Ok(None);
        };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "postgres"])
            .args([&bin, base])
            .arg(port.to_string())
            .arg(if synced { "on" } else { "off" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = supervisor.stdin.take().zip(supervisor.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::other("no pipes"))?;
        let server = Self {
            port,
            bin,
            pipes: Mutex::new(Some((stdin, BufReader::new(stdout)))),
            supervisor,
        };
        server.begin()?;
        Ok(Some(server))
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`].
    pub(crate) fn begin(&self) -> io::Result<()> {
        self.tell("start")
    }

    /// Ends it in an orderly way, without waiting for clients.
    pub(crate) fn stop(&self) -> io::Result<()> {
        self.tell("stop")
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&self) -> io::Result<()> {
        self.tell("kill")
    }

    /// From its next start on it talks TLS and nothing else.
    pub(crate) fn use_tls(&self, chain: &str, key: &str) -> io::Result<()> {
        self.tell(&format!("tls {chain} {key}"))
    }

    /// Makes an empty database; returns its URL.
    pub(crate) fn database(&self) -> io::Result<String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(self.bin.join("createdb"))
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "test",
                "-p",
                &self.port.to_string(),
            ])
            .args(["-T", "template0", &name])
            .status()?;
        if !made.success() {
            return Err(io::Error::other("the database was not made"));
        }
        Ok(format!(
            "postgres://test:hunter2@127.0.0.1:{}/{name}",
            self.port
        ))
    }

    fn tell(&self, word: &str) -> io::Result<()> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = || io::Error::other("its supervisor has ended");
        let (stdin, stdout) = pipes.as_mut().ok_or_else(ended)?;
        writeln!(stdin, "{word}")?;
        let mut done = String::new();
        stdout.read_line(&mut done)?;
        if Some(done.trim_end()) != word.split(' ').next() {
            return Err(io::Error::other(format!("PostgreSQL does not {word}")));
        }
        Ok(())
    }
}

/// Waits for its end. A static one ends with the program instead.
impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the last word.
        drop(self.pipes.get_mut().map(Option::take));
        let _ = self.supervisor.wait();
    }
}

/// The URL of an empty database in the one server of this program, or `None`
/// where there is none.
pub(crate) fn database(what: &str) -> io::Result<Option<String>> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if SERVER.get().is_none() {
        let server = Server::start(what, &std::env::temp_dir(), false)?;
        let _ = SERVER.set(server);
    }
    drop(starting);
    match SERVER.get() {
        Some(Some(server)) => server.database().map(Some),
        _ => Ok(None),
    }
}

/// The folder of the server's programs, which Debian keeps off the PATH.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known: Vec<PathBuf> = debian.chain(std::env::split_paths(&path)).collect();
    known.into_iter().find(|folder| {
        ["postgres", "initdb", "createdb", "pg_isready"]
            .iter()
            .all(|program| folder.join(program).is_file())
    })
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

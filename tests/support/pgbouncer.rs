//{% capture source %}§{% raw %}
//! A real `PgBouncer` of one's own that lends sessions for one transaction each. It ends
//! with the program that started it, in whatever way that ends.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Keeps it while it can read, and then ends it. It refuses to run as root.
const SUPERVISOR: &str = include_str!("pgbouncer.sh");

/// The same database as at `url`, through a pooler; or `None` after saying loudly what is
/// skipped without. With `CI=true` nothing is skipped. There is one for the program, and
/// for one server.
pub(crate) fn before(url: &str, what: &str) -> io::Result<Option<String>> {
    static POOLER: Mutex<Option<(u16, Child)>> = Mutex::new(None);
    let Some(program) = program() else {
        crate::skip::skip(
            what,
            "PgBouncer is not installed (Debian's package is pgbouncer)",
        )?;
        return Ok(None);
    };
    let server = (url
        .rsplit_once(':')
        .and_then(|(_, rest)| rest.split_once('/')))
    .map(|(port, _)| port)
    .ok_or_else(|| io::Error::other("the URL has no port"))?;
    let mut pooler = POOLER.lock().map_err(|_| io::Error::other("no pooler"))?;
    let port = match pooler.as_ref() {
        Some((port, _)) => *port,
        None => pooler.insert(start(&program, server)?).0,
    };
    Ok(Some(
        url.replace(&format!(":{server}/"), &format!(":{port}/")),
    ))
}

fn start(program: &Path, server: &str) -> io::Result<(u16, Child)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let mut supervisor = Command::new("sh")
        .args(["-c", SUPERVISOR, "pgbouncer"])
        .args([program, &std::env::temp_dir()])
        .args([server, &port.to_string()])
        .stdin(Stdio::piped())
        .spawn()?;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if supervisor.try_wait()?.is_some() {
            return Err(io::Error::other("PgBouncer does not start"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok((port, supervisor))
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

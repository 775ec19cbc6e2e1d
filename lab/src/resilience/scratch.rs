//! The binary as the image has it: built like there, alone in a read-only root
//! with one folder to write to, as a user who owns nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::support::ports::free_ports;

use xtask::generate::{project, stage};
use xtask::tree;

/// As in the Dockerfile.
const NOBODY: &str = "65532:65532";
/// What the server may take to serve, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Proves it.
pub(crate) fn run() -> Result<()> {
    let binary = build()?;
    println!("static, {:.1} MB", as_megabytes(size_of_static(&binary)?));

    let root = tree::target().join("scratch");
    let data = root.join("data");
    stage::remove(&root)?;
    fs::create_dir_all(&data)?;
    fs::copy(&binary, root.join("server"))?;
    let [grpc, admin] = free_ports()?;

    let script = root_script(&root);
    let start = Instant::now();
    let mut server = in_root(&script, grpc, admin, &[]).spawn().context("sh")?;
    let healthy = wait_until_healthy(&script, grpc, admin, &mut server);
    let up = start.elapsed();
    let written = data_written(&server, &root);
    // SIGTERM, as a kubelet sends it.
    let ended = end(&mut server);
    healthy?;
    written?;
    ended?;
    println!(
        "healthy after {} ms, by its own healthcheck; stopped with exit code 0",
        up.as_millis()
    );
    println!("as {NOBODY}, root read-only and otherwise empty, /data writable");
    Ok(())
}

/// Builds with the flags of the Dockerfile.
pub(crate) fn build() -> Result<PathBuf> {
    let flags = tree::in_dockerfile("ENV RUSTFLAGS='")?;
    let features = tree::features()?;
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()?;
    let host = String::from_utf8(host.stdout)?.trim().to_owned();
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--bin", "server", "--target", &host])
        .args(["--features", &features])
        .current_dir(tree::root())
        .env("RUSTFLAGS", flags.trim_end_matches('\''));
    ensure!(cargo.status()?.success(), "the build failed");
    Ok(tree::target().join(host).join("release/server"))
}

/// How many bytes it has; fails if it asks for a dynamic loader.
pub(crate) fn size_of_static(binary: &Path) -> Result<usize> {
    let bytes = fs::read(binary).with_context(|| format!("{}", binary.display()))?;
    ensure!(
        !wants_loader(&bytes),
        "{} is not static: it asks for a loader; build it as the Dockerfile does",
        binary.display()
    );
    Ok(bytes.len())
}

/// Runs its arguments in `root`, in a mount namespace of its own where `root`
/// is read-only except for a new, empty `/data`.
fn root_script(root: &Path) -> String {
    let root = root.display();
    format!(
        "mount --bind {root} {root} && mount -t tmpfs -o mode=0700,uid=65532,gid=65532 tmpfs {root}/data \
         && mount -o remount,bind,ro {root} && exec chroot --userspec={NOBODY} {root} /server \"$@\""
    )
}

fn in_root(script: &str, grpc: u16, admin: u16, args: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script, "sh"])
        .args(args)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("STORE", "sqlite:/data/store.db")
        .env("LISTEN_ADDR", format!("127.0.0.1:{grpc}"))
        .env("ADMIN_LISTEN_ADDR", format!("127.0.0.1:{admin}"));
    command
}

fn wait_until_healthy(script: &str, grpc: u16, admin: u16, server: &mut Child) -> Result<()> {
    let start = Instant::now();
    loop {
        let mut check = in_root(script, grpc, admin, &["healthcheck"]);
        let last = match project::run(&mut check) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if let Some(status) = server.try_wait()? {
            bail!("the server ended with {status} (needed: root, unshare, chroot)");
        }
        if start.elapsed() > PATIENCE {
            return Err(last);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// What the running process sees: its user, its mounts, its store.
fn data_written(server: &Child, root: &Path) -> Result<()> {
    let process = PathBuf::from(format!("/proc/{}", server.id()));
    let status = fs::read_to_string(process.join("status"))?;
    ensure!(
        status.contains("\nUid:\t65532\t65532\t65532\t65532\n"),
        "it is not nobody"
    );
    let mounts = fs::read_to_string(process.join("mounts"))?;
    ensure!(
        mounts
            .lines()
            .any(|line| line.split(' ').nth(1) == Some("/")
                && line
                    .split(' ')
                    .nth(3)
                    .is_some_and(|flags| flags.split(',').any(|flag| flag == "ro")))
            || mounts.contains(&format!("{} ", root.display())),
        "its root is not read-only: {mounts}"
    );
    let store = process.join("root/data/store.db");
    ensure!(fs::metadata(store)?.len() > 0, "it has written no store");
    let mut names: Vec<_> = fs::read_dir(process.join("root"))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    ensure!(
        names == ["data", "server"],
        "its root is not empty: {names:?}"
    );
    Ok(())
}

fn end(server: &mut Child) -> Result<()> {
    project::run(Command::new("kill").args(["-TERM", &server.id().to_string()]))?;
    let status = server.wait()?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// Whether an ELF file names a dynamic loader (a program header `PT_INTERP`).
fn wants_loader(elf: &[u8]) -> bool {
    const PT_INTERP: u32 = 3;
    let number = |at: usize, length: usize| {
        elf.get(at..at + length).map_or(0, |bytes| {
            bytes
                .iter()
                .rev()
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        })
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).any(|index| {
        usize::try_from(table + index * size).is_ok_and(|at| number(at, 4) == u64::from(PT_INTERP))
    })
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn as_megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

//! What a node takes for its own machine: mounts, a network and processes that
//! nobody else sees, and that are gone with the first process in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::node::HOST;
use crate::chart::command::{attempt, succeed};

/// Settings of the kernel that a kubelet insists on, and which hold for the whole
/// machine. Files take their place.
const KERNEL: [(&str, &str); 3] = [
    ("vm/overcommit_memory", "1"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
];

/// Folders in which containerd, the kubelet and its network plugins write to fixed places.
const OVERLAID: [&str; 2] = ["var", "opt"];

/// Why there can be none here.
pub(super) fn missing() -> Option<String> {
    let mut unshare = unshare();
    match attempt(unshare.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"])) {
        Ok((true, _)) => None,
        Ok((false, said)) => Some(format!(
            "no mount, network and pid namespaces can be made here ({}): run it as root",
            said.lines().next().unwrap_or("unshare fails")
        )),
        Err(_) => Some("unshare is missing: install util-linux".to_owned()),
    }
}

/// Runs its further arguments in namespaces of their own.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--net", "--pid", "--fork", "--mount-proc"])
        // It ignores SIGTERM itself.
        .arg("--kill-child=SIGKILL")
        .args(["--propagation", "private"]);
    command
}

/// The same, below a first process that waits for those which nobody waits for.
pub(super) fn enter(program: &Path, args: &[&std::ffi::OsStr]) -> Command {
    let mut command = unshare();
    command.args(["sh", "-c", "\"$0\" \"$@\"; exit $?"]);
    command.arg(program).args(args);
    command
}

/// Makes the inside of the namespaces a node's, with `folder` for its files.
pub(super) fn furnish(folder: &Path) -> Result<()> {
    ensure!(
        std::process::id() < 100,
        "--inside is for the process that this command itself starts"
    );
    mount(&["-t", "tmpfs", "tmpfs", "/run"])?;
    for name in OVERLAID {
        let [upper, work] = ["upper", "work"].map(|kind| folder.join(format!("{name}-{kind}")));
        fs::create_dir_all(&upper)?;
        fs::create_dir_all(&work)?;
        let options = format!(
            "lowerdir=/{name},upperdir={},workdir={}",
            upper.display(),
            work.display()
        );
        mount(&[
            "-t",
            "overlay",
            "overlay",
            "-o",
            &options,
            &format!("/{name}"),
        ])?;
    }
    mount(&["--make-rshared", "/"])?;
    for (setting, value) in KERNEL {
        let file = folder.join(setting.replace('/', "-"));
        fs::write(&file, value)?;
        let place = format!("/proc/sys/{setting}");
        mount(&["--bind", &file.display().to_string(), &place])?;
    }
    network(folder)
}

/// A bridge whose own address is the node's, and names as a pod sees them.
fn network(folder: &Path) -> Result<()> {
    let names = folder.join("resolv.conf");
    fs::write(
        &names,
        format!("nameserver {HOST}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n"),
    )?;
    let place = Path::new("/etc/resolv.conf");
    mount(&[
        "--bind",
        &names.display().to_string(),
        &place.display().to_string(),
    ])?;
    let address = format!("{HOST}/16");
    for args in [
        &["link", "set", "lo", "up"][..],
        &["link", "add", "cni0", "type", "bridge"],
        &["address", "add", &address, "dev", "cni0"],
        &["link", "set", "cni0", "up"],
        // Without one, Services could not be reached from here.
        &["route", "add", "default", "dev", "cni0"],
    ] {
        succeed(Command::new("ip").args(args))?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("cannot forward")?;
    // Only where bridges are filtered at all.
    let _ = fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
    Ok(())
}

fn mount(args: &[&str]) -> Result<()> {
    succeed(Command::new("mount").args(args))?;
    Ok(())
}

/// The cgroups of pods that outlive their node, because cgroups know no such
/// namespace. Those that were there before are somebody else's.
pub(super) struct Cgroups(Vec<PathBuf>);

impl Cgroups {
    /// Notes what is there; fails if pods run in it, which the node's kubelet would end
    /// because it does not know them.
    pub(super) fn before() -> Result<Self> {
        let found = pods(Path::new("/sys/fs/cgroup"));
        let used = found.iter().find(|folder| {
            fs::read(folder.join("cgroup.procs")).is_ok_and(|processes| !processes.is_empty())
        });
        if let Some(used) = used {
            bail!(
                "a kubelet has pods on this machine already ({}): run this elsewhere, or once \
                 they are gone",
                used.display()
            );
        }
        Ok(Self(found))
    }

    /// Removes what has come since, the innermost first.
    pub(super) fn remove(&self) {
        for folder in pods(Path::new("/sys/fs/cgroup")).iter().rev() {
            if !self.0.contains(folder) {
                // One that is still in use stays.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Folders of pods below one, each before those in it.
fn pods(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir())) {
        let path = entry.path();
        if path.display().to_string().contains("kubepods") {
            found.push(path.clone());
        }
        found.extend(pods(&path));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn cgroups_of_pods_are_found_from_the_outside_in() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("cpu/kubepods/burstable/pod1");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir_all(folder.path().join("cpu/user")).unwrap();
        symlink(folder.path(), folder.path().join("again")).unwrap();
        let found = pods(folder.path());
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("kubepods"), "{found:?}");
        assert_eq!(found[2], inner);
    }
}

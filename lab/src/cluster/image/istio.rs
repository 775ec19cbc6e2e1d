//! Images of Istio: its control plane, and the sidecar around an Envoy that was not
//! built for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::archive;
use crate::chart::command::stdout;
use crate::chart::tools::Tools;
use xtask::tools;

/// Where its images are from, and their version: `global.hub` and `global.tag`.
pub(in crate::cluster) const HUB: &str = "node.invalid";
pub(in crate::cluster) const TAG: &str = "lab";

/// Names of the archives.
pub(super) const ARCHIVES: [&str; 2] = ["istiod.tar", "sidecar.tar"];

/// The program that redirects a pod's connections, and the names it is called by.
const TABLES: &str = "/usr/sbin/xtables-nft-multi";
const TABLES_AS: [&str; 12] = [
    "iptables",
    "iptables-save",
    "iptables-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
    "iptables-nft",
    "iptables-nft-save",
    "iptables-nft-restore",
    "ip6tables-nft",
    "ip6tables-nft-save",
    "ip6tables-nft-restore",
];
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Makes both.
pub(in crate::cluster) fn make(tools: &Tools, folder: &Path) -> Result<()> {
    let root = folder.join("istiod");
    put(
        &root,
        &tools.program("pilot-discovery"),
        "/usr/local/bin/pilot-discovery",
    )?;
    put(&root, Path::new(AUTHORITIES), AUTHORITIES)?;
    fs::create_dir_all(root.join("tmp"))?;
    let config = json!({
        "Entrypoint": ["/usr/local/bin/pilot-discovery"],
        "User": "1337:1337",
        "Env": ["PATH=/usr/local/bin"],
    });
    open(&root.join("tmp"))?;
    archive(&root, &format!("{HUB}/pilot:{TAG}"), &config)?;

    let root = folder.join("sidecar");
    let envoy = file_of(&tools::ensure("envoy")?)?;
    put(
        &root,
        &tools.program("pilot-agent"),
        "/usr/local/bin/pilot-agent",
    )?;
    put(&root, &envoy, "/usr/local/bin/envoy")?;
    let bootstrap = tools.pinned("istio", "istio.io/istio")?;
    put(
        &root,
        &bootstrap.join("tools/packaging/common/envoy_bootstrap.json"),
        "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json",
    )?;
    put(&root, Path::new(AUTHORITIES), AUTHORITIES)?;
    for program in [TABLES, "/sbin/ip"] {
        put(&root, Path::new(program), program)?;
    }
    for library in libraries(&[&envoy, Path::new(TABLES), Path::new("/sbin/ip")])? {
        put(&root, &library, &library.display().to_string())?;
    }
    let extensions = format!("/usr/lib/{}-linux-gnu/xtables", std::env::consts::ARCH);
    for extension in fs::read_dir(&extensions).context(extensions)? {
        let extension = extension?.path();
        put(&root, &extension, &extension.display().to_string())?;
    }
    for name in TABLES_AS {
        symlink("xtables-nft-multi", root.join("usr/sbin").join(name))?;
    }
    fs::create_dir_all(root.join("tmp"))?;
    open(&root.join("tmp"))?;
    let config = json!({
        "Entrypoint": ["/usr/local/bin/pilot-agent"],
        "Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    });
    archive(&root, &format!("{HUB}/proxyv2:{TAG}"), &config)
}

/// The file of a program that may be known by its name alone.
fn file_of(program: &Path) -> Result<PathBuf> {
    let folders = std::env::split_paths(&tools::path()).collect::<Vec<_>>();
    let found = folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .with_context(|| format!("{} is in no folder of PATH", program.display()))?;
    Ok(fs::canonicalize(found)?)
}

/// Copies a file to where an image has it.
fn put(root: &Path, file: &Path, place: &str) -> Result<()> {
    let place = root.join(place.trim_start_matches('/'));
    fs::create_dir_all(place.parent().context("it is in a folder")?)?;
    fs::copy(file, place).with_context(|| format!("{}", file.display()))?;
    Ok(())
}

/// Lets everyone write into a folder.
fn open(folder: &Path) -> Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    Ok(fs::set_permissions(folder, mode)?)
}

/// What programs load when they start, the loader included.
fn libraries(programs: &[&Path]) -> Result<Vec<PathBuf>> {
    let said = stdout(Command::new("ldd").args(programs))?;
    let mut found: Vec<PathBuf> = said
        .split_whitespace()
        .filter(|word| word.starts_with("/lib") && !word.ends_with(':'))
        .map(PathBuf::from)
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
}

//! What `cargo lab install` and `cargo lab cluster` start alike: an API server on
//! etcd, and how it is reached.

mod processes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::chart::command::succeed;
use crate::chart::tools::Tools;

pub(crate) use processes::Processes;

/// Who may do everything.
pub(crate) const ADMIN: User = User {
    name: "admin",
    group: "system:masters",
};

/// Somebody whom the API server knows by a token, which is the name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
}

/// Where the API server and its store listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) host: &'static str,
    pub(crate) port: u16,
    /// Of etcd, on the loopback: for clients and for its peers.
    pub(crate) etcd: [u16; 2],
}

/// Writes what the API server reads (keys, tokens of `users`), and
/// the admin's `kubeconfig`, into `folder`.
pub(crate) fn write_files(
    tools: &Tools,
    folder: &Path,
    address: Address,
    users: &[User],
) -> Result<()> {
    fs::write(folder.join("key.pem"), private_key(tools, folder)?)?;
    let line = |user: &User| format!("{0},{0},{0},{1}", user.name, user.group);
    let tokens: Vec<String> = users.iter().map(line).collect();
    let tokens = tokens.join("\n");
    fs::write(folder.join("tokens.csv"), tokens)?;
    for user in users {
        let config = kubeconfig(folder, address, user.name).to_string();
        fs::write(kubeconfig_of(folder, user.name), config)?;
    }
    Ok(())
}

/// The file that says where the cluster is, for one user.
pub(crate) fn kubeconfig_of(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{}.kubeconfig", user.replace(':', "-")))
}

/// Arguments of etcd.
pub(crate) fn etcd(folder: &Path, address: Address) -> Vec<String> {
    let [client, peer] = address.etcd;
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls=http://127.0.0.1:{client}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-cluster=default=http://127.0.0.1:{peer}"),
        // Nothing here outlives the machine.
        "--unsafe-no-fsync".into(),
    ]
}

/// Arguments of the API server, less how it authorizes and what addresses Services have.
pub(crate) fn api_server(folder: &Path, address: Address) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", address.etcd[0]),
        format!("--bind-address={}", address.host),
        format!("--advertise-address={}", address.host),
        format!("--secure-port={}", address.port),
        format!("--cert-dir={}", file("certificates")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", file("key.pem")),
        format!("--service-account-signing-key-file={}", file("key.pem")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--anonymous-auth=false".into(),
    ]
}

/// `helm` or `kubectl` for one cluster, with its own files in `folder`.
pub(crate) fn client(tools: &Tools, folder: &Path, program: &str, user: &str) -> Command {
    let mut command = tools.tool(program);
    command.env("KUBECONFIG", kubeconfig_of(folder, user));
    for kind in ["CACHE", "CONFIG", "DATA"] {
        let own = folder.join(kind.to_lowercase());
        command.env(format!("HELM_{kind}_HOME"), own);
    }
    if program == "kubectl" {
        command.arg("--cache-dir").arg(folder.join("cache"));
    }
    command
}

fn kubeconfig(folder: &Path, address: Address, user: &str) -> Value {
    let certificate = folder.join("certificates/apiserver.crt");
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proof",
        "contexts": [{"name": "proof", "context": {"cluster": "proof", "user": user}}],
        "clusters": [{"name": "proof", "cluster": {
            "server": format!("https://{}:{}", address.host, address.port),
            "certificate-authority": certificate,
        }}],
        "users": [{"name": user, "user": {"token": user}}],
    })
}

/// For the tokens of service accounts. Helm can make one, so nothing else must.
fn private_key(tools: &Tools, folder: &Path) -> Result<String> {
    let chart = folder.join("key");
    fs::create_dir_all(chart.join("templates"))?;
    fs::write(
        chart.join("Chart.yaml"),
        "{apiVersion: v2, name: key, version: 0.1.0}",
    )?;
    fs::write(
        chart.join("templates/key.yaml"),
        "key: {{ genPrivateKey \"ecdsa\" | toJson }}",
    )?;
    let said = succeed(tools.tool("helm").args(["template", "key"]).arg(&chart))?;
    let key: Value = serde_yaml_ng::from_str(said.trim_start_matches("---"))?;
    let key = key["key"].as_str().context("helm made no key")?;
    Ok(key.to_owned())
}

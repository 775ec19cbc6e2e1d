//! Images of one layer, made of files without a builder.

pub(super) mod istio;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::chart::command::{stdout, succeed};
use crate::chart::tools::Tools;

/// The image that holds a pod's namespaces.
pub(super) const PAUSE: &str = "node.invalid/pause:1";

/// Archives of what runs on the node: `pause`, and the service as `helm install` asks
/// for it by default.
pub(super) fn make(tools: &Tools, server: &Path, folder: &Path) -> Result<()> {
    let root = folder.join("pause");
    fs::create_dir_all(&root)?;
    fs::copy(tools.program("pause"), root.join("pause"))?;
    archive(&root, PAUSE, &json!({"Entrypoint": ["/pause"]}))?;
    let root = folder.join("service");
    let config = stage::lay_out(server, &root)?;
    archive(&root, &service_name(tools)?, &config)
}

/// Where [`make`] has put them.
pub(super) fn made(folder: &Path) -> Vec<PathBuf> {
    let all = ["pause.tar", "service.tar"]
        .into_iter()
        .chain(istio::ARCHIVES);
    all.map(|name| folder.join(name))
        .filter(|archive| archive.exists())
        .collect()
}

/// What the chart's Deployment names with defaults.
fn service_name(tools: &Tools) -> Result<String> {
    let chart = xtask::tree::root().join("helm");
    let template = ["--show-only", "templates/workload/deployment.yaml"];
    let mut helm = tools.tool("helm");
    helm.args(["template", "shop"]).arg(chart).args(template);
    let text = stdout(&mut helm)?;
    let deployment: Value = serde_yaml_ng::from_str(text.trim_start_matches("---\n"))?;
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    Ok(image
        .as_str()
        .context("the Deployment names no image")?
        .to_owned())
}

/// Packs what is in `root` as an image of this name, as `docker save` does.
fn archive(root: &Path, name: &str, config: &Value) -> Result<()> {
    let folder = root.with_extension("image");
    fs::create_dir_all(&folder)?;
    tar(root, &folder.join("layer.tar"))?;
    let layer = digest(&fs::read(folder.join("layer.tar"))?);
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
    })
    .to_string();
    let file = format!("{}.json", digest(config.as_bytes()));
    fs::write(folder.join(&file), config)?;
    let manifest = json!([{"Config": file, "RepoTags": [name], "Layers": ["layer.tar"]}]);
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    tar(&folder, &root.with_extension("tar"))
}

fn tar(folder: &Path, into: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--file"]);
    tar.arg(into).arg("--directory").arg(folder);
    let names = fs::read_dir(folder)?;
    for name in names {
        tar.arg(name?.file_name());
    }
    succeed(&mut tar)?;
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// As images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

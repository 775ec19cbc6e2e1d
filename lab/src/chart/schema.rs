//! JSON schemas for kubeconform, closed: Kubernetes' own from its `OpenAPI`,
//! the others from their `CustomResourceDefinition`s.

mod core;
mod crd;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Place;
use super::document::{self, text};
use super::tools::Tools;

/// Linkerd ignores a route with any field that came later.
const GATEWAY_LINKERD: &str = "sigs.k8s.io/gateway-api@v1.2.1";
const GATEWAY: &str = "sigs.k8s.io/gateway-api@v1.6.1";
pub(super) const FLAGGER: &str = "github.com/fluxcd/flagger@v1.36.1";
const PROMETHEUS: &str = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
const KEDA: &str = "github.com/kedacore/keda/v2@v2.21.0";
const CERT_MANAGER: &str = "github.com/cert-manager/cert-manager@v1.21.2";
/// Its module cannot be had from the proxy: these are written by hand.
const LINKERD: &str = include_str!("schema/linkerd.yaml");

/// Folders of schemas.
#[derive(Debug)]
pub(super) struct Schemas {
    root: PathBuf,
}

impl Schemas {
    /// Where kubeconform looks for this provider, first to last.
    pub(super) fn locations(&self, provider: &str) -> Vec<String> {
        let gateway = if provider == "linkerd" {
            "gateway-linkerd"
        } else {
            "gateway"
        };
        ["common", gateway]
            .iter()
            .map(|set| {
                format!(
                    "{}/{set}/{{{{.Group}}}}_{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
                    self.root.display()
                )
            })
            .collect()
    }
}

/// Sets of definitions; Linkerd sees another Gateway API than the rest.
const SETS: [&str; 3] = ["common", "gateway", "gateway-linkerd"];

/// Writes all schemas, once for each set of versions.
pub(super) fn prepare(place: &Place, tools: &Tools) -> Result<Schemas> {
    let root = place.target.join("chart-schemas");
    let kubernetes = tools.version("kubernetes", "k8s.io/kubernetes")?;
    let istio = tools.version("istio", "istio.io/istio")?;
    let pins = format!(
        "{kubernetes} {istio} {GATEWAY_LINKERD} {GATEWAY} {FLAGGER} {PROMETHEUS} {KEDA} {CERT_MANAGER} {LINKERD}"
    );
    let stamp = root.join("stamp");
    let schemas = Schemas { root: root.clone() };
    if fs::read_to_string(&stamp).is_ok_and(|written| written == pins) {
        return Ok(schemas);
    }
    let _ = fs::remove_dir_all(&root);
    for set in SETS {
        let folder = root.join(set);
        fs::create_dir_all(&folder)?;
        crd::write(&definitions(tools, set)?, &folder)?;
    }
    let kubernetes = tools.pinned("kubernetes", "k8s.io/kubernetes")?;
    let swagger = read(&kubernetes.join("api/openapi-spec/swagger.json"))?;
    core::write(&swagger, &root.join("common"))?;
    fs::write(stamp, pins)?;
    Ok(schemas)
}

/// The `CustomResourceDefinition`s of one set, from the components' modules.
pub(super) fn definitions(tools: &Tools, set: &str) -> Result<Vec<Value>> {
    let paths = match set {
        "gateway" => vec![Tools::module(GATEWAY)?.join("config/crd/standard")],
        "gateway-linkerd" => vec![Tools::module(GATEWAY_LINKERD)?.join("config/crd/standard")],
        _ => vec![
            tools
                .pinned("istio", "istio.io/istio")?
                .join("manifests/charts/base/files/crd-all.gen.yaml"),
            Tools::module(FLAGGER)?.join("artifacts/flagger/crd.yaml"),
            Tools::module(PROMETHEUS)?.join("example/prometheus-operator-crd"),
            Tools::module(KEDA)?.join("config/crd/bases"),
            Tools::module(CERT_MANAGER)?.join("deploy/crds"),
        ],
    };
    let mut found = Vec::new();
    for file in paths
        .iter()
        .map(|path| files(path))
        .collect::<Result<Vec<_>>>()?
        .concat()
    {
        let objects = document::parse(&read(&file)?).with_context(|| file.display().to_string())?;
        found.extend(objects);
    }
    if set == "common" {
        found.extend(document::parse(LINKERD)?);
    }
    found.retain(|object| text(object, "/kind") == "CustomResourceDefinition");
    Ok(found)
}

/// The file itself, or a folder's files.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = fs::read_dir(path)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(|| path.display().to_string())?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect::<Vec<_>>();
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// As kubeconform's template names it; `group` is the version in the core group.
fn save(into: &Path, group: &str, kind: &str, version: &str, schema: &Value) -> Result<()> {
    let name = format!("{group}_{}_{version}.json", kind.to_lowercase());
    fs::write(into.join(name), serde_json::to_string(schema)?)?;
    Ok(())
}

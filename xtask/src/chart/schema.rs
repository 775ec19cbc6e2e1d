//! JSON schemas for kubeconform, closed: Kubernetes' own from its `OpenAPI`,
//! the others from their `CustomResourceDefinition`s.

mod core;
mod crd;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Place;
use super::document;
use super::tools::Tools;

const KUBERNETES: &str = "k8s.io/kubernetes@v1.35.4";
/// Linkerd ignores a route with any field that came later.
const GATEWAY_LINKERD: &str = "sigs.k8s.io/gateway-api@v1.2.1";
const GATEWAY: &str = "sigs.k8s.io/gateway-api@v1.6.1";
const FLAGGER: &str = "github.com/fluxcd/flagger@v1.36.1";
const PROMETHEUS: &str = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
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

/// Writes all schemas, once for each set of versions.
pub(super) fn prepare(place: &Place, tools: &Tools) -> Result<Schemas> {
    let istio = tools.pinned("istio", "istio.io/istio")?;
    let root = place.target.join("chart-schemas");
    let pins = format!(
        "{KUBERNETES} {GATEWAY_LINKERD} {GATEWAY} {FLAGGER} {PROMETHEUS} {CERT_MANAGER} {} {LINKERD}",
        istio.display()
    );
    let stamp = root.join("stamp");
    let schemas = Schemas { root: root.clone() };
    if fs::read_to_string(&stamp).is_ok_and(|written| written == pins) {
        return Ok(schemas);
    }
    let _ = fs::remove_dir_all(&root);
    for set in ["common", "gateway", "gateway-linkerd"] {
        fs::create_dir_all(root.join(set))?;
    }
    let swagger = Tools::module(KUBERNETES)?.join("api/openapi-spec/swagger.json");
    core::write(&read(&swagger)?, &root.join("common"))?;
    crds(
        &istio.join("manifests/charts/base/files/crd-all.gen.yaml"),
        &root.join("common"),
    )?;
    for (module, path) in [
        (FLAGGER, "artifacts/flagger"),
        (PROMETHEUS, "example/prometheus-operator-crd"),
        (CERT_MANAGER, "deploy/crds"),
    ] {
        crds(&Tools::module(module)?.join(path), &root.join("common"))?;
    }
    for (module, set) in [(GATEWAY, "gateway"), (GATEWAY_LINKERD, "gateway-linkerd")] {
        crds(
            &Tools::module(module)?.join("config/crd/standard"),
            &root.join(set),
        )?;
    }
    crd::write(&document::parse(LINKERD)?, &root.join("common"))?;
    fs::write(stamp, pins)?;
    Ok(schemas)
}

/// Every CRD of a file or of a folder's files.
fn crds(path: &Path, into: &Path) -> Result<()> {
    if path.is_file() {
        return crd::write(&document::parse(&read(path)?)?, into);
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let file = entry?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let objects =
                document::parse(&read(&file)?).with_context(|| file.display().to_string())?;
            crd::write(&objects, into)?;
        }
    }
    Ok(())
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

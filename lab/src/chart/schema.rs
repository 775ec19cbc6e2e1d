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
const ARGO_CD: &str = "github.com/argoproj/argo-cd/v3@v3.3.0";
const FLUX_HELM: &str = "github.com/fluxcd/helm-controller@v1.4.0";
const FLUX_SOURCE: &str = "github.com/fluxcd/source-controller@v1.7.0";
/// Its module cannot be had from the proxy: these are written by hand.
const LINKERD: &str = include_str!("schema/linkerd.yaml");

/// The oldest that the chart's README names, and the newest that there is; the API
/// server's own is between them.
const KUBERNETES: [&str; 2] = ["v1.30.14", NEWEST];
pub(super) const NEWEST: &str = "v1.37.2";
/// Of its control plane there is no module for each version, of its API there is.
const ISTIO: [(&str, &str); 2] = [
    ("istio-oldest", "istio.io/api@v1.26.0"),
    ("istio-before-backoff", "istio.io/api@v1.24.0"),
];

/// Versions of Kubernetes and of Istio that a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edition {
    kubernetes: String,
    istio: &'static str,
}

/// Folders of schemas.
#[derive(Debug)]
pub(super) struct Schemas {
    root: PathBuf,
    /// Version of the API server that the chart is installed on here.
    pinned: String,
    /// Version of the API that the newest Istio here has.
    newest_istio: String,
}

impl Schemas {
    /// What the chart is for: the API server's version with the newest Istio, the
    /// oldest of both, and the newest.
    pub(super) fn editions(&self) -> [Edition; 3] {
        let [oldest, newest] = KUBERNETES.map(str::to_owned);
        let of = |kubernetes, istio| Edition { kubernetes, istio };
        [
            of(self.pinned.clone(), "istio"),
            of(oldest, "istio-oldest"),
            of(newest, "istio"),
        ]
    }

    /// The versions, as the chart's README has them.
    pub(super) fn sentence(&self) -> String {
        let [oldest, newest] = KUBERNETES.map(minor);
        let [istio, before] = ISTIO.map(|(_, module)| minor(module));
        format!(
            "of Kubernetes {oldest}, {} and {newest} and of Istio {istio} and {}, without \
             `retryBackoff` also of Istio {before};",
            minor(&self.pinned),
            minor(&self.newest_istio),
        )
    }

    /// An Istio that takes no backoff of retries.
    pub(super) fn before_backoff(&self) -> Edition {
        Edition {
            kubernetes: self.pinned.clone(),
            istio: "istio-before-backoff",
        }
    }

    /// Where kubeconform looks for this provider, first to last.
    pub(super) fn locations(&self, edition: &Edition, provider: &str) -> Vec<String> {
        let gateway = if provider == "linkerd" {
            "gateway-linkerd"
        } else {
            "gateway"
        };
        [
            edition.kubernetes.as_str(),
            "common",
            edition.istio,
            gateway,
            "delivery",
        ]
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
const SETS: [&str; 7] = [
    "common",
    "delivery",
    "istio",
    ISTIO[0].0,
    ISTIO[1].0,
    "gateway",
    "gateway-linkerd",
];

/// `1.30` of `v1.30.14` and of `istio.io/api@v1.26.0`.
fn minor(version: &str) -> String {
    let number = version.rsplit('v').next().unwrap_or_default();
    let parts: Vec<&str> = number.split('.').take(2).collect();
    parts.join(".")
}

/// Writes all schemas, once for each set of versions.
pub(super) fn prepare(place: &Place, tools: &Tools) -> Result<Schemas> {
    let root = place.target.join("chart-schemas");
    let kubernetes = tools.version("kubernetes", "k8s.io/kubernetes")?;
    let istio = tools.version("istio", "istio.io/istio")?;
    let pins = format!(
        "{kubernetes} {KUBERNETES:?} {istio} {ISTIO:?} {GATEWAY_LINKERD} {GATEWAY} {FLAGGER} {PROMETHEUS} {KEDA} {CERT_MANAGER} \
         {ARGO_CD} {FLUX_HELM} {FLUX_SOURCE} {LINKERD}"
    );
    let stamp = root.join("stamp");
    let schemas = Schemas {
        root: root.clone(),
        pinned: kubernetes.clone(),
        newest_istio: tools.version("istio", "istio.io/api")?,
    };
    if fs::read_to_string(&stamp).is_ok_and(|written| written == pins) {
        return Ok(schemas);
    }
    let _ = fs::remove_dir_all(&root);
    for set in SETS {
        let folder = root.join(set);
        fs::create_dir_all(&folder)?;
        crd::write(&definitions(tools, set)?, &folder)?;
    }
    for version in KUBERNETES.into_iter().chain([kubernetes.as_str()]) {
        let folder = root.join(version);
        fs::create_dir_all(&folder)?;
        core::write(&swagger(version)?, &folder)?;
    }
    fs::write(stamp, pins)?;
    Ok(schemas)
}

/// Kubernetes' `OpenAPI` document of one version.
pub(super) fn swagger(version: &str) -> Result<String> {
    let module = Tools::module(&format!("k8s.io/kubernetes@{version}"))?;
    read(&module.join("api/openapi-spec/swagger.json"))
}

/// The `CustomResourceDefinition`s of one set, from the components' modules.
pub(super) fn definitions(tools: &Tools, set: &str) -> Result<Vec<Value>> {
    let older = ISTIO.iter().find(|(name, _)| *name == set);
    let paths = match (set, older) {
        (_, Some((_, module))) => {
            vec![Tools::module(module)?.join("kubernetes/customresourcedefinitions.gen.yaml")]
        }
        ("delivery", _) => vec![
            Tools::module(ARGO_CD)?.join("manifests/crds/application-crd.yaml"),
            Tools::module(FLUX_HELM)?.join("config/crd/bases"),
            Tools::module(FLUX_SOURCE)?.join("config/crd/bases"),
        ],
        ("istio", _) => vec![
            tools
                .pinned("istio", "istio.io/istio")?
                .join("manifests/charts/base/files/crd-all.gen.yaml"),
        ],
        ("gateway", _) => vec![Tools::module(GATEWAY)?.join("config/crd/standard")],
        ("gateway-linkerd", _) => {
            vec![Tools::module(GATEWAY_LINKERD)?.join("config/crd/standard")]
        }
        _ => vec![
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

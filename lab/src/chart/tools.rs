//! The Go tools: built once for each `go.sum`, kept outside the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use super::Place;
use super::case::values_file;
use super::command::{stdout, succeed};
use crate::support::parallel;

/// One module for each set of tools whose dependencies agree.
const MODULES: [&str; 5] = [
    "tools/helm",
    "lab/tools/helm3",
    "tools/score",
    "tools/istio",
    "lab/tools/promql",
];

/// A module whose one tool has the name of another's, and is called as the module.
const RENAMED: &str = "lab/tools/helm3";

/// The built tools.
#[derive(Debug)]
pub(crate) struct Tools {
    bin: PathBuf,
    root: PathBuf,
}

impl Tools {
    /// `None` where there is no Go.
    pub(super) fn build(place: &Place) -> Result<Option<Self>> {
        let tools = Self::find(place);
        if let Some(tools) = &tools {
            for module in MODULES {
                tools.build_module(module)?;
            }
        }
        Ok(tools)
    }

    /// With Helm alone. `None` where there is no Go.
    pub(crate) fn helm() -> Result<Option<Self>> {
        let tools = Self::find(&Place::find(false)?);
        if let Some(tools) = &tools {
            tools.build_module("tools/helm")?;
        }
        Ok(tools)
    }

    /// Nothing is built yet.
    fn find(place: &Place) -> Option<Self> {
        Command::new("go").arg("version").output().ok()?;
        Some(Self {
            bin: place.target.join("tools"),
            root: place.root.clone(),
        })
    }

    /// An API server, its store and its client, as their own projects build them.
    pub(crate) fn kubernetes(&self) -> Result<()> {
        self.once("kubernetes", &["tools/kubernetes"], || {
            self.build_kubernetes("etcd", "go.etcd.io/etcd/server/v3")?;
            for program in ["kube-apiserver", "kubectl"] {
                self.build_kubernetes(program, &format!("k8s.io/kubernetes/cmd/{program}"))?;
            }
            Ok(())
        })
    }

    /// What a node needs beside these, less what comes with the system.
    pub(crate) fn node(&self) -> Result<()> {
        self.once("node", &["tools/kubernetes", "tools/node"], || {
            for program in [
                "kube-controller-manager",
                "kube-scheduler",
                "kubelet",
                "kube-proxy",
            ] {
                self.build_kubernetes(program, &format!("k8s.io/kubernetes/cmd/{program}"))?;
            }
            for program in ["coredns", "pause"] {
                self.build_package("tools/node", program, &format!("./{program}"), "-s -w")?;
            }
            Ok(())
        })
    }

    /// What measures a node's pods for the autoscaler, and what enforces each
    /// `NetworkPolicy` on it.
    pub(crate) fn extras(&self) -> Result<()> {
        for (program, package) in [
            (
                "metrics-server",
                "sigs.k8s.io/metrics-server/cmd/metrics-server",
            ),
            (
                "kube-router",
                "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
            ),
        ] {
            let module = format!("tools/{program}");
            self.once(program, &[&module], || {
                self.build_package(&module, program, package, "-s -w")
            })?;
        }
        Ok(())
    }

    /// Istio's control plane and the agent of its sidecars.
    pub(crate) fn sidecars(&self) -> Result<()> {
        self.once("sidecars", &["tools/istio"], || {
            for program in ["pilot-discovery", "pilot-agent"] {
                let package = format!("istio.io/istio/pilot/cmd/{program}");
                self.build_package("tools/istio", program, &package, "-s -w")?;
            }
            Ok(())
        })
    }

    fn build_kubernetes(&self, program: &str, package: &str) -> Result<()> {
        let version = self.version("kubernetes", "k8s.io/kubernetes")?;
        // Without it the server would report v0.0.0, which the chart refuses.
        let stamp = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
        self.build_package("tools/kubernetes", program, package, &stamp)
    }

    fn build_package(
        &self,
        module: &str,
        program: &str,
        package: &str,
        linker: &str,
    ) -> Result<()> {
        succeed(
            Command::new("go")
                .current_dir(self.root.join(module))
                .env("CGO_ENABLED", "0")
                .args(["build", "-ldflags", linker, "-o"])
                .arg(self.bin.join(program))
                .arg(package),
        )?;
        Ok(())
    }

    fn build_module(&self, module: &str) -> Result<()> {
        let into = if module == RENAMED {
            self.program("helm3")
        } else {
            self.bin.join("")
        };
        let name = module.rsplit('/').next().unwrap_or(module);
        // What else is pinned there only a node needs.
        let package = match module {
            "tools/istio" => "istio.io/istio/istioctl/cmd/istioctl",
            _ => "tool",
        };
        self.once(name, &[module], || {
            succeed(
                Command::new("go")
                    .current_dir(self.root.join(module))
                    .env("CGO_ENABLED", "0")
                    .args(["build", "-p", "1", "-ldflags", "-s -w", "-o"])
                    .arg(into)
                    .arg(package),
            )?;
            Ok(())
        })
    }

    /// Builds where the pins of a module have changed since the last time.
    fn once(&self, name: &str, modules: &[&str], build: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut pins = String::new();
        for module in modules {
            for file in ["go.mod", "go.sum"] {
                let file = self.root.join(module).join(file);
                pins += &fs::read_to_string(&file)
                    .with_context(|| format!("{} is missing", file.display()))?;
            }
        }
        let stamp = self.bin.join(format!("{name}.stamp"));
        if fs::read_to_string(&stamp).is_ok_and(|built| built == pins) {
            return Ok(());
        }
        println!("           building {} …", modules.join(", "));
        fs::create_dir_all(&self.bin)?;
        build()?;
        fs::write(stamp, pins)?;
        Ok(())
    }

    /// A command of one tool.
    pub(crate) fn tool(&self, name: &str) -> Command {
        Command::new(self.program(name))
    }

    /// Where a tool is.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Folder of a Go module at a version, downloaded and verified by Go.
    pub(super) fn module(module: &str) -> Result<PathBuf> {
        let said = stdout(
            Command::new("go")
                .current_dir(std::env::temp_dir())
                .args(["mod", "download", "-json", module]),
        )?;
        let said: serde_json::Value = serde_json::from_str(&said)?;
        let folder = said["Dir"]
            .as_str()
            .with_context(|| format!("go did not say where {module} is"))?;
        Ok(Path::new(folder).to_path_buf())
    }

    /// Folder of a module that a tool of `tools/` is pinned to.
    pub(crate) fn pinned(&self, tools: &str, module: &str) -> Result<PathBuf> {
        Self::module(&format!("{module}@{}", self.version(tools, module)?))
    }

    /// Version of a module that a tool of `tools/` is pinned to.
    pub(crate) fn version(&self, tools: &str, module: &str) -> Result<String> {
        let said = stdout(
            Command::new("go")
                .current_dir(self.root.join("tools").join(tools))
                .args(["list", "-m", "-f", "{{.Version}}", module]),
        )?;
        Ok(said.trim().to_owned())
    }

    /// `helm lint` with every provider.
    pub(super) fn lint(&self, place: &Place) -> Result<()> {
        for provider in super::case::PROVIDERS {
            succeed(
                self.tool("helm")
                    .args(["lint", "--strict", "--set"])
                    .arg(format!("mesh.provider={provider}"))
                    .arg(place.chart()),
            )?;
        }
        Ok(())
    }

    /// The tests that ship with the chart, whatever mesh is its default.
    pub(super) fn unittest(&self, place: &Place) -> Result<()> {
        parallel::map(&super::case::PROVIDERS, |provider| {
            let values = values_file(&json!({"mesh": {"provider": provider}}))?;
            succeed(
                self.tool("helm-unittest")
                    .args(["--strict", "--values"])
                    .arg(values.path())
                    .arg(place.chart()),
            )
        })?;
        Ok(())
    }
}

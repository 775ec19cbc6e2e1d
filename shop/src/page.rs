//! The page: compiled to WebAssembly, its files named by what is in them.

mod toolchain;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};
use wasm_bindgen_cli_support::Bindgen;
use xtask::tree;

use crate::skip::skip;

/// Where the gateway's files come from, beside the compiled ones.
const INDEX: &str = include_str!("../page/assets/index.html");
const STYLE: &str = include_str!("../page/assets/style.css");
const ICON: &str = include_str!("../page/assets/icon.svg");

/// Bytes of a hash in a name.
const HASH: usize = 8;

/// Builds the page; returns the folder that has it. Says so and returns nothing where no
/// compiler makes WebAssembly.
pub(crate) fn build() -> Result<Option<PathBuf>> {
    let Some(toolchain) = toolchain::ensure() else {
        skip("the shop's page", toolchain::MISSING)?;
        return Ok(None);
    };
    let wasm = compile(&toolchain)?;
    let made = tree::target().join("shop-page");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    fs::create_dir_all(&made)?;
    bind(&wasm, &made)?;
    Ok(Some(made))
}

fn compile(toolchain: &toolchain::Toolchain) -> Result<PathBuf> {
    let mut cargo = toolchain.cargo();
    cargo
        .args(["build", "--package", "page", "--bin", "shop-page"])
        .args(["--profile", "page", "--locked"])
        .args(["--target", toolchain::TARGET])
        .arg("--manifest-path")
        .arg(tree::root().join("shop/Cargo.toml"))
        .arg("--target-dir")
        .arg(tree::target())
        .stderr(Stdio::inherit());
    let built = cargo.status().context("cargo does not start")?;
    ensure!(built.success(), "the page does not build");
    let folder = tree::target().join(toolchain::TARGET).join("page");
    Ok(folder.join("shop-page.wasm"))
}

/// Writes what a browser loads.
fn bind(wasm: &Path, made: &Path) -> Result<()> {
    let bound = made.join("bound");
    let mut bindgen = Bindgen::new();
    bindgen.web(true).context("wasm-bindgen")?;
    bindgen
        .input_path(wasm)
        .out_name("page")
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&bound)
        .context("wasm-bindgen does not take what was compiled")?;
    ensure!(
        !bound.join("snippets").exists(),
        "a crate of the page brings JavaScript in files of its own: shop/src/page.rs names none"
    );
    let code = fs::read(bound.join("page_bg.wasm"))?;
    let name = write(made, "page", "wasm", &code)?;
    let start = format!("__wbg_init({{ module_or_path: '/{name}' }});\n");
    let script = fs::read_to_string(bound.join("page.js"))? + &start;
    let index = INDEX
        .replace("{wasm}", &name)
        .replace("{script}", &write(made, "page", "js", script.as_bytes())?)
        .replace("{style}", &write(made, "style", "css", STYLE.as_bytes())?)
        .replace("{icon}", &write(made, "icon", "svg", ICON.as_bytes())?);
    fs::write(made.join("index.html"), index)?;
    fs::remove_dir_all(bound)?;
    let packed = fs::metadata(made.join(format!("{name}.gz")))?.len();
    println!(
        "{:<18} {} kB of WebAssembly, {} kB as it is sent",
        "page",
        code.len() / 1_000,
        packed / 1_000
    );
    Ok(())
}

/// Writes a file under a name that its content has, and compressed; returns the name.
fn write(folder: &Path, name: &str, extension: &str, content: &[u8]) -> Result<String> {
    let hash = digest(&SHA256, content);
    let hash = u64::from_be_bytes(hash.as_ref()[..HASH].try_into()?);
    let name = format!("{name}-{hash:016x}.{extension}");
    fs::write(folder.join(&name), content)?;
    let file = fs::File::create(folder.join(format!("{name}.gz")))?;
    let mut packed = GzEncoder::new(file, Compression::best());
    packed.write_all(content)?;
    packed.finish()?;
    Ok(name)
}

/// Where the page finds what is not the gateway's.
pub(crate) struct Elsewhere<'a> {
    pub(crate) sign_in: &'a str,
    pub(crate) traces: &'a str,
}

/// Copies what was built to `folder`, and writes there what the page is told.
pub(crate) fn install(built: &Path, folder: &Path, elsewhere: &Elsewhere<'_>) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for file in fs::read_dir(built)? {
        let file = file?;
        fs::copy(file.path(), folder.join(file.file_name()))?;
    }
    let config = serde_json::json!({
        "signIn": elsewhere.sign_in,
        "traces": elsewhere.traces,
    });
    Ok(fs::write(folder.join("config.json"), config.to_string())?)
}

/// What the page may do: all from the gateway, and a token from the provider.
pub(crate) fn policy(elsewhere: &Elsewhere<'_>) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self'; connect-src 'self' {}; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
        elsewhere.sign_in
    )
}

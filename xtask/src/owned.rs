//! `cargo xtask owned`: how much Rust a team owns once it has generated a service.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::parts::Parts;
use crate::{markers, tree};

/// What of a layer is there in a service that keeps nothing.
const BARE: Parts<'static> = Parts {
    sample: "none",
    store: "none",
    events: "none",
};

/// Where the table is kept.
pub(crate) const PAGE: &str = "docs/owned.md";
const BEGIN: &str = "<!-- written by `cargo xtask markers` -->\n";
const END: &str = "<!-- end -->\n";

/// Prints the table.
pub fn run() -> Result<()> {
    print!("{}", table()?);
    Ok(())
}

/// What the page should be: `cargo xtask markers` writes it.
pub(crate) fn kept() -> Result<String> {
    page(&markers::read(PAGE)?, &table()?)
}

/// Files and lines.
#[derive(Clone, Copy, Default)]
struct Amount {
    files: usize,
    lines: usize,
}

impl Amount {
    fn add(&mut self, text: &str) {
        self.files += 1;
        self.lines += text.lines().count();
    }

    fn cells(self) -> String {
        format!("{} | {}", self.files, self.lines)
    }
}

/// What a service consists of.
#[derive(Default)]
struct Owned {
    /// `build.rs`, `src/`, `xtask/`.
    code: Amount,
    /// `tests/`, and modules of tests in `src/`.
    tests: Amount,
    /// `examples/`.
    aside: Amount,
    /// What comes with it and is not the team's.
    crates: Amount,
}

impl Owned {
    /// Adds the file at `path` if it is Rust, as it stands at `place` of a service:
    /// without markers.
    fn read(&mut self, path: &str, place: &str) -> Result<()> {
        if place.strip_suffix(".rs").is_some() {
            let text = markers::read(path)?;
            let text = markers::unmarked(path, &text).unwrap_or(text);
            let is_laid = path.starts_with("template/");
            self.add(place, &if is_laid { BARE.of(&text)? } else { text });
        }
        Ok(())
    }

    fn add(&mut self, path: &str, text: &str) {
        let stem = path.trim_end_matches(".rs");
        let place = match path.split('/').next().unwrap_or_default() {
            "crates" => &mut self.crates,
            "tests" => &mut self.tests,
            "examples" => &mut self.aside,
            _ if stem.ends_with("/tests") || stem.contains("/tests/") => &mut self.tests,
            _ => &mut self.code,
        };
        place.add(text);
    }
}

/// As Markdown.
fn table() -> Result<String> {
    let mut text = "\
| | Files | Lines | Files of tests | Lines of tests | Lines of examples | Lines of crates copied, to the next thousand |
|---|---|---|---|---|---|---|
"
    .to_owned();
    let all = [
        ("order", sample_order()?),
        ("none", laid(&WITHOUT, &[], false)?),
        ("gateway", laid(&EDGE, &NO_HANDLERS, true)?),
    ];
    for (sample, owned) in all {
        let places = [
            ("crates copied", owned.crates.lines.next_multiple_of(1000)),
            ("crates by version, or a second service in a workspace", 0),
        ];
        for (place, crates) in places {
            let (code, tests) = (owned.code.cells(), owned.tests.cells());
            let aside = owned.aside.lines;
            writeln!(
                text,
                "| `sample={sample}`, {place} | {code} | {tests} | {aside} | {crates} |"
            )?;
        }
    }
    Ok(text)
}

/// What is laid over the files that the template and a service share.
const OVER: &str = "template/xtask/";

/// What is laid over them without the sample, whose folders are gone then.
const WITHOUT: [&str; 2] = ["template/none/", "template/hello/"];

/// What is laid over them for a gateway, one over the other.
const EDGE: [&str; 3] = [
    "template/none/",
    "template/gateway/",
    "template/gateway-hello/",
];

/// What a gateway does not have of that (`hooks/sample.rhai`).
const NO_HANDLERS: [&str; 3] = ["src/proto.rs", "src/services.rs", "src/state.rs"];

/// The shared files, and those of `template/` laid over them.
fn sample_order() -> Result<Owned> {
    let config = markers::read("cargo-generate.toml")?;
    let files = tree::files()?;
    let mut owned = Owned::default();
    for path in tree::shared(&files, &config) {
        owned.read(&path, &path)?;
    }
    for path in files.iter().filter(|path| path.starts_with(OVER)) {
        owned.read(path, path.trim_start_matches("template/"))?;
    }
    Ok(owned)
}

/// The crates, and what `layers` lay over, less what is `gone`.
fn laid(layers: &[&str], gone: &[&str], is_edge: bool) -> Result<Owned> {
    let config = markers::read("cargo-generate.toml")?;
    let files = tree::files()?;
    let mut owned = Owned::default();
    for path in tree::shared(&files, &config) {
        if tree::is_in(&path, "crates") {
            owned.read(&path, &path)?;
        }
    }
    let mut places = BTreeMap::new();
    for path in &files {
        if path.starts_with(OVER) {
            owned.read(path, path.trim_start_matches("template/"))?;
        }
        if is_edge && tree::is_in(path, tree::EDGE) {
            owned.read(path, path)?;
        }
    }
    for layer in layers {
        for path in &files {
            if let Some(place) = path.strip_prefix(layer).filter(|it| !gone.contains(it)) {
                places.insert(place, path);
            }
        }
    }
    for (place, path) in places {
        owned.read(path, place)?;
    }
    Ok(owned)
}

/// The page with this table in it.
fn page(text: &str, table: &str) -> Result<String> {
    let Some((head, rest)) = text.split_once(BEGIN) else {
        bail!("{PAGE} has lost the line {BEGIN}");
    };
    let Some((_, tail)) = rest.split_once(END) else {
        bail!("{PAGE} has lost the line {END}");
    };
    Ok(format!("{head}{BEGIN}{table}{END}{tail}"))
}

//! The lock file of a generated service: the tree's without what only the
//! template's own tooling needs, under the service's name.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::parts::Parts;
use crate::tree;

/// Which service it is of: `--locked` wants no packages but its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    Order,
    None,
    Gateway,
}

/// All of them.
pub(super) const SAMPLES: [Sample; 3] = [Sample::Order, Sample::None, Sample::Gateway];

impl Sample {
    /// Where it is kept. Cargo would take Liquid out of the tree's own.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Order => "template/Cargo.lock",
            Self::None => "template/none/Cargo.lock",
            Self::Gateway => "template/gateway/Cargo.lock",
        }
    }

    fn manifest(self) -> &'static str {
        match self {
            Self::Order => "Cargo.toml",
            Self::None => "template/none/Cargo.toml",
            Self::Gateway => "template/gateway/Cargo.toml",
        }
    }
}

/// Those of workspaces of their own, which use the tree's crates: the servers that the
/// service is measured against, the fuzz targets, and the shop.
pub(super) const BESIDE: [&str; 3] = ["bench/Cargo.lock", "fuzz/Cargo.lock", "shop/Cargo.lock"];

/// A service's own commands, which are not the tree's.
const XTASK: &[&str] = &["xtask/Cargo.toml", "xtask/src/main.rs"];

/// Of a service with the sample; the first has the packages of all.
const VARIANTS: [Parts<'static>; 6] = [
    parts("order", "both", "nats"),
    parts("order", "both", "none"),
    parts("order", "sqlite", "nats"),
    parts("order", "sqlite", "none"),
    parts("order", "postgres", "nats"),
    parts("order", "postgres", "none"),
];

/// Of one without.
const BARE: [Parts<'static>; 4] = [
    parts("none", "both", "none"),
    parts("none", "sqlite", "none"),
    parts("none", "postgres", "none"),
    parts("none", "none", "none"),
];

/// Of a gateway.
const GATEWAY: [Parts<'static>; 1] = [parts("gateway", "none", "none")];

const fn parts(sample: &'static str, store: &'static str, events: &'static str) -> Parts<'static> {
    Parts {
        sample,
        store,
        events,
    }
}

/// Crates that a service without a store does not have (hooks/sample.rhai).
const STORES: &[&str] = &["crates/aip", "crates/store"];

/// Puts the service's own package where cargo would put it. A dependency of the
/// same name is then told apart by its version, as cargo does.
const PLACE: &str = concat!(
    r#"{% assign named = 'name = "' | append: project-name | append: '"' %}"#,
    "{% if others contains named %}",
    r#"{% assign plain = '"' | append: project-name | append: '",' %}"#,
    r#"{% assign version = others | split: named | last | split: '"' %}"#,
    r#"{% assign exact = '"' | append: project-name | append: " " | append: version[1] | append: '",' %}"#,
    "{% assign others = others | replace: plain, exact %}",
    "{% assign own = own | replace: plain, exact %}",
    "{% endif %}",
    r#"{% assign packages = others | split: "[[package]]" %}"#,
    r#"{% assign own_content = own | remove_first: "[[package]]" %}"#,
    "{% assign placed = false %}",
    "{% for package in packages %}",
    r#"{% unless package == "" %}"#,
    "{% unless placed %}{% if own_content < package %}{{ own }}\n{% assign placed = true %}{% endif %}{% endunless %}",
    "[[package]]{{ package }}",
    "{% endunless %}",
    "{% endfor %}",
    "{% unless placed %}\n{{ own | rstrip }}\n{% endunless %}",
);

/// What it should be, as Liquid; of a service without the sample its manifest
/// is what counts.
pub(super) fn text(files: &[String], shared: &[String], sample: Sample) -> Result<String> {
    let variants = match sample {
        Sample::Order => &VARIANTS[..],
        Sample::None => &BARE[..],
        Sample::Gateway => &GATEWAY[..],
    };
    let edge = files.iter().filter(|path| tree::is_in(path, tree::EDGE));
    let edge = edge.filter(|_| sample == Sample::Gateway);
    let all: Vec<_> = shared.iter().chain(edge).collect();
    let mut locks = Vec::new();
    for parts in variants {
        let answers = format!("{} {}", parts.store, parts.events);
        locks.push((answers, resolved(&all, *parts, sample)?));
    }
    let (_, most) = locks.first().context("no variants")?;
    let (head, _) = most.split_once("[[package]]").context("no packages")?;
    let (mut own, mut others) = (String::new(), String::new());
    for package in packages(most) {
        let texts = locks.iter().map(|(answers, lock)| {
            let same = packages(lock).find(|other| key(other) == key(package));
            (answers.as_str(), same)
        });
        let text = conditional(&texts.collect::<Vec<_>>());
        if key(package)[0] == "name = \"order-service\"" {
            own = (text.replace("\"order-service\"", "\"{{ project-name }}\""))
                .replace("\n\n{% endif %}", "{% endif %}");
        } else {
            others += &text;
        }
    }
    for (answers, lock) in &locks {
        let new = packages(lock).find(|one| packages(most).all(|other| key(one) != key(other)));
        ensure!(new.is_none(), "only {answers} has {new:?}");
    }
    ensure!(!own.is_empty(), "Cargo.lock does not know order-service");
    let (own, others) = (own.trim_end(), others.trim_end());
    Ok(format!(
        "{head}{{% capture own %}}{own}\n{{% endcapture %}}{{% capture others %}}{others}\n{{% endcapture %}}{PLACE}"
    ))
}

/// The packages of a lock file, without the line that begins each.
fn packages(lock: &str) -> impl Iterator<Item = &str> {
    lock.split("[[package]]\n").skip(1).map(str::trim_end)
}

/// The lines with name and version.
fn key(package: &str) -> [&str; 2] {
    let mut lines = package.lines();
    [(); 2].map(|()| lines.next().unwrap_or_default())
}

/// One package, as it is under each of the answers; they say which text is taken.
fn conditional(texts: &[(&str, Option<&str>)]) -> String {
    let whole = |package: &str| format!("[[package]]\n{package}\n\n");
    let mut distinct: Vec<&str> = texts.iter().filter_map(|(_, text)| *text).collect();
    distinct.dedup();
    if let [all] = distinct[..]
        && texts.iter().all(|(_, text)| text.is_some())
    {
        return whole(all);
    }
    distinct.sort_unstable();
    distinct.dedup();
    let mut conditional = String::new();
    for one in distinct {
        let with = texts.iter().filter(|(_, text)| *text == Some(one));
        let with: Vec<&str> = with.map(|(answers, _)| *answers).collect();
        let (with, whole) = (with.join(","), whole(one));
        conditional =
            conditional + "{% if \"" + &with + "\" contains parts %}" + &whole + "{% endif %}";
    }
    conditional
}

/// What cargo makes of the tree's lock file where the tooling is not.
fn resolved(files: &[&String], parts: Parts<'_>, sample: Sample) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let none = parts.store == "none";
    let is_gone = |path: &str| none && STORES.iter().any(|dir| tree::is_in(path, dir));
    let kept = |path: &&&String| !is_gone(path) && !parts.lacks(path);
    for path in files.iter().filter(kept) {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().context("no parent")?)?;
        fs::copy(tree::root().join(path), target).with_context(|| (*path).clone())?;
    }
    for path in XTASK {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().context("no parent")?)?;
        fs::copy(tree::root().join("template").join(path), target).with_context(|| *path)?;
    }
    let lock = folder.path().join("Cargo.lock");
    fs::copy(tree::root().join("Cargo.lock"), &lock)?;
    let manifest = folder.path().join("Cargo.toml");
    let own = tree::root().join(sample.manifest());
    let text = parts.of(&fs::read_to_string(own)?)?;
    fs::write(
        manifest,
        text.replace(", \"lab*\", \"xtask*\"", ", \"xtask\""),
    )?;
    resolve(folder.path())?;
    Ok(fs::read_to_string(lock)?)
}

/// What cargo makes of one of [`BESIDE`].
pub(super) fn of_other(path: &str) -> Result<String> {
    let path = tree::root().join(path);
    let kept = fs::read_to_string(&path)?;
    resolve(path.parent().unwrap_or(&path))?;
    let resolved = fs::read_to_string(&path)?;
    // Whoever asks decides whether it is written.
    fs::write(&path, kept)?;
    Ok(resolved)
}

/// Brings the lock file in `folder` up to what its packages depend on.
fn resolve(folder: &Path) -> Result<()> {
    let update = |args: &[&str]| {
        Command::new("cargo")
            .args(["update", "--quiet", "--workspace"])
            .args(args)
            .current_dir(folder)
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
    };
    // What is on disk will do; if it is not, the registry is asked.
    let mut output = update(&["--offline"])?;
    if !output.status.success() {
        output = update(&[])?;
    }
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

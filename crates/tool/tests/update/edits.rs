//! What teams do to a service, and what the template does to itself. Every line
//! of a team has a mark that can be counted afterwards.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::stage::Service;

/// In each line of a team.
pub(crate) const MARK: &str = "team-line";

/// Makes one change that teams make.
pub(crate) struct Edit {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&Service),
}

/// The kinds, none of which meets a line that the template changes.
pub(crate) const EDITS: &[Edit] = &[
    Edit {
        name: "field",
        make: field,
    },
    Edit {
        name: "behaviour",
        make: |it| insert(&it.path("src/main.rs"), 5, "// team-line"),
    },
    Edit {
        name: "deleted file",
        make: |it| fs::remove_file(it.path("docs/threat-model.md")).unwrap(),
    },
    Edit {
        name: "renamed file",
        make: renamed,
    },
    Edit {
        name: "chart value",
        make: |it| insert(&it.path("helm/values.yaml"), 5, "# team-line"),
    },
    Edit {
        name: "own workflow",
        make: |it| it.write(".github/workflows/own.yml", "# team-line\n"),
    },
    Edit {
        name: "own dependency",
        make: dependency,
    },
    Edit {
        name: "feature",
        make: feature,
    },
    Edit {
        name: "edited crate",
        make: |it| insert(&it.path("crates/contract/src/files.rs"), 5, "// team-line"),
    },
    Edit {
        name: "own migration",
        make: |it| it.write("migrations/sqlite/0100_own.sql", "-- team-line\n"),
    },
    Edit {
        name: "prose",
        make: |it| insert(&it.path("README.md"), 5, "team-line"),
    },
];

/// All Rust in the team's own way.
pub(crate) fn reformat(service: &Service) {
    service.write("rustfmt.toml", "# team-line\nmax_width = 72\n");
    let status = Command::new("cargo")
        .args(["fmt", "--all"])
        .current_dir(&service.root)
        .status();
    assert!(status.unwrap().success());
}

fn field(service: &Service) {
    let path = service.path(&proto(service));
    let text = fs::read_to_string(&path).unwrap();
    let place = text.rfind("\n}\n").unwrap();
    let line = "\n  // team-line\n  string colour = 60;";
    fs::write(&path, format!("{}{line}{}", &text[..place], &text[place..])).unwrap();
}

/// The .proto file of the sample under this service's names.
fn proto(service: &Service) -> String {
    let listed = service.git(&["ls-files", "proto/*/v1/*.proto"]);
    let own = listed
        .lines()
        .find(|path| !path.contains("google") && !path.contains("inventory"));
    own.unwrap().to_owned()
}

fn renamed(service: &Service) {
    insert(&service.path("docs/architecture.md"), 5, "team-line");
    service.git(&["mv", "docs/architecture.md", "docs/own-name.md"]);
}

fn dependency(service: &Service) {
    edit(
        &service.path("Cargo.toml"),
        "[dependencies]\n",
        "[dependencies]\nitoa = \"1\" # team-line\n",
    );
}

fn feature(service: &Service) {
    let path = service.path("Cargo.toml");
    edit(
        &path,
        "features = [\"macros\", ",
        "features = [\"team-line\", \"macros\", ",
    );
}

/// The synthetic next version: a crate, the chart, main.rs, manifests, prose, CI,
/// a migration, a renamed file and one that goes.
pub(crate) fn next(template: &Path) {
    for (path, line) in [
        ("crates/chassis/src/lib.rs", "// next-line"),
        ("crates/contract/src/files.rs", "// next-line"),
        ("src/main.rs", "// next-line"),
        ("helm/values.yaml", "# next-line"),
        ("template/.github/workflows/ci.yml", "# next-line"),
        ("docs/architecture.md", "next-line"),
        ("docs/threat-model.md", "next-line"),
        ("README.md", "next-line"),
    ] {
        insert(&template.join(path), 2, line);
    }
    let manifest = template.join("Cargo.toml");
    edit(
        &manifest,
        "[dependencies]\n",
        "[dependencies]\nahash = \"0.8\" # next-line\n",
    );
    edit(
        &manifest,
        "features = [\"macros\", ",
        "features = [\"next-line\", \"macros\", ",
    );
    edit(
        &template.join("hooks/platform.rhai"),
        "VERSION = \"0.1.0\"",
        "VERSION = \"0.2.0\"",
    );
    fs::write(
        template.join("migrations/sqlite/0099_next.sql"),
        "-- next-line\n",
    )
    .unwrap();
    fs::rename(
        template.join("docs/telemetry.md"),
        template.join("docs/signals.md"),
    )
    .unwrap();
    fs::remove_file(template.join("deploy/README.md")).unwrap();
}

/// Inserts a paragraph of one line, about this many sixths down the file.
pub(crate) fn insert(path: &Path, sixth: usize, line: &str) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines: Vec<&str> = text.lines().collect();
    let place = lines.len() * sixth / 6;
    // Not within a statement, a list or a paragraph.
    let gap = lines[..place]
        .iter()
        .rposition(|it| it.is_empty())
        .unwrap_or(place);
    lines.insert(gap, line);
    lines.insert(gap, "");
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

pub(crate) fn edit(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{} has no {old:?}", path.display());
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

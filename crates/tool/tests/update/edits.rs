//! What teams do to a service. Every line of theirs has a mark that can be counted
//! afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::stage::{Service, tool};

/// In each line of a team.
pub(crate) const MARK: &str = "team-line";

/// Makes one change that teams make.
pub(crate) struct Edit {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&Service),
}

/// The kinds, none of which meets a line that the template changes. What comes of
/// each compiles, and passes the service's tests.
pub(crate) const EDITS: &[Edit] = &[
    Edit {
        name: "field",
        make: field,
    },
    Edit {
        name: "rpc",
        make: rpc,
    },
    Edit {
        name: "prose beside a table that is made anew",
        make: |it| insert(&it.path("docs/contract.md"), 1, "team-line"),
    },
    Edit {
        name: "second resource",
        make: second,
    },
    Edit {
        name: "behaviour",
        make: |it| insert(&it.path("src/main.rs"), 5, "// team-line"),
    },
    Edit {
        name: "handler",
        make: |it| insert(&handler(it), 5, "// team-line"),
    },
    Edit {
        name: "setting",
        make: |it| insert(&it.path("src/settings.rs"), 5, "// team-line"),
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
        make: value,
    },
    Edit {
        name: "chart's own object",
        make: |it| it.write("helm/templates/own.yaml", "{{- /* team-line */ -}}\n"),
    },
    Edit {
        name: "changed object of the chart",
        make: |it| {
            insert(
                &it.path("helm/templates/_env.tpl"),
                5,
                "{{- /* team-line */ -}}",
            )
        },
    },
    Edit {
        name: "values of a stage",
        make: |it| it.write("helm/values-staging.yaml", "replicaCount: 2 # team-line\n"),
    },
    Edit {
        name: "own workflow",
        make: |it| it.write(".github/workflows/own.yml", "# team-line\n"),
    },
    Edit {
        name: "changed workflow",
        make: |it| insert(&it.path(".github/workflows/ci.yml"), 5, "  # team-line"),
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
        name: "edited crate's manifest",
        make: |it| append(&it.path("crates/store/Cargo.toml"), "# team-line\n"),
    },
    Edit {
        name: "own migration",
        make: |it| it.write("migrations/own/0001_own.sql", "-- team-line\n"),
    },
    Edit {
        name: "image",
        make: |it| insert(&it.path("Dockerfile"), 5, "# team-line"),
    },
    Edit {
        name: "own tests",
        make: |it| it.write("tests/own.rs", "//! team-line\n\n#[test]\nfn own() {}\n"),
    },
    Edit {
        name: "settings of git",
        make: |it| append(&it.path(".gitignore"), "/team-line\n"),
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

/// In a request.
fn field(service: &Service) {
    let path = service.path(&proto(service));
    let text = fs::read_to_string(&path).unwrap();
    let message = text.find("\nmessage Watch").unwrap() + 1;
    let place = message + text[message..].find("\n}\n").unwrap();
    let line = "\n  // team-line\n  string colour = 60;";
    fs::write(&path, format!("{}{line}{}", &text[..place], &text[place..])).unwrap();
    // Older versions have tests in the service that name every field.
    let tests = service.path("tests/api/watch.rs");
    if tests.exists() {
        let text = fs::read_to_string(&tests).unwrap();
        let given = "filter: filter.to_owned(),\n";
        let more = format!("{given}            colour: String::new(), // team-line\n");
        fs::write(&tests, text.replace(given, &more)).unwrap();
    }
    contract(service);
}

/// As the tool adds one.
fn rpc(service: &Service) {
    let path = proto(service);
    let text = service.read(&path);
    let name = text.split("\nservice ").nth(1).unwrap();
    let name = name.split(' ').next().unwrap();
    let output = tool(&service.root)
        .args(["add", "rpc", &format!("{name}/CountAll")])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    append(&service.path(&path), "// team-line\n");
}

/// Its messages, its module and its table.
fn second(service: &Service) {
    let package = "syntax = \"proto3\";\npackage own.v1;\n// team-line\nmessage Own {}\n";
    service.write("proto/own/v1/own.proto", package);
    service.write(
        "src/own.rs",
        "//! team-line\n\n/// team-line\npub fn own() {}\n",
    );
    edit(
        &service.path("src/lib.rs"),
        "pub mod proto;\n",
        "/// team-line\npub mod own;\npub mod proto;\n",
    );
}

/// What follows from proto/ is made anew.
pub(crate) fn contract(service: &Service) {
    let output = tool(&service.root).arg("contract").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where the rpcs are.
fn handler(service: &Service) -> PathBuf {
    let listed = service.git(&["ls-files", "src/*/grpc.rs"]);
    service.path(listed.lines().next().unwrap())
}

fn value(service: &Service) {
    edit(
        &service.path("helm/values.yaml"),
        "progressDeadlineSeconds: 600\n",
        "progressDeadlineSeconds: 700 # team-line\n",
    );
}

pub(crate) fn append(path: &Path, text: &str) {
    let old = fs::read_to_string(path).unwrap();
    fs::write(path, old + text).unwrap();
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
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("tokio = "));
    let line = line.unwrap().to_owned();
    let more = line.replace("[\"macros\"", "[\"fs\", \"macros\"");
    edit(&path, &line, &format!("{more} # team-line"));
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

//! The script that a scheduled workflow runs, on a clone as CI has it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::edits::{edit, insert};
use super::stage::{Service, Stage, git};

/// A service's repository at its host, and CI's clone of it.
struct Host {
    folder: tempfile::TempDir,
    clone: Service,
}

impl Host {
    fn new(service: &Service) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("service.git").display().to_string();
        let source = service.root.display().to_string();
        git(
            folder.path(),
            &["clone", "--quiet", "--bare", &source, &bare],
        );
        let repository = folder.path().join("service.git");
        git(
            &repository,
            &["config", "receive.advertisePushOptions", "true"],
        );
        script(
            &repository.join("hooks/pre-receive"),
            "env | grep ^GIT_PUSH_OPTION_ | sort >>../options || true",
        );
        let url = format!("file://{bare}");
        git(
            folder.path(),
            &["clone", "--quiet", "--depth", "1", &url, "clone"],
        );
        let clone = Service {
            root: folder.path().join("clone"),
        };
        // What is not ours to start: the host's client, and cargo for this repository.
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).unwrap();
        script(
            &programs.join("gh"),
            "printf '%s\\n' \"$GH_TOKEN\" \"$@\" >>\"$HOST/requests\"",
        );
        script(
            &programs.join("cargo"),
            "if [ \"$1\" = xtask ]; then shift; exec \"$TOOL\" \"$@\"; fi; exec \"$CARGO\" \"$@\"",
        );
        Self { folder, clone }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the script; whether it ended well, and what it said.
    fn propose(&self, variables: &[(&str, &str)]) -> (bool, String) {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .arg("tools/propose-update")
            .current_dir(&self.clone.root)
            .env(
                "PATH",
                format!("{}:{path}", self.path("programs").display()),
            )
            .env("HOST", self.folder.path())
            .env("TOOL", env!("CARGO_BIN_EXE_service-tool"))
            .env("CARGO", real_cargo())
            .env("HOME", self.folder.path())
            .env("CARGO_HOME", home(".cargo", "CARGO_HOME"))
            .env("RUSTUP_HOME", home(".rustup", "RUSTUP_HOME"))
            .env_remove("TEMPLATE_UPDATE_TOKEN")
            .env_remove("GITLAB_CI")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.success(),
            said + &String::from_utf8_lossy(&output.stderr),
        )
    }

    fn has(&self, branch: &str) -> bool {
        let list = git(&self.path("service.git"), &["branch", "--list", branch]);
        !list.is_empty()
    }
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Not that of this toolchain: `cargo fmt` of another folder may have its own.
fn real_cargo() -> String {
    let output = Command::new("sh")
        .args(["-c", "command -v cargo"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn home(folder: &str, variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| format!("{}/{folder}", std::env::var("HOME").unwrap()))
}

const BRANCH: &str = "template-update-0.2.0";

fn next(template: &Path) {
    insert(
        &template.join("crates/chassis/src/lib.rs"),
        2,
        "// next-line",
    );
    edit(
        &template.join("hooks/platform.rhai"),
        "VERSION = \"0.1.0\"",
        "VERSION = \"0.2.0\"",
    );
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn github_gets_a_pull_request_once() {
    let stage = Stage::new();
    let host = Host::new(&stage.service("order-service", &["sample=none"]));
    let (well, said) = host.propose(&[]);
    assert!(well && said.contains("up to date"), "{said}");

    stage.release("0.2.0", next);
    let (well, said) = host.propose(&[]);
    assert!(
        well && said.contains("without the secret TEMPLATE_UPDATE_TOKEN"),
        "{said}"
    );
    assert!(!host.has(BRANCH));

    let token = [
        ("TEMPLATE_UPDATE_TOKEN", "s3cret"),
        ("GITHUB_REF_NAME", "main"),
    ];
    host.clone.update(&["--abort"]);
    let (well, said) = host.propose(&token);
    assert!(well, "{said}");
    assert!(!said.contains("s3cret"), "{said}");
    assert!(host.has(BRANCH));
    let asked = fs::read_to_string(host.path("requests")).unwrap();
    let asked: Vec<_> = asked.lines().collect();
    assert_eq!(
        asked[..9],
        [
            "s3cret",
            "pr",
            "create",
            "--base",
            "main",
            "--head",
            BRANCH,
            "--title",
            "Update the template from 0.1.0 to 0.2.0",
        ]
    );
    assert!(!asked.contains(&"--draft"));

    host.clone.update(&["--abort"]);
    let (well, said) = host.propose(&token);
    assert!(well && said.contains("is proposed already"), "{said}");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn gitlab_gets_a_merge_request_which_is_a_draft_with_conflicts() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none", "ci=gitlab"]);
    let place = "lto = \"fat\"";
    edit(&service.path("Cargo.toml"), place, "lto = \"thin\"");
    service.commit();
    let host = Host::new(&service);
    stage.release("0.2.0", |template| {
        next(template);
        for path in ["Cargo.toml", "template/none/Cargo.toml"] {
            edit(&template.join(path), place, "lto = \"off\"");
        }
    });
    let url = format!("file://{}", host.path("service").display());
    let (well, said) = host.propose(&[
        ("TEMPLATE_UPDATE_TOKEN", "s3cret"),
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_URL", &url),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_JOB_URL", "https://gitlab.invalid/jobs/1"),
    ]);
    assert!(well, "{said}");
    assert!(host.has(BRANCH), "{said}");
    let options = fs::read_to_string(host.path("options")).unwrap();
    for option in [
        "merge_request.create",
        "merge_request.target=main",
        "merge_request.title=Draft: Update the template from 0.1.0 to 0.2.0, with conflicts to settle",
        "merge_request.description=What came of it: https://gitlab.invalid/jobs/1",
    ] {
        assert!(options.contains(option), "{option}: {options}");
    }
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn what_cannot_be_updated_fails_and_says_why() {
    let stage = Stage::new();
    let host = Host::new(&stage.service("order-service", &["sample=none"]));
    let source = stage.template().display().to_string();
    edit(&host.clone.path(".template.toml"), &source, "/nowhere");
    git(
        &host.clone.root,
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@localhost",
            "commit",
            "-qam",
            "x",
        ],
    );
    let (well, said) = host.propose(&[("TEMPLATE_UPDATE_TOKEN", "s3cret")]);
    assert!(
        !well && said.contains("cannot be had from /nowhere"),
        "{said}"
    );
}

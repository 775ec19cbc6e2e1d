//! What strangers could slip into a build: rules for the files that say what a
//! build fetches and may do. They hold for this repository and for every
//! generated service.

mod docker;
mod github;
mod gitlab;
mod ignored;
#[cfg(test)]
mod together;
#[cfg(test)]
mod valid;

/// How a pipeline ends where an image has a hole that somebody has mended.
const SCAN: &str = "--only-fixed --fail-on high ";

/// What is wrong with the file `path` of a repository.
pub(crate) fn problems(path: &str, text: &str) -> Vec<String> {
    let found = if path.starts_with(".github/workflows/") {
        github::problems(text)
    } else if path == ".gitlab-ci.yml" {
        gitlab::problems(text)
    } else if path == "Dockerfile" {
        docker::problems(text)
    } else if path == ".gitignore" || path == ".dockerignore" {
        ignored::problems(path, text)
    } else {
        Vec::new()
    };
    let installed = installed(text).filter(|_| is_ci(path));
    found
        .into_iter()
        .chain(installed)
        .map(|problem| format!("{path}: {problem}"))
        .collect()
}

/// Whether `text` of the file `path` has dependencies checked when nothing changes.
pub(crate) fn checks_weekly(path: &str, text: &str) -> bool {
    match path {
        ".gitlab-ci.yml" => gitlab::checks_weekly(text),
        path if path.starts_with(".github/workflows/") => github::checks_weekly(text),
        _ => false,
    }
}

fn is_ci(path: &str) -> bool {
    path.starts_with(".github/") || path == ".gitlab-ci.yml" || path == "Dockerfile"
}

/// Lines that install whatever is the newest.
fn installed(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let newest = line.contains("cargo install")
            && !(line.contains("--version") && line.contains("--locked"));
        let latest = line.contains("go install") && line.contains("@latest");
        (newest || latest).then(|| format!("installs whatever is the newest: {}", line.trim()))
    })
}

/// Whether `image` says by its digest what it is, or is made in the same file.
fn is_pinned_image(image: &str) -> bool {
    image
        .split_once("@sha256:")
        .is_some_and(|(name, digest)| name.contains(':') && is_hex(digest, 64))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use crate::tree;

    use super::{SCAN, checks_weekly, problems};

    /// This repository's files and the ones that only a service has, each under
    /// the path that it has there.
    fn files() -> impl Iterator<Item = (String, String)> {
        let files = tree::files().unwrap().into_iter();
        files.filter_map(|path| {
            let text = std::fs::read_to_string(tree::root().join(&path)).ok()?;
            Some((path.trim_start_matches("template/").to_owned(), text))
        })
    }

    #[test]
    fn nothing_that_is_fetched_can_be_replaced_and_nothing_may_do_more_than_it_must() {
        let found: Vec<String> = files()
            .flat_map(|(path, text)| problems(&path, &text))
            .collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
        for path in [
            "Dockerfile",
            ".gitignore",
            ".dockerignore",
            ".gitlab-ci.yml",
        ] {
            assert!(files().any(|(file, _)| file == path), "{path} has gone");
        }
    }

    #[test]
    fn dependencies_are_checked_when_nothing_changes() {
        for place in [".github/workflows/", ".gitlab-ci.yml"] {
            let weekly = files()
                .filter(|(path, _)| path.starts_with(place))
                .any(|(path, text)| checks_weekly(&path, &text));
            assert!(weekly, "{place} has no scheduled check of dependencies");
        }
    }

    #[test]
    fn no_name_of_a_stranger_can_be_fetched() {
        for (path, text) in files() {
            for line in text.lines() {
                let hosted = [
                    "github.com/acme",
                    "gitlab.com/acme",
                    "docker.io/acme",
                    "ghcr.io/acme",
                ]
                .iter()
                .any(|host| line.contains(host) && !path.starts_with("xtask/src/"));
                let image = ["image: acme/", "--tag acme/", "registry: \"\""]
                    .iter()
                    .any(|name| line.contains(name) && !path.starts_with("xtask/src/"));
                assert!(!hosted && !image, "{path}: {line}");
            }
        }
    }

    #[test]
    fn an_image_that_nobody_looks_into_is_named() {
        let builds = format!(
            "permissions: {{}}\njobs:\n  one:\n    steps:\n      \
             - uses: docker/build-push-action@{} # v7\n",
            "0".repeat(40)
        );
        let scans = format!("{builds}      - run: grype {SCAN}x\n");
        let path = ".github/workflows/x.yml";
        assert_eq!(
            problems(path, &builds),
            [format!(
                "{path}: one: builds an image, and no step asks what is known against it"
            )]
        );
        assert!(problems(path, &scans).is_empty());
        let builds = "one:\n  script: [docker buildx build .]\n";
        let scans = format!("{builds}two:\n  script: [grype {SCAN}x]\n");
        let path = ".gitlab-ci.yml";
        assert_eq!(problems(path, builds).len(), 1);
        assert!(problems(path, &scans).is_empty());
    }

    #[test]
    fn what_would_let_them_in_is_named() {
        let job = |job: &str| {
            format!(
                "on: [push]\npermissions:\n  contents: read\njobs:\n  one:\n    steps: []\n{job}"
            )
        };
        for (path, text, said) in [
            (
                ".github/workflows/x.yml",
                job("    uses: a/b@v4 # v4\n"),
                "a/b@v4",
            ),
            (
                ".github/workflows/x.yml",
                job(&format!(
                    "  two:\n    steps:\n      - uses: a/b@{}\n",
                    "0".repeat(40)
                )),
                "which version",
            ),
            (
                ".github/workflows/x.yml",
                job("    permissions: { packages: write }\n"),
                "one: packages: write, but it pushes no image",
            ),
            (
                ".github/workflows/x.yml",
                job("    permissions: { id-token: write }\n"),
                "one: id-token: write, but it pushes no image and signs none",
            ),
            (
                ".github/workflows/x.yml",
                job("    permissions: write-all\n"),
                "write-all",
            ),
            (
                ".github/workflows/x.yml",
                "on: [push]\njobs: {}\n".into(),
                "permissions",
            ),
            (
                ".github/workflows/x.yml",
                "on: [pull_request_target]\npermissions: {}\njobs: {}\n".into(),
                "pull_request_target",
            ),
            (
                ".github/workflows/x.yml",
                job("    container: rust:1\n    services:\n      db: { image: \"postgres:17\" }\n"),
                "rust:1",
            ),
            (
                ".github/workflows/x.yml",
                job("# cargo install cargo-deny\n"),
                "newest",
            ),
            (
                ".gitlab-ci.yml",
                "a:\n  image: rust:1.95\n".into(),
                "rust:1.95",
            ),
            (
                ".gitlab-ci.yml",
                "a:\n  image: { name: rust }\n".into(),
                "rust",
            ),
            (
                ".gitlab-ci.yml",
                "a:\n  services: [docker:28-dind]\n".into(),
                "docker:28-dind",
            ),
            (
                ".gitlab-ci.yml",
                "a:\n  script: [docker push x]\n".into(),
                "a: pushes an image",
            ),
            (
                "Dockerfile",
                "FROM rust:1.95 AS build\nFROM build\nFROM scratch\n".into(),
                "rust:1.95",
            ),
            (
                "Dockerfile",
                "RUN x && cargo build --release\n".into(),
                "--locked",
            ),
            (
                "Dockerfile",
                "RUN cargo build --locked --release\nFROM scratch\n".into(),
                "names no crate",
            ),
            (".gitignore", "*.db\n".into(), "*.key"),
        ] {
            let found = problems(path, &text).join("\n");
            assert!(
                found.contains(said),
                "{path}: {text}: {found:?} lacks {said:?}"
            );
        }
    }
}

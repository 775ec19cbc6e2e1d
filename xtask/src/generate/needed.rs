//! Dependencies that nothing of the service names.

use anyhow::{Result, ensure};

use super::project::Project;

/// What only generated code names.
const GENERATED: [&str; 4] = ["prost", "prost-types", "tonic", "tonic-prost"];

/// Where the dependencies of each table may be named.
const TABLES: [(&str, &[&str]); 3] = [
    ("[dependencies]", &["src/"]),
    ("[build-dependencies]", &["build.rs"]),
    ("[dev-dependencies]", &["tests/", "examples/", "src/"]),
];

/// What resources need that are still to be added.
pub(crate) const RESOURCES: &[&str] =
    &["aip", "serde", "serde_json", "tokio", "tonic-types", "uuid"];

/// Fails where the manifest has one that is not needed.
pub(crate) fn check(project: &Project) -> Result<()> {
    check_but(project, &[])
}

/// The same, but for what `later` is for.
pub(crate) fn check_but(project: &Project, later: &[&str]) -> Result<()> {
    let manifest = String::from_utf8(project.read("Cargo.toml")?)?;
    let mut unneeded = Vec::new();
    for (table, places) in TABLES {
        let mut code = String::new();
        for path in &project.files {
            let is_rust = path.rsplit_once('.').is_some_and(|(_, kind)| kind == "rs");
            if is_rust && places.iter().any(|place| path.starts_with(place)) {
                code += &String::from_utf8(project.read(path)?)?;
            }
        }
        for name in names(&manifest, table) {
            if !GENERATED.contains(&name)
                && !later.contains(&name)
                && !says(&code, &name.replace('-', "_"))
            {
                unneeded.push(format!("{table} {name}"));
            }
        }
    }
    ensure!(
        unneeded.is_empty(),
        "Cargo.toml has what nothing names: {unneeded:?}"
    );
    Ok(())
}

/// What a table of the manifest names.
fn names<'a>(manifest: &'a str, table: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != table).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| !name.starts_with('#'))
        .collect()
}

/// Whether `code` has the word, as a path or in an attribute.
fn says(code: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        !before.ends_with(is_word) && (after.starts_with("::") || after.starts_with(';'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_count() {
        assert!(says("use http::Uri;", "http"));
        assert!(!says("http://x", "http"));
        assert!(!says("use my_http::Uri;", "http"));
    }

    #[test]
    fn a_table_ends_where_the_next_begins() {
        let manifest = "[dependencies]\na-b = \"1\"\n# c = d\n\n[features]\ne = []\n";
        assert_eq!(names(manifest, "[dependencies]"), ["a-b"]);
    }
}

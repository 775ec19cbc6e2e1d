//! The chart's README: its tables are written from what they describe.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::Place;
use super::values::documented;

/// Compares the table of values with values.yaml, or writes it.
pub(super) fn check(place: &Place, write: bool) -> Result<()> {
    replace(place, "values", &table(place)?, write)
}

/// Compares one marked table with `text`, or writes it.
pub(super) fn replace(place: &Place, mark: &str, text: &str, write: bool) -> Result<()> {
    let file = place.chart().join("README.md");
    let written = fs::read_to_string(&file)?;
    let (begin, end) = (
        format!("<!-- {mark}: begin -->\n"),
        format!("<!-- {mark}: end -->"),
    );
    let (before, rest) = written
        .split_once(&begin)
        .with_context(|| format!("helm/README.md has no {begin}"))?;
    let (_, after) = rest
        .split_once(&end)
        .with_context(|| format!("helm/README.md has no {end}"))?;
    let text = format!("{before}{begin}{text}{end}{after}");
    if write {
        fs::write(file, text)?;
        return Ok(());
    }
    ensure!(
        text == written,
        "helm/README.md is stale ({mark}); run `cargo lab chart --write`"
    );
    Ok(())
}

fn table(place: &Place) -> Result<String> {
    let mut text = String::from("| Value | Default | Meaning |\n|---|---|---|\n");
    for value in documented(place.chart())? {
        // The image is the one default with the service's name in it.
        let default = match value.default.as_str() {
            _ if value.path == "image.repository" => "the service's own".into(),
            "" => String::new(),
            long if long.len() > 48 => "see values.yaml".into(),
            short => format!("`{short}`"),
        };
        writeln!(
            text,
            "| `{}` | {default} | {} |",
            value.path,
            value.text.replace('|', "\\|")
        )?;
    }
    Ok(text)
}

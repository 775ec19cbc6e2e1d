//! Lines that one side put directly beside what the other changed. git calls that a
//! conflict, although neither touched a line that the other did.

use std::fs;

use super::work::Work;
use crate::Error;

/// Of a marker: no line of a file is one.
const LENGTH: usize = 131;

/// The three texts merged, if nothing else keeps git from merging them: what one side
/// inserted stays before, or after, what the other made of the lines there.
pub(super) fn merge(
    work: &Work,
    base: &str,
    ours: &str,
    theirs: &str,
) -> Result<Option<String>, Error> {
    let write = |text: &str| -> Result<String, Error> {
        let place = work.place("side");
        fs::write(&place, text).map_err(|error| Error::io(&place, &error))?;
        Ok(place.display().to_string())
    };
    let (ours, base, theirs) = (write(ours)?, write(base)?, write(theirs)?);
    let length = format!("--marker-size={LENGTH}");
    let said = (work.git).attempt(&[
        "merge-file",
        "-p",
        "--diff3",
        &length,
        &ours,
        &base,
        &theirs,
    ])?;
    // More than a hundred conflicts, or no text.
    if said.status.code().is_none_or(|code| code > 127) {
        return Ok(None);
    }
    let marked = String::from_utf8(said.stdout).ok();
    Ok(marked.and_then(|marked| settled(&marked)))
}

/// A merged text without its markers; nothing if one of its conflicts has to be settled
/// by somebody.
fn settled(marked: &str) -> Option<String> {
    let is = |line: &str, sign: char| line.chars().take_while(|it| *it == sign).count() == LENGTH;
    let mut text = String::new();
    let mut lines = marked.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if !is(line, '<') {
            text.push_str(line);
            continue;
        }
        let mut until = |sign| -> Vec<&str> {
            let of_side = lines.by_ref().take_while(|line| !is(line, sign));
            of_side.collect()
        };
        let (ours, base, theirs) = (until('|'), until('='), until('>'));
        let both = both(&base, &ours, &theirs).or_else(|| both(&base, &theirs, &ours))?;
        text.extend(both);
    }
    Some(text)
}

/// What `inserting` has more than `base`, beside `changed`. Where the other side took all of
/// it out, nobody knows whether what was put beside it still has a use.
fn both<'a>(base: &[&'a str], inserting: &[&'a str], changed: &[&'a str]) -> Option<Vec<&'a str>> {
    // Both before the same line, or both after it: which comes first, nobody knows.
    let inserts = changed.starts_with(base) || changed.ends_with(base);
    if base.is_empty() || changed.is_empty() || inserts || inserting == base {
        return None;
    }
    if let Some(before) = inserting.strip_suffix(base) {
        return Some([before, changed].concat());
    }
    let after = inserting.strip_prefix(base)?;
    Some([changed, after].concat())
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, settled};

    fn conflict(ours: &str, base: &str, theirs: &str) -> String {
        let [open, middle, sides, close] = ["<", "|", "=", ">"].map(|it| it.repeat(LENGTH));
        format!("a\n{open} o\n{ours}{middle} b\n{base}{sides}\n{theirs}{close} t\nz\n")
    }

    #[test]
    fn lines_beside_what_the_other_side_changed_stay_there() {
        for (ours, theirs, both) in [
            ("own\nold\n", "new\n", "own\nnew\n"),
            ("old\nown\n", "new\n", "new\nown\n"),
            ("new\nmore\n", "their\nold\n", "their\nnew\nmore\n"),
        ] {
            let merged = settled(&conflict(ours, "old\n", theirs));
            assert_eq!(merged, Some(format!("a\n{both}z\n")), "{ours} {theirs}");
        }
    }

    #[test]
    fn what_both_sides_changed_inserted_or_one_took_out_is_somebody_s_to_settle() {
        for (ours, base, theirs) in [
            ("own\n", "old\n", "new\n"),
            ("own\nold\n", "old\n", ""),
            ("own\n", "", "new\n"),
            ("own\nold\n", "old\n", "their\nold\n"),
        ] {
            let merged = settled(&conflict(ours, base, theirs));
            assert_eq!(merged, None, "{ours} {base} {theirs}");
        }
    }

    #[test]
    fn shorter_markers_are_text() {
        let text = "a\n<<<<<<< own\n=======\n>>>>>>> of the file\n";
        assert_eq!(settled(text).as_deref(), Some(text));
    }
}

//! Names in SQL. PostgreSQL keeps 63 bytes of one and drops the rest with a notice: of
//! two that begin alike the second is then there already.

use std::fmt::Write as _;

/// As many bytes as are kept.
pub(super) const LONGEST: usize = 63;

/// `sql` with each longer name cut, and told from others by what it was.
pub(super) fn fitted(sql: &str) -> String {
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(start) = rest.find(is_of_name) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|it| !is_of_name(it)).unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        out.push_str(before);
        if name.len() > LONGEST {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}_{:08x}", &name[..LONGEST - 9], hash(name));
        } else {
            out.push_str(name);
        }
        rest = after;
    }
    out + rest
}

/// FNV-1a: the same in every version of this crate.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, fitted};

    #[test]
    fn long_names_that_begin_alike_stay_two() {
        let begin = "x".repeat(70);
        let sql = format!("CREATE INDEX {begin}_a ON t (\"a\", id);\nDROP {begin}_b, short;");
        let fitted = fitted(&sql);
        let words: Vec<_> = fitted.split([' ', ',', ';', '\n']).collect();
        assert_eq!(words[0..2], ["CREATE", "INDEX"]);
        assert!(words.iter().all(|it| it.len() <= LONGEST), "{fitted}");
        let long: Vec<_> = words.iter().filter(|it| it.starts_with("xx")).collect();
        assert!(long.len() == 2 && long[0] != long[1], "{fitted}");
        assert!(fitted.ends_with(", short;"), "{fitted}");
    }
}

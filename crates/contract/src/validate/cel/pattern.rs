//! Regular expressions: RE2's syntax, which rules are written in, as the one of
//! the crate `regex`; and those that are plain enough to need none.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// `pattern` so that the crate `regex` takes it as RE2 does.
pub(crate) fn translated(pattern: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    let mut depth = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let Some(next) = letters.next() else {
                    return Err("it ends with a backslash".to_owned());
                };
                // Letters and digits are those of ASCII.
                match next {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    's' => out.push_str(r"[\t\n\x0c\r ]"),
                    'S' => out.push_str(r"[^\t\n\x0c\r ]"),
                    'w' => out.push_str("[0-9A-Za-z_]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    'b' if !depth => out.push_str(r"(?-u:\b)"),
                    'C' => return Err(r"\C is not understood".to_owned()),
                    'Q' => {
                        let mut quoted = String::new();
                        while let Some(letter) = letters.next() {
                            if letter == '\\' && letters.peek() == Some(&'E') {
                                letters.next();
                                break;
                            }
                            quoted.push(letter);
                        }
                        out.push_str(&regex_syntax::escape(&quoted));
                    }
                    _ => {
                        out.push('\\');
                        out.push(next);
                    }
                }
            }
            '[' if depth => {
                // A bracket within brackets is itself, unless it names a class.
                if letters.peek() != Some(&':') {
                    out.push('\\');
                }
                out.push('[');
                if letters.peek() == Some(&':') {
                    for letter in letters.by_ref() {
                        out.push(letter);
                        if letter == ']' {
                            break;
                        }
                    }
                }
            }
            '[' => {
                depth = true;
                out.push('[');
                if letters.peek() == Some(&'^') {
                    letters.next();
                    out.push('^');
                }
                if letters.peek() == Some(&']') {
                    letters.next();
                    out.push_str("\\]");
                }
            }
            ']' if depth => {
                depth = false;
                out.push(']');
            }
            '&' | '~' if depth => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    regex::Regex::new(&out).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default();
        why.trim_start_matches("error: ").to_owned()
    })?;
    Ok(out)
}

/// The pattern as `__v::cel::Piece`s, if it is nothing but some ASCII characters,
/// so many of each, one after the other: then the longest of each is the only
/// way to match.
pub(super) fn pieces(translated: &str) -> Option<String> {
    let hir = regex_syntax::parse(translated).ok()?;
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let [first, parts @ .., last] = parts.as_slice() else {
        return None;
    };
    let is = |hir: &Hir, look| matches!(hir.kind(), HirKind::Look(it) if *it == look);
    if !is(first, Look::Start) || !is(last, Look::End) {
        return None;
    }
    let mut pieces = Vec::new();
    for part in parts {
        piece(part, &mut pieces)?;
    }
    for (place, (of, least, most)) in pieces.iter().enumerate() {
        if Some(*least) == *most {
            continue;
        }
        // What may come next must not be what this one could take.
        for (next, least, _) in &pieces[place + 1..] {
            if of & next != 0 {
                return None;
            }
            if *least > 0 {
                break;
            }
        }
    }
    let mut out = String::new();
    for (of, least, most) in &pieces {
        let most = most.map_or("usize::MAX".to_owned(), |it| it.to_string());
        let _ = write!(
            out,
            "__v::cel::Piece {{ of: const {{ &__v::cel::Class::new({of:#x}) }}, least: {least}, most: {most} }}, "
        );
    }
    Some(out)
}

/// Which characters, and at least and at most how many.
type Shape = (u128, u32, Option<u32>);

fn piece(hir: &Hir, pieces: &mut Vec<Shape>) -> Option<()> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            for byte in &literal.0 {
                if !byte.is_ascii() {
                    return None;
                }
                pieces.push((1 << byte, 1, Some(1)));
            }
        }
        HirKind::Class(class) => pieces.push((set(class)?, 1, Some(1))),
        HirKind::Repetition(it) if it.greedy => {
            let mut inner: Vec<Shape> = Vec::new();
            piece(&it.sub, &mut inner)?;
            match inner.as_slice() {
                [(of, 1, Some(1))] => pieces.push((*of, it.min, it.max)),
                // Several, so many times.
                _ if it.max == Some(it.min) && it.min <= 16 => {
                    for _ in 0..it.min {
                        pieces.extend_from_slice(&inner);
                    }
                }
                _ => return None,
            }
        }
        HirKind::Capture(it) => piece(&it.sub, pieces)?,
        HirKind::Concat(parts) => {
            for part in parts {
                piece(part, pieces)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn set(class: &Class) -> Option<u128> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut of = 0;
    for range in class.ranges() {
        let (start, end) = (u32::from(range.start()), u32::from(range.end()));
        if end > 127 {
            return None;
        }
        of |= (start..=end).fold(0, |of, it| of | 1_u128 << it);
    }
    Some(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_means_in_re2() {
        let matches = |pattern: &str, text: &str| {
            let pattern = translated(pattern).unwrap();
            regex::Regex::new(&pattern).unwrap().is_match(text)
        };
        // Digits of other alphabets are none.
        assert!(matches(r"^\d$", "7") && !matches(r"^\d$", "٧"));
        assert!(matches(r"^[\W]$", "é") && matches(r"^[^\s]$", "a"));
        assert!(matches(r"^[[a]$", "[") && matches("^[]a]$", "]"));
        assert!(matches(r"^[a&&b]$", "&") && matches(r"^[[:alpha:]~~]$", "~"));
        assert!(matches(r"^\Qa.b\E$", "a.b") && !matches(r"^\Qa.b\E$", "axb"));
    }

    #[test]
    fn a_pattern_that_is_none_says_why() {
        for (pattern, why) in [
            ("(", "unclosed group"),
            (
                "a{2,1}",
                "invalid repetition count range, the start must be <= the end",
            ),
            (r"a\", "it ends with a backslash"),
            (r"(a)\1", "backreferences are not supported"),
        ] {
            assert_eq!(translated(pattern), Err(why.to_owned()), "{pattern}");
        }
    }

    #[test]
    fn only_what_one_pass_can_match_is_made_of_pieces() {
        for plain in [
            "^[a-z]{1,64}$",
            "^a[0-9]+-x?$",
            "^things/[0-9a-f]{8}(-[0-9a-f]{4}){3}$",
        ] {
            let translated = translated(plain).unwrap();
            assert!(pieces(&translated).is_some(), "{plain}");
        }
        for other in [
            "^a*a$",
            "[a-z]",
            "^é$",
            "^a|b$",
            "^[a-z]*[0-9]?[a-z]$",
            "^a+?$",
        ] {
            let translated = translated(other).unwrap();
            assert_eq!(pieces(&translated), None, "{other}");
        }
    }
}

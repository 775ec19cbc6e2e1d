//! `'…'.format([…])`.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Duration, Timestamp};

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg<'a> {
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A number.
    Uint(u64),
    /// A number.
    Double(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A length of time.
    Duration(Duration),
    /// A point in time.
    Timestamp(Timestamp),
    /// Some of one type.
    List(Vec<Arg<'a>>),
}

macro_rules! from {
    ($($from:ty => $to:ident),* $(,)?) => {
        $(impl<'a> From<$from> for Arg<'a> {
            fn from(value: $from) -> Self {
                Self::$to(value.into())
            }
        })*
    };
}

from! {
    bool => Bool,
    i64 => Int,
    u64 => Uint,
    f64 => Double,
    &'a str => Text,
    Cow<'a, str> => Text,
    &'a [u8] => Bytes,
    Cow<'a, [u8]> => Bytes,
    Duration => Duration,
    Timestamp => Timestamp,
}

/// `template` with its placeholders replaced: `%s` as text, `%d`, `%f`, `%e`,
/// `%x`, `%X`, `%o`, `%b`; `%%` is a percent sign. What is missing is left out.
#[must_use]
pub fn format(template: &str, args: &[Arg<'_>]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let precision = rest.strip_prefix('.').map(|after| {
            let end = after.find(|it: char| !it.is_ascii_digit());
            let (digits, after) = after.split_at(end.unwrap_or(after.len()));
            rest = after;
            digits.parse().unwrap_or(6)
        });
        let Some(verb) = rest.chars().next() else {
            break;
        };
        rest = &rest[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
        } else if let Some(arg) = args.next() {
            write(&mut out, verb, precision.unwrap_or(6), arg);
        }
    }
    out.push_str(rest);
    out
}

/// As `%s` writes it.
#[must_use]
pub fn text_of(arg: &Arg<'_>) -> String {
    let mut out = String::new();
    plain(&mut out, arg);
    out
}

fn write(out: &mut String, verb: char, precision: usize, arg: &Arg<'_>) {
    // Writing to a string cannot fail.
    let _ = match (verb, arg) {
        ('f', Arg::Double(it)) => write!(out, "{it:.precision$}"),
        ('e', Arg::Double(it)) => write!(out, "{it:.precision$e}"),
        ('b', Arg::Int(it)) if *it < 0 => write!(out, "-{:b}", it.unsigned_abs()),
        ('b', Arg::Int(it)) => write!(out, "{it:b}"),
        ('b', Arg::Uint(it)) => write!(out, "{it:b}"),
        ('b', Arg::Bool(it)) => write!(out, "{}", u8::from(*it)),
        ('o', Arg::Int(it)) => write!(out, "{it:o}"),
        ('o', Arg::Uint(it)) => write!(out, "{it:o}"),
        ('x', Arg::Int(it)) => write!(out, "{it:x}"),
        ('X', Arg::Int(it)) => write!(out, "{it:X}"),
        ('x', Arg::Uint(it)) => write!(out, "{it:x}"),
        ('X', Arg::Uint(it)) => write!(out, "{it:X}"),
        ('x' | 'X', Arg::Text(it)) => return hexadecimal(out, it.as_bytes(), verb == 'X'),
        ('x' | 'X', Arg::Bytes(it)) => return hexadecimal(out, it, verb == 'X'),
        _ => return plain(out, arg),
    };
}

fn hexadecimal(out: &mut String, bytes: &[u8], upper: bool) {
    for byte in bytes {
        let _ = if upper {
            write!(out, "{byte:02X}")
        } else {
            write!(out, "{byte:02x}")
        };
    }
}

fn plain(out: &mut String, arg: &Arg<'_>) {
    let _ = match arg {
        Arg::Bool(it) => write!(out, "{it}"),
        Arg::Int(it) => write!(out, "{it}"),
        Arg::Uint(it) => write!(out, "{it}"),
        Arg::Double(it) if it.is_nan() => write!(out, "NaN"),
        Arg::Double(it) if it.is_infinite() => {
            write!(out, "{}Infinity", if *it < 0.0 { "-" } else { "" })
        }
        Arg::Double(it) => write!(out, "{it}"),
        Arg::Text(it) => write!(out, "{it}"),
        Arg::Bytes(it) => write!(out, "{}", String::from_utf8_lossy(it)),
        Arg::Duration(it) => write!(out, "{it}"),
        Arg::Timestamp(it) => write!(out, "{it}"),
        Arg::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                plain(out, item);
            }
            out.push(']');
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_written_as_cel_writes_them() {
        let list = Arg::List(vec![Arg::from("a"), Arg::from("b")]);
        for (template, args, expected) in [
            (
                "%s and %d%%",
                vec![Arg::from("x"), Arg::from(7_i64)],
                "x and 7%",
            ),
            ("in %s", vec![list], "in [a, b]"),
            ("%x", vec![Arg::from(&b"\x01\xff"[..])], "01ff"),
            ("%.2f %s", vec![Arg::from(1.005), Arg::from(1.0)], "1.00 1"),
            ("%s", vec![], ""),
            ("%", vec![], ""),
        ] {
            assert_eq!(format(template, &args), expected);
        }
    }
}

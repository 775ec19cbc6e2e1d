//! Texts and bytes.

use protox::prost_reflect::{DynamicMessage, Value};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{count, given, only};
use crate::validate::translated;

/// What is well known, and two of it.
const KNOWN: [(&str, [&str; 2]); 11] = [
    ("email", ["one@example.com", "another@example.com"]),
    ("hostname", ["one.example", "another.example"]),
    ("ip", ["192.0.2.1", "192.0.2.2"]),
    ("ipv4", ["192.0.2.1", "192.0.2.2"]),
    ("ipv6", ["2001:db8::1", "2001:db8::2"]),
    ("uri", ["https://one.example/", "https://another.example/"]),
    ("uri_ref", ["/one", "/another"]),
    ("address", ["one.example", "another.example"]),
    (
        "uuid",
        [
            "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f",
            "0a9b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3",
        ],
    ),
    (
        "tuuid",
        [
            "6f1c2f0e3a5b4c7d9e8f0a1b2c3d4e5f",
            "0a9b1c2d3e4f4a5b8c6d7e8f90a1b2c3",
        ],
    ),
    ("host_and_port", ["one.example:80", "another.example:80"]),
];

/// Rules that are looked at besides.
const LIMITS: [&str; 14] = [
    "const",
    "len",
    "min_len",
    "max_len",
    "len_bytes",
    "min_bytes",
    "max_bytes",
    "pattern",
    "prefix",
    "suffix",
    "contains",
    "not_contains",
    "in",
    "not_in",
];

/// The longest that is made.
const LONGEST: u64 = 1_000;

/// Those that `rules` allow, of some that are likely.
pub(super) fn texts(rules: Option<&DynamicMessage>) -> Option<Vec<Value>> {
    let plain = ["one", "another"].map(str::to_owned).to_vec();
    let Some(rules) = rules else {
        return Some(plain.into_iter().map(Value::String).collect());
    };
    let known = KNOWN.iter().map(|(name, _)| *name);
    let names: Vec<_> = known.chain(LIMITS).chain(["example", "strict"]).collect();
    only(rules, &names)?;
    let pattern = match text(rules, "pattern") {
        Some(pattern) => Some(translated(&pattern).ok()?),
        None => None,
    };
    let known = KNOWN.iter().find(|(name, _)| given(rules, name).is_some());
    let mut all = match known {
        Some((_, two)) => two.map(str::to_owned).to_vec(),
        None => plain,
    };
    if known.is_none() {
        all.extend(longer(rules));
        if let Some(pattern) = &pattern {
            let hir = regex_syntax::parse(pattern).ok()?;
            for other in [false, true] {
                let mut out = String::new();
                if write(&hir, other, &mut out).is_some() {
                    all.push(out);
                }
            }
        }
    }
    all.extend(list(rules, "in").into_iter().chain(list(rules, "example")));
    all.extend(text(rules, "const"));
    let pattern = match &pattern {
        Some(pattern) => Some(regex::Regex::new(pattern).ok()?),
        None => None,
    };
    all.retain(|it| {
        allows(rules, it) && pattern.as_ref().is_none_or(|pattern| pattern.is_match(it))
    });
    (!all.is_empty()).then(|| all.into_iter().map(Value::String).collect())
}

/// With what they begin, end with and hold, as long as they have to be.
fn longer(rules: &DynamicMessage) -> Vec<String> {
    let length = ["len", "min_len", "len_bytes", "min_bytes"];
    let length = length.iter().filter_map(|it| count(rules, it)).max();
    let length = usize::try_from(length.unwrap_or(0).clamp(1, LONGEST)).unwrap_or_default();
    let part = |name: &str| text(rules, name).unwrap_or_default();
    let (begin, end) = (part("prefix"), part("contains") + &part("suffix"));
    ["a", "b"]
        .map(|letter| {
            let fill = length.saturating_sub(begin.chars().count() + end.chars().count());
            format!("{begin}{}{end}", letter.repeat(fill))
        })
        .into_iter()
        .chain(["one", "another"].map(|it| format!("{begin}{it}{end}")))
        .collect()
}

fn allows(rules: &DynamicMessage, it: &str) -> bool {
    let (letters, bytes) = (it.chars().count() as u64, it.len() as u64);
    let is = |name: &str, holds: &dyn Fn(u64) -> bool| count(rules, name).is_none_or(holds);
    let says = |name: &str, holds: &dyn Fn(&str) -> bool| {
        text(rules, name).is_none_or(|said| holds(&said))
    };
    let among = list(rules, "in");
    is("len", &|said| letters == said)
        && is("min_len", &|said| letters >= said)
        && is("max_len", &|said| letters <= said)
        && is("len_bytes", &|said| bytes == said)
        && is("min_bytes", &|said| bytes >= said)
        && is("max_bytes", &|said| bytes <= said)
        && says("const", &|said| it == said)
        && says("prefix", &|said| it.starts_with(said))
        && says("suffix", &|said| it.ends_with(said))
        && says("contains", &|said| it.contains(said))
        && says("not_contains", &|said| !it.contains(said))
        && (among.is_empty() || among.iter().any(|said| said == it))
        && !list(rules, "not_in").iter().any(|said| said == it)
}

/// So long as `rules` want them.
pub(super) fn bytes(rules: Option<&DynamicMessage>) -> Option<Vec<Value>> {
    let of = |byte: u8, length: usize| Value::Bytes(vec![byte; length].into());
    let Some(rules) = rules else {
        return Some(vec![of(1, 1), of(2, 1)]);
    };
    only(rules, &["len", "min_len", "max_len"])?;
    let least = count(rules, "len").or(count(rules, "min_len")).unwrap_or(1);
    let length = least.max(1);
    let fits = count(rules, "max_len").is_none_or(|most| length <= most) && length <= LONGEST;
    let length = usize::try_from(length).ok()?;
    fits.then(|| vec![of(1, length), of(2, length)])
}

fn text(rules: &DynamicMessage, name: &str) -> Option<String> {
    given(rules, name)?.as_str().map(str::to_owned)
}

fn list(rules: &DynamicMessage, name: &str) -> Vec<String> {
    let value = given(rules, name);
    let items = value.as_ref().and_then(Value::as_list).unwrap_or_default();
    items
        .iter()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

/// A text that the expression matches, or another one: whoever asks tries it.
fn write(hir: &Hir, other: bool, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(it) => out.push_str(std::str::from_utf8(&it.0).ok()?),
        HirKind::Class(it) => out.push(letter(it, other)?),
        HirKind::Repetition(it) => {
            let most = it.max.unwrap_or(u32::MAX);
            let times = (it.min.max(1) + u32::from(other)).min(most).max(it.min);
            if u64::from(times) > LONGEST {
                return None;
            }
            for _ in 0..times {
                write(&it.sub, other, out)?;
            }
        }
        HirKind::Capture(it) => write(&it.sub, other, out)?,
        HirKind::Concat(all) => all.iter().try_for_each(|it| write(it, other, out))?,
        HirKind::Alternation(all) => {
            let chosen = if other { all.last() } else { all.first() };
            write(chosen?, other, out)?;
        }
    }
    Some(())
}

/// One of the class; one that people read, if there is.
fn letter(class: &Class, other: bool) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let has = |it: char| {
        class
            .ranges()
            .iter()
            .any(|range| range.start() <= it && it <= range.end())
    };
    let likely = if other { "bBz1-Z9" } else { "aA0_x" };
    let found = likely.chars().chain('!'..='~').find(|it| has(*it));
    found.or_else(|| {
        class
            .ranges()
            .first()
            .map(regex_syntax::hir::ClassUnicodeRange::start)
    })
}

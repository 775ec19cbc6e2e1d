//! The files of a new resource.

use super::fields::{Field, Kind, is_snake};
use crate::Error;

/// What it is called, everywhere.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// `payment`
    pub(super) one: String,
    /// `payments`
    pub(super) many: String,
    /// `Payment`
    pub(super) pascal: String,
    /// `Payments`
    pub(super) plural: String,
    /// `shop.payment.v1`
    pub(super) package: String,
}

/// Names that a service's library or a test has already, beside the keywords.
const TAKEN: [&str; 12] = [
    "contract",
    "inventory",
    "proto",
    "publish",
    "settings",
    "smoke",
    "service",
    "store",
    "aip",
    "helpers",
    "rules",
    "relay",
];

impl Names {
    /// Of the resource `one` in the packages of `organisation`.
    pub(super) fn new(one: &str, organisation: &str) -> Result<Self, Error> {
        if !is_snake(one) || one.len() > 40 {
            return Err(Error::new(format!(
                "{one}: a resource is a singular noun in snake_case of at most 40 letters, such as \
                 payment"
            )));
        }
        if TAKEN.contains(&one) || syn::parse_str::<syn::Ident>(one).is_err() {
            return Err(Error::new(format!(
                "{one} names a part of the service or is a word of Rust: add a word, such as {one}_record"
            )));
        }
        let many = plural(one);
        Ok(Self {
            pascal: pascal(one),
            plural: pascal(&many),
            package: format!("{organisation}.{one}.v1"),
            one: one.to_owned(),
            many,
        })
    }
}

fn plural(one: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|it| one.ends_with(it));
    match one.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

fn pascal(snake: &str) -> String {
    let mut name = String::new();
    for word in snake.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        name.extend(letters);
    }
    name
}

/// Path and text of each.
pub(super) fn files(names: &Names, fields: &[Field]) -> Vec<(String, String)> {
    let Names { one, package, .. } = names;
    let proto = format!("proto/{}/{one}.proto", package.replace('.', "/"));
    [
        (proto, include_str!("template/resource.proto")),
        (
            format!("src/{one}.rs"),
            include_str!("template/resource.rs.txt"),
        ),
        (
            format!("src/{one}/model.rs"),
            include_str!("template/model.rs.txt"),
        ),
        (
            format!("src/{one}/table.rs"),
            include_str!("template/table.rs.txt"),
        ),
        (
            format!("src/{one}/grpc.rs"),
            include_str!("template/grpc.rs.txt"),
        ),
        (
            format!("src/{one}/boot.rs"),
            include_str!("template/boot.rs.txt"),
        ),
        (
            format!("tests/api/{one}.rs"),
            include_str!("template/tests.rs.txt"),
        ),
        (
            format!("migrations/{one}/sqlite/0001_initial.sql"),
            include_str!("template/sqlite.sql"),
        ),
        (
            format!("migrations/{one}/postgres/0001_initial.sql"),
            include_str!("template/postgres.sql"),
        ),
    ]
    .into_iter()
    .map(|(path, template)| (path, filled(template, names, fields)))
    .collect()
}

/// `template` with the names. Lines behind `KIND@@` are there for each field of that
/// kind, those that follow each other as a block.
fn filled(template: &str, names: &Names, fields: &[Field]) -> String {
    let mut text = String::new();
    let mut number = 1;
    let mut lines = template.lines().map(split).peekable();
    while let Some((which, line)) = lines.next() {
        let Some(which) = which else {
            text = text + line + "\n";
            continue;
        };
        // Those that follow each other belong together.
        let mut block = line.to_owned() + "\n";
        while let Some((_, line)) = lines.next_if(|(other, _)| *other == Some(which)) {
            block = block + line + "\n";
        }
        for field in fields.iter().filter(|it| is_meant(which, it)) {
            number += usize::from(block.contains("%number%"));
            text += &block
                .replace("%field%", &field.name)
                .replace("%proto%", field.kind.proto())
                .replace("%options%", &options(field))
                .replace("%rust%", field.kind.rust())
                .replace("%number%", &number.to_string())
                .replace("%sample%", field.kind.samples()[0])
                .replace("%other%", field.kind.samples()[1]);
        }
    }
    let count = fields.len();
    text.replace("%one%", &names.one)
        .replace("%many%", &names.many)
        .replace("%One%", &names.pascal)
        .replace("%Many%", &names.plural)
        .replace("%ONE%", &names.one.to_ascii_uppercase())
        .replace("%package%", &names.package)
        .replace("%module%", &names.package.replace('.', "::"))
        .replace("%number+1%", &(count + 2).to_string())
        .replace("%number+2%", &(count + 3).to_string())
        .replace("%number+3%", &(count + 4).to_string())
}

/// What the .proto says of a field besides.
fn options(field: &Field) -> String {
    let mut options = Vec::new();
    if field.is_fixed {
        options.push("(google.api.field_behavior) = IMMUTABLE");
    }
    if field.kind == Kind::Text {
        options.push("(buf.validate.field).string.max_len = 1000");
    }
    match options[..] {
        [] => String::new(),
        [only] => format!(" [{only}]"),
        _ => format!(" [\n    {}\n  ]", options.join(",\n    ")),
    }
}

/// What stands before `@@`, if anything, and the rest of a line.
fn split(line: &str) -> (Option<&str>, &str) {
    match line.split_once("@@") {
        Some((which, line)) => (Some(which), line),
        None => (None, line),
    }
}

/// `fixed`, `free` (it can change), `text`, `free text`, `free other` or `all`.
fn is_meant(which: &str, field: &Field) -> bool {
    which.split(' ').all(|word| match word {
        "fixed" => field.is_fixed,
        "free" => !field.is_fixed,
        "text" => field.kind == Kind::Text,
        "other" => field.kind != Kind::Text,
        _ => true,
    })
}

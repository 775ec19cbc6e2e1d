//! The files of a new resource.

use heck::ToSnakeCase as _;

use super::fields::{Field, Kind, is_snake};
use super::identifier::fitted;
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
    /// What its names begin with; `payments`
    pub(super) collection: String,
    /// `shop.payment.v1`
    pub(super) package: String,
    /// `shop::payment::v1`
    pub(super) module: String,
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
        if TAKEN.contains(&one) || is_keyword(one) {
            return Err(Error::new(format!(
                "{one} names a part of the service or is a word of Rust: add a word, such as {one}_record"
            )));
        }
        let many = plural(one);
        let package = format!("{organisation}.{one}.v1");
        Ok(Self {
            pascal: pascal(one),
            plural: pascal(&many),
            module: package.replace('.', "::"),
            package,
            one: one.to_owned(),
            collection: many.clone(),
            many,
        })
    }

    /// In `package` instead.
    pub(super) fn within(mut self, package: &str) -> Self {
        package.clone_into(&mut self.package);
        self
    }

    /// With `collection` for many of them, or why they cannot be called so.
    pub(super) fn collected(mut self, collection: &str) -> Result<Self, String> {
        let is_word = |it: char| it.is_ascii_alphanumeric();
        let many = collection.to_snake_case();
        if !collection.chars().all(is_word) || !is_snake(&many) || is_keyword(&many) {
            return Err(format!(
                "its collection is called {collection}, which is no plural noun in camelCase (AIP-122)"
            ));
        }
        if many == self.one {
            return Err(format!(
                "many of them are called {collection}, as one is, and an rpc or a type of many could \
                 not be told from one of one; call the collection otherwise, such as {}",
                plural(&many)
            ));
        }
        self.plural = pascal(&many);
        self.many = many;
        collection.clone_into(&mut self.collection);
        Ok(self)
    }

    /// What the .proto of its service declares.
    pub(super) fn declared(&self) -> Vec<String> {
        let (one, many) = (&self.pascal, &self.plural);
        vec![
            format!("{one}Service"),
            format!("Create{one}Request"),
            format!("Get{one}Request"),
            format!("List{many}Request"),
            format!("List{many}Response"),
            format!("Update{one}Request"),
            format!("Watch{many}Request"),
            format!("Watch{many}Response"),
        ]
    }
}

fn is_keyword(word: &str) -> bool {
    syn::parse_str::<syn::Ident>(word).is_err()
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
    snake.split('_').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Path and text of the .proto that declares it and its service.
pub(super) fn proto(names: &Names, fields: &[Field]) -> (String, String) {
    let Names { one, package, .. } = names;
    let path = format!("proto/{}/{one}.proto", package.replace('.', "/"));
    let template = include_str!("template/resource.proto");
    (path, filled(template, names, &Shape::of(fields)))
}

/// Path and text of the .proto that declares its service beside the message, which `file`
/// declares.
pub(super) fn service(names: &Names, file: &str) -> (String, String) {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if folder.is_empty() {
        format!("{}_service.proto", names.one)
    } else {
        format!("{folder}/{}_service.proto", names.one)
    };
    let template = include_str!("template/resource.proto");
    let stamps = "import \"google/protobuf/timestamp.proto\";\n";
    let mut text = filled(template, names, &Shape::of(&[])).replace(stamps, "");
    // The message itself is the team's.
    let begins = format!("message {} {{\n", names.pascal);
    if let Some((before, rest)) = text.split_once(&begins)
        && let Some((_, after)) = rest.split_once("\n}\n\n")
    {
        text = format!("{before}{after}");
    }
    let first = "import \"buf/validate/validate.proto\";\n";
    let own = format!("import \"{file}\";\n{first}");
    (path, text.replacen(first, &own, 1))
}

/// More of them in a function, and clippy says so.
const MOST_LINES: usize = 95;

/// What a resource has, and what tests can know of it.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands behind lines of its own"
)]
pub(super) struct Shape<'a> {
    pub(super) fields: &'a [Field],
    /// Whether the message has fields besides.
    pub(super) is_partial: bool,
    /// Whether rules of its own say what its fields may hold, and not those that
    /// [`proto`] writes.
    pub(super) has_rules: bool,
    pub(super) is_described: bool,
    /// Whether `name` of the message knows that it was not set, and whether `etag` does.
    pub(super) is_optional: [bool; 2],
    /// Whether the service can have it in a file of SQLite.
    pub(super) has_files: bool,
    /// Whether the service's command `migrate` waits for its database.
    pub(super) is_waiting: bool,
}

impl<'a> Shape<'a> {
    /// Of fields that this crate declares.
    pub(super) fn of(fields: &'a [Field]) -> Self {
        Self {
            fields,
            is_partial: false,
            has_rules: false,
            is_described: false,
            is_optional: [false; 2],
            has_files: true,
            is_waiting: true,
        }
    }

    /// About how many lines it takes to read all fields of a message.
    fn lines(&self) -> usize {
        let lines = |it: &Field| match it.kind {
            Kind::Map => 7,
            Kind::Packed => 4,
            _ => 1,
        };
        self.fields.iter().map(lines).sum()
    }

    /// Whether lines behind `if WHICH@@` are there.
    fn has(&self, which: &str) -> bool {
        let any = |is: &dyn Fn(&Field) -> bool| self.fields.iter().any(is);
        match which {
            "packed" => any(&|it| it.kind == Kind::Packed),
            "map" => any(&|it| it.kind == Kind::Map),
            "coded" => any(&|it| is_coded(it.kind)),
            "deprecated" => any(&|it| it.is_deprecated),
            "long" => self.lines() > MOST_LINES,
            "plain name" => !self.is_optional[0],
            "optional name" => self.is_optional[0],
            "plain etag" => !self.is_optional[1],
            "optional etag" => self.is_optional[1],
            "partial" => self.is_partial,
            "sqlite" => self.has_files,
            "waiting" => self.is_waiting,
            "once" => !self.is_waiting,
            "unknown" => self.has_rules,
            "limited" => !self.is_described,
            "unlimited" => self.is_described,
            _ => false,
        }
    }
}

/// Path and text of each of the others.
pub(super) fn files(names: &Names, shape: &Shape<'_>) -> Vec<(String, String)> {
    let one = &names.one;
    [
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
    .map(|(path, template)| {
        let text = filled(template, names, shape);
        let is_sql = path.strip_suffix(".sql").is_some();
        let text = if is_sql { fitted(&text) } else { text };
        (path, text)
    })
    .collect()
}

/// `template` with the names. Lines behind `KIND@@` are there for each field of that
/// kind, those that follow each other as a block.
fn filled(template: &str, names: &Names, shape: &Shape<'_>) -> String {
    let fields = shape.fields;
    let mut text = String::new();
    let mut number = 1;
    let mut lines = template.lines().map(split).peekable();
    while let Some((which, line)) = lines.next() {
        let Some(which) = which else {
            text = text + line + "\n";
            continue;
        };
        if let Some(which) = which.strip_prefix("if ") {
            if shape.has(which) {
                text = text + line + "\n";
            }
            continue;
        }
        // Those that follow each other belong together.
        let mut block = line.to_owned() + "\n";
        while let Some((_, line)) = lines.next_if(|(other, _)| *other == Some(which)) {
            block = block + line + "\n";
        }
        for field in fields.iter().filter(|it| is_meant(which, it, shape)) {
            number += usize::from(block.contains("%number%"));
            text += &block
                .replace("%field%", &field.name)
                .replace("%proto%", field.kind.proto())
                .replace("%options%", &options(field))
                .replace("%rust%", field.kind.rust())
                .replace("%how%", how(field.kind))
                .replace("%number%", &number.to_string())
                .replace("%sample%", sample(field, 0))
                .replace("%other%", sample(field, 1));
        }
    }
    let count = fields.len();
    let (one, many) = (names.one.replace('_', " "), names.many.replace('_', " "));
    text.replace("%one words%", &one)
        .replace("%many words%", &many)
        .replace("%Many words%", &capital(&many))
        .replace("%one%", &names.one)
        .replace("%many%", &names.many)
        .replace("%One%", &names.pascal)
        .replace("%Many%", &names.plural)
        .replace("%ONE%", &names.one.to_ascii_uppercase())
        .replace("%package%", &names.package)
        .replace("%module%", &names.module)
        .replace("%collection%", &names.collection)
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

/// `fixed`, `free` (it can change), `text` (kept as one), `other`, `plain` (as in the
/// message), `packed`, `map`, `coded` (one of these two), `known` (tests set it), `limited`
/// (its length is, by the .proto that is written here), some of them together, or `all`.
fn is_meant(which: &str, field: &Field, shape: &Shape<'_>) -> bool {
    let is_coded = is_coded(field.kind);
    let is_text = field.kind == Kind::Text || is_coded;
    which.split(' ').all(|word| match word {
        "fixed" => field.is_fixed,
        "free" => !field.is_fixed,
        "text" => is_text,
        "other" => !is_text,
        "plain" => !is_coded,
        "packed" => field.kind == Kind::Packed,
        "map" => field.kind == Kind::Map,
        "coded" => is_coded,
        "known" => field.is_known(),
        "limited" => field.kind == Kind::Text && !shape.is_described,
        _ => true,
    })
}

fn is_coded(kind: Kind) -> bool {
    matches!(kind, Kind::Map | Kind::Packed)
}

fn sample(field: &Field, which: usize) -> &str {
    field.samples.as_ref().map_or("", |it| &it[which])
}

/// What a comment says of how it is kept.
fn how(kind: Kind) -> &'static str {
    if is_coded(kind) { ", encoded" } else { "" }
}

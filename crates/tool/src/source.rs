//! Where in somebody's Rust something is, and what is put there. Only ever
//! insertions: what stands around them stays, byte for byte.

use std::cmp::Ordering;
use std::ops::Range;

use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{ImplItem, Item, ItemImpl};

use crate::generated::{Rpc, Service};
use crate::{Error, Project};

/// Where a service's handler is.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file, in the project.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The functions that are there, and their lines.
    pub(crate) functions: Vec<(String, usize)>,
    /// Where the implementation's closing brace is.
    pub(crate) end: usize,
}

impl Found {
    /// Whether it has the rpc's function.
    pub(crate) fn has(&self, rpc: &Rpc) -> bool {
        self.functions.iter().any(|(name, _)| *name == rpc.ident)
    }

    /// Functions that are none of `service`'s rpcs, each with its place and what to
    /// do about it: rpcs that were renamed or removed in the .proto.
    pub(crate) fn left_over(&self, service: &Service) -> Vec<String> {
        let is_rpc = |name: &str| service.rpcs.iter().any(|it| it.ident == name);
        let left = self.functions.iter().filter(|(name, _)| !is_rpc(name));
        let new: Vec<_> = (service.rpcs.iter())
            .filter(|it| !self.has(it))
            .map(|it| it.ident.as_str())
            .collect();
        let now = if new.is_empty() {
            "remove it".to_owned()
        } else {
            format!(
                "call it as the rpc is called now ({}?), or remove it",
                new.join(", ")
            )
        };
        left.map(|(name, line)| {
            let (path, service) = (&self.path, &service.name);
            format!("{path}:{line}: {name} is no rpc of {service} any more; {now}")
        })
        .collect()
    }
}

/// The syntax tree of `text`.
///
/// # Errors
///
/// If it is no Rust, with file and line.
pub(crate) fn parse(path: &str, text: &str) -> Result<syn::File, Error> {
    syn::parse_file(text).map_err(|error| {
        let line = error.span().start().line;
        Error::new(format!("{path}:{line}: {error}; mend it first"))
    })
}

/// The implementation of `service`'s trait in `folder`, if there is one. Where
/// another of `all` has a trait of the same name, its file must name the package.
pub(crate) fn handler(
    project: &Project,
    folder: &str,
    service: &Service,
    all: &[Service],
) -> Result<Option<Found>, Error> {
    let package = format!("proto::{}", service.package.join("::"));
    let package = package.trim_end_matches(':');
    let same = all.iter().filter(|it| it.server == service.server).count();
    for path in project.sources(folder)? {
        let text = project.read(&path)?.unwrap_or_default();
        if !text.contains(&service.ident) || (same > 1 && !text.contains(package)) {
            continue;
        }
        let mut finder = Finder {
            service,
            found: None,
        };
        finder.visit_file(&parse(&path, &text)?);
        if let Some((functions, end)) = finder.found {
            let end = offset(&text, end);
            return Ok(Some(Found {
                path,
                text,
                functions,
                end,
            }));
        }
    }
    Ok(None)
}

/// Implementations in `src/` of traits that tonic would have made of a service,
/// and that none of `all` has: what is left of one that was renamed or removed. Each
/// as `file:line` and trait.
pub(crate) fn orphans(project: &Project, all: &[Service]) -> Result<Vec<(String, String)>, Error> {
    struct Orphans<'a> {
        all: &'a [Service],
        path: String,
        found: Vec<(String, String)>,
    }
    impl<'ast> Visit<'ast> for Orphans<'_> {
        fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
            let Some((_, path, _)) = &item.trait_ else {
                return;
            };
            let names: Vec<_> = (path.segments.iter().rev())
                .map(|it| it.ident.to_string())
                .collect();
            let [name, module, ..] = names.as_slice() else {
                return;
            };
            let known = |it: &&Service| it.server == *module && it.ident == *name;
            if module.ends_with("_server") && self.all.iter().find(known).is_none() {
                let line = path.span().start().line;
                let place = format!("{}:{line}", self.path);
                self.found.push((place, format!("{module}::{name}")));
            }
        }
    }
    let mut orphans = Orphans {
        all,
        path: String::new(),
        found: Vec::new(),
    };
    for path in project.sources("src")? {
        let text = project.read(&path)?.unwrap_or_default();
        // Others' traits are somebody else's.
        if text.contains("_server::") && text.contains("crate::proto") {
            let file = parse(&path, &text)?;
            orphans.path = path;
            orphans.visit_file(&file);
        }
    }
    Ok(orphans.found)
}

struct Finder<'a> {
    service: &'a Service,
    found: Option<(Vec<(String, usize)>, LineColumn)>,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let Some((_, path, _)) = &item.trait_ else {
            return;
        };
        let mut names = path.segments.iter().rev().map(|it| it.ident.to_string());
        let is_trait = names.next().is_some_and(|it| it == self.service.ident);
        if is_trait && names.next().is_none_or(|it| it == self.service.server) {
            let functions = item.items.iter().filter_map(|it| match it {
                ImplItem::Fn(it) => {
                    let name = &it.sig.ident;
                    Some((name.to_string(), name.span().start().line))
                }
                _ => None,
            });
            let end = item.brace_token.span.close().start();
            self.found = Some((functions.collect(), end));
        }
        visit::visit_item_impl(self, item);
    }
}

/// `text` with `mod name;`, after those that are there; `public` for others, too.
pub(crate) fn with_module(
    path: &str,
    text: &str,
    name: &str,
    public: bool,
) -> Result<String, Error> {
    let pubs = if public { "pub " } else { "" };
    let file = parse(path, text)?;
    let mut last = None;
    for item in &file.items {
        if let Item::Mod(it) = item {
            if it.ident == name {
                return Ok(text.to_owned());
            }
            if it.content.is_none() {
                last = Some(offset(text, it.span().end()));
            }
        }
    }
    let first = file.items.first().map(|it| offset(text, it.span().start()));
    Ok(match (last, first) {
        (Some(at), _) => inserted(text, at, &format!("\n{pubs}mod {name};")),
        (None, Some(at)) => inserted(text, at, &format!("{pubs}mod {name};\n\n")),
        (None, None) => format!("{}\n\n{pubs}mod {name};\n", text.trim_end()),
    })
}

/// `text` with `.add_service(made)` at the end of what its function `add`
/// returns, unless `server` is added somewhere.
pub(crate) fn with_service(
    path: &str,
    text: &str,
    server: &str,
    made: &str,
) -> Result<String, Error> {
    if text.contains(server) {
        return Ok(text.to_owned());
    }
    let file = parse(path, text)?;
    let tail = file.items.iter().find_map(|item| match item {
        Item::Fn(it) if it.sig.ident == "add" => match it.block.stmts.last() {
            Some(syn::Stmt::Expr(tail, None)) => Some(offset(text, tail.span().end())),
            _ => None,
        },
        _ => None,
    });
    let at = tail.ok_or_else(|| {
        Error::new(format!(
            "{path}: it has no function `add` that ends in an expression; add \
             `.add_service({made})` yourself where the server is made"
        ))
    })?;
    Ok(inserted(
        text,
        at,
        &format!("\n        .add_service({made})"),
    ))
}

/// `text` with the field `code` at the end of the struct `name`; `None` if it has
/// no such struct, or one without named fields.
///
/// # Errors
///
/// If it has the field `field` already.
pub(crate) fn with_field(
    path: &str,
    text: &str,
    name: &str,
    field: &str,
    code: &str,
) -> Result<Option<String>, Error> {
    for item in &parse(path, text)?.items {
        if let Item::Struct(it) = item
            && it.ident == name
            && let syn::Fields::Named(fields) = &it.fields
        {
            let names = fields.named.iter().filter_map(|it| it.ident.as_ref());
            refuse_twice(path, name, field, names)?;
            let comma = fields.named.is_empty() || fields.named.trailing_punct();
            let end = offset(text, fields.brace_token.span.close().start());
            return Ok(with_last(text, end, comma, code));
        }
    }
    Ok(None)
}

/// `text` with the field `code` at the end of the expression `name { … }`; `None`
/// if it has none.
///
/// # Errors
///
/// If it has the field `field` already.
pub(crate) fn with_value(
    path: &str,
    text: &str,
    name: &str,
    field: &str,
    code: &str,
) -> Result<Option<String>, Error> {
    struct Literals<'a>(&'a str, Option<syn::ExprStruct>);
    impl<'ast> Visit<'ast> for Literals<'_> {
        fn visit_expr_struct(&mut self, it: &'ast syn::ExprStruct) {
            if it.path.segments.last().is_some_and(|it| it.ident == self.0) {
                self.1 = Some(it.clone());
            }
            visit::visit_expr_struct(self, it);
        }
    }
    let mut found = Literals(name, None);
    found.visit_file(&parse(path, text)?);
    let Some(it) = found.1.filter(|it| it.rest.is_none()) else {
        return Ok(None);
    };
    let names = it.fields.iter().filter_map(|it| match &it.member {
        syn::Member::Named(name) => Some(name),
        syn::Member::Unnamed(_) => None,
    });
    refuse_twice(path, name, field, names)?;
    let comma = it.fields.is_empty() || it.fields.trailing_punct();
    let end = offset(text, it.brace_token.span.close().start());
    Ok(with_last(text, end, comma, code))
}

fn refuse_twice<'a>(
    path: &str,
    name: &str,
    field: &str,
    mut names: impl Iterator<Item = &'a syn::Ident>,
) -> Result<(), Error> {
    if names.any(|it| it == field) {
        return Err(Error::new(format!(
            "{path}: {name} has a field {field} already; choose another name"
        )));
    }
    Ok(())
}

/// `text` with `code` before the brace at `end`, on lines of its own; `None` if
/// that is no Rust, as behind a comment where a comma is missing.
fn with_last(text: &str, end: usize, comma: bool, code: &str) -> Option<String> {
    let at = text[..end].trim_end().len();
    let comma = if comma { "" } else { "," };
    let line = if text[at..end].contains('\n') {
        ""
    } else {
        "\n"
    };
    let after = inserted(text, at, &format!("{comma}\n{code}{line}"));
    syn::parse_file(&after).is_ok().then_some(after)
}

/// `text` with `line` before the first of those that begin with `start` and stand
/// behind it in the alphabet, else after the last of them.
pub(crate) fn with_line(text: &str, start: &str, line: &str) -> String {
    let mut place = text.len();
    let mut at = 0;
    for other in text.split_inclusive('\n') {
        let end = at + other.len();
        if other.starts_with(start) {
            match other.trim_end().cmp(line) {
                Ordering::Equal => return text.to_owned(),
                Ordering::Greater => {
                    place = at;
                    break;
                }
                Ordering::Less => place = end,
            }
        }
        at = end;
    }
    inserted(text, place, &format!("{line}\n"))
}

/// Where `span` is in `text`, in bytes.
pub(crate) fn range(text: &str, span: Span) -> Range<usize> {
    offset(text, span.start())..offset(text, span.end())
}

/// `text` with `what` before `at`.
pub(crate) fn inserted(text: &str, at: usize, what: &str) -> String {
    format!("{}{what}{}", &text[..at], &text[at..])
}

/// The functions of a file, wherever they are.
pub(crate) fn functions(path: &str, text: &str) -> Result<Vec<String>, Error> {
    let file = parse(path, text)?;
    let functions = file.items.iter().filter_map(|item| match item {
        Item::Fn(it) => Some(it.sig.ident.to_string()),
        _ => None,
    });
    Ok(functions.collect())
}

/// Where `place` is in `text`, in bytes; columns are characters.
fn offset(text: &str, place: LineColumn) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(place.line - 1)
        .map(str::len)
        .sum();
    let line = &text[before..];
    let column = line
        .char_indices()
        .nth(place.column)
        .map_or(line.len(), |it| it.0);
    before + column
}

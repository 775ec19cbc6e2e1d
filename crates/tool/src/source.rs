//! Where in somebody's Rust something is, and what is put there. Only ever
//! insertions: what stands around them stays, byte for byte.

use proc_macro2::LineColumn;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{ImplItem, Item, ItemImpl};

use crate::generated::Service;
use crate::{Error, Project};

/// Where a service's handler is.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file, in the project.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The functions that are there.
    pub(crate) functions: Vec<String>,
    /// Where the implementation's closing brace is.
    pub(crate) end: usize,
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

/// The implementation of `service`'s trait, if there is one. Where another of
/// `all` has a trait of the same name, its file must name the package.
pub(crate) fn handler(
    project: &Project,
    service: &Service,
    all: &[Service],
) -> Result<Option<Found>, Error> {
    let package = format!("proto::{}", service.package.join("::"));
    let package = package.trim_end_matches(':');
    let same = all.iter().filter(|it| it.server == service.server).count();
    for path in project.sources("src")? {
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

struct Finder<'a> {
    service: &'a Service,
    found: Option<(Vec<String>, LineColumn)>,
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
                ImplItem::Fn(it) => Some(it.sig.ident.to_string()),
                _ => None,
            });
            let end = item.brace_token.span.close().start();
            self.found = Some((functions.collect(), end));
        }
        visit::visit_item_impl(self, item);
    }
}

/// `text` with `mod name;`, after those that are there.
pub(crate) fn with_module(path: &str, text: &str, name: &str) -> Result<String, Error> {
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
        (Some(at), _) => inserted(text, at, &format!("\nmod {name};")),
        (None, Some(at)) => inserted(text, at, &format!("mod {name};\n\n")),
        (None, None) => format!("{}\n\nmod {name};\n", text.trim_end()),
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

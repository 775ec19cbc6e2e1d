//! The resource's place in `src/main.rs`.

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, Item, ItemFn, Pat, Stmt};

use super::sources::Names;
use crate::{Error, source};

const PATH: &str = "src/main.rs";

/// Whether `text` copies and checks files of SQLite: then it does so for the resource too.
pub(super) fn has_files(text: &str) -> Result<bool, Error> {
    let file = source::parse(PATH, text)?;
    Ok(maintained(&file).is_some())
}

/// Whether what migrates in `text` is told how long to wait: then the resource is too.
pub(super) fn is_waiting(text: &str) -> Result<bool, Error> {
    let file = source::parse(PATH, text)?;
    Ok(function(&file, "migrate").is_none_or(|it| told_of_wait(it).is_some()))
}

/// What `migrate` calls its settings and how long it waits, if it is told.
fn told_of_wait(migrate: &ItemFn) -> Option<Vec<String>> {
    arguments(migrate).filter(|it| it.len() == 2)
}

/// What a function calls what it is given.
fn arguments(of: &ItemFn) -> Option<Vec<String>> {
    let names = of.sig.inputs.iter().map(|it| match it {
        FnArg::Typed(it) => match &*it.pat {
            Pat::Ident(it) => Some(it.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    names.collect()
}

/// `backup` of a file's settings to a copy, and `check` of it: what each calls those.
fn maintained(file: &syn::File) -> Option<[(&ItemFn, Vec<String>); 2]> {
    let named = |name, expected: usize| {
        let found = function(file, name)?;
        let names = arguments(found)?;
        // What stands before another end may not be reached.
        let ends = matches!(found.block.stmts.last()?, Stmt::Expr(it, None)
            if it.to_token_stream().to_string().replace(' ', "") == "Ok(())");
        (ends && names.len() == expected).then_some((found, names))
    };
    Some([named("backup", 2)?, named("check", 1)?])
}

/// `text` with the resource opened before what serves, closed after it, and migrated,
/// copied and checked where the others are.
pub(super) fn with_resource(text: &str, names: &Names) -> Result<String, Error> {
    let (one, many) = (&names.one, &names.many);
    let open = format!(
        "let Some({many}) = service::{one}::boot::open(settings, &boot).await? else {{\n        \
         return Ok(());\n    }};\n    let boot = boot.add_service({many}.service());\n\n    "
    );
    let close = format!("\n    {many}.close().await;");
    let by_hand = || {
        Error::new(format!(
            "{PATH}: no statement `let … = ….serve().await`, and no `….serve().await` at the end, in a \
             function `serve`: cannot find where {many} are opened; write one, or undo what was \
             changed there"
        ))
    };
    let file = source::parse(PATH, text)?;
    let serve = function(&file, "serve").ok_or_else(by_hand)?;
    let serving = (serve.block.stmts.iter())
        .filter(|it| matches!(it, Stmt::Local(_) | Stmt::Expr(_, None)))
        .find(|it| {
            let code = &text[source::range(text, it.span())];
            code.replace(char::is_whitespace, "")
                .contains(".serve().await")
        })
        .ok_or_else(by_hand)?;
    let mut places = Vec::new();
    let at = source::range(text, serving.span());
    if let Stmt::Local(_) = serving {
        places.push((at.start, open));
        places.push((at.end, close));
    } else {
        places.push((at.start, format!("{open}let ended = ")));
        places.push((at.end, format!(";{close}\n    ended")));
    }
    let mut before_the_end = |of: Option<&ItemFn>, call: String| {
        if let Some(Stmt::Expr(end, None)) = of.and_then(|it| it.block.stmts.last()) {
            let at = source::range(text, end.span()).start;
            places.push((at, format!("service::{one}::boot::{call}?;\n    ")));
        }
    };
    if let Some(found) = function(&file, "migrate") {
        let names = told_of_wait(found).unwrap_or_else(|| vec!["settings".to_owned()]);
        let call = format!("migrate({}).await", names.join(", "));
        before_the_end(Some(found), call);
    }
    if let Some(both) = maintained(&file) {
        for (found, names) in both {
            let call = format!("{}({})", found.sig.ident, names.join(", "));
            before_the_end(Some(found), call);
        }
    }
    // From behind, so that places stay what they are.
    places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(places
        .into_iter()
        .fold(text.to_owned(), |text, (at, what)| {
            source::inserted(&text, at, &what)
        }))
}

fn function<'a>(file: &'a syn::File, name: &str) -> Option<&'a ItemFn> {
    file.items.iter().find_map(|item| match item {
        Item::Fn(it) if it.sig.ident == name => Some(it),
        _ => None,
    })
}

//! The resource's place in `src/main.rs`.

use syn::spanned::Spanned as _;
use syn::{Item, ItemFn, Stmt};

use super::sources::Names;
use crate::{Error, source};

const PATH: &str = "src/main.rs";

/// `text` with the resource opened before what serves, closed after it, and migrated
/// where the others are.
pub(super) fn with_resource(text: &str, names: &Names) -> Result<String, Error> {
    let (one, many) = (&names.one, &names.many);
    let open = format!(
        "let {many} = service::{one}::boot::open(settings, &boot).await?;\n    let boot = \
         boot.add_service({many}.service());\n\n    "
    );
    let close = format!("\n    {many}.close().await;");
    let by_hand = || {
        Error::new(format!(
            "{PATH}: no statement `let … = ….serve().await` in a function `serve`: cannot find where \
             {many} are opened; write one, or undo what was changed there"
        ))
    };
    let file = source::parse(PATH, text)?;
    let serve = function(&file, "serve").ok_or_else(by_hand)?;
    let serving = (serve.block.stmts.iter())
        .filter(|it| matches!(it, Stmt::Local(_)))
        .find(|it| {
            let code = &text[source::range(text, it.span())];
            code.replace(char::is_whitespace, "")
                .contains(".serve().await")
        })
        .ok_or_else(by_hand)?;
    let mut places = Vec::new();
    let at = source::range(text, serving.span());
    places.push((at.start, open));
    places.push((at.end, close));
    if let Some(tail) = function(&file, "migrate").and_then(|it| it.block.stmts.last())
        && let Stmt::Expr(tail, None) = tail
    {
        let at = source::range(text, tail.span()).start;
        let migrate = format!("service::{one}::boot::migrate(settings).await?;\n    ");
        places.push((at, migrate));
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

//! What tonic makes of the .proto files: read from its code rather than worked
//! out again, so that every name is the one it chose.

mod collision;
mod message;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contract::Protos;
use quote::ToTokens as _;
use syn::{Item, ItemTrait, TraitItem};

use crate::Error;
pub(crate) use message::{Message, message};

/// A service as Rust has it.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// `package.Service`.
    pub(crate) name: String,
    /// The modules of its package, under the one of all generated code.
    pub(crate) package: Vec<String>,
    /// The trait that a handler implements.
    pub(crate) ident: String,
    /// The module of that trait, within the package's.
    pub(crate) server: String,
    /// In the sequence of the .proto.
    pub(crate) rpcs: Vec<Rpc>,
}

/// An rpc as Rust has it.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    /// As in the .proto.
    pub(crate) name: String,
    /// The function.
    pub(crate) ident: String,
    /// Its request, within the root of all generated code.
    pub(crate) request: Type,
    /// Its response, or one of a stream's.
    pub(crate) response: Type,
    /// Whether callers are warned of it.
    pub(crate) deprecated: bool,
    /// Whether the client sends a stream.
    pub(crate) client_streaming: bool,
    /// The type of the server's stream, if it sends one.
    pub(crate) stream: Option<String>,
}

/// A type that an rpc takes or returns.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    /// One of the project's, by its path under the root of all generated code.
    Own(Vec<String>),
    /// Another, as it is written everywhere.
    Other(String),
}

impl Type {
    /// Whether it is in `package` itself.
    pub(crate) fn is_in(&self, package: &[String]) -> bool {
        matches!(self, Self::Own(path) if path.split_last().is_some_and(|(_, within)| within == package))
    }

    /// As it is written where `package` is `pb` and `root` that of all.
    pub(crate) fn text(&self, root: &str, package: &[String]) -> String {
        match self {
            Self::Own(path) if self.is_in(package) => {
                format!("pb::{}", path.last().map_or("", String::as_str))
            }
            Self::Own(path) => format!("{root}::{}", path.join("::")),
            Self::Other(text) => text.clone(),
        }
    }
}

/// Every service of `protos`.
///
/// # Errors
///
/// If the code cannot be generated or is not what this crate knows.
pub(crate) fn services(protos: &Protos) -> Result<Vec<Service>, Error> {
    let names = rpc_names(protos);
    let mut services = Vec::new();
    for (package, code) in files(protos)? {
        for item in &code.items {
            if let Item::Mod(module) = item
                && let Some((_, items)) = &module.content
            {
                let found = service(&package, &module.ident.to_string(), items, &names)?;
                services.extend(found);
            }
        }
    }
    Ok(services)
}

/// All generated code, by the modules that it is in.
fn files(protos: &Protos) -> Result<Vec<(Vec<String>, syn::File)>, Error> {
    contract::code::check(protos)?;
    let folder = tempfile::tempdir().map_err(|error| Error::io(Path::new("a folder"), &error))?;
    let failed = |error| Error::io(folder.path(), &error);
    let code = contract::WELL_KNOWN
        .into_iter()
        .fold(tonic_prost_build::configure(), |code, (proto, rust)| {
            code.extern_path(proto, rust)
        });
    code.include_file("proto.rs")
        .compile_well_known_types(true)
        .out_dir(folder.path())
        .emit_rerun_if_changed(false)
        .build_transport(false)
        .compile_fds(protos.code())
        .map_err(failed)?;
    let root = parse(&folder.path().join("proto.rs"))?;
    let mut places = Vec::new();
    modules(&root.items, &mut Vec::new(), &mut places);
    let mut files = Vec::new();
    for (package, file) in places {
        let code = parse(&folder.path().join(file))?;
        if let Some(name) = collision::within(&code.items) {
            return Err(collision::error(protos, &name));
        }
        files.push((package, code));
    }
    Ok(files)
}

fn parse(path: &Path) -> Result<syn::File, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(path, &error))?;
    syn::parse_file(&text).map_err(|error| Error::new(format!("{}: {error}", path.display())))
}

/// Names of the rpcs by service, as in the .proto and in its sequence, and which
/// are deprecated.
fn rpc_names(protos: &Protos) -> BTreeMap<String, Vec<(String, bool)>> {
    let services = protos.pool().services();
    services
        .map(|it| {
            let rpcs = it.methods().map(|rpc| {
                let options = rpc.method_descriptor_proto().options.as_ref();
                let deprecated = options.is_some_and(|it| it.deprecated == Some(true));
                (rpc.name().to_owned(), deprecated)
            });
            let rpcs = rpcs.collect();
            (it.full_name().to_owned(), rpcs)
        })
        .collect()
}

/// Which file is included in which module.
fn modules(items: &[Item], path: &mut Vec<String>, files: &mut Vec<(Vec<String>, String)>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                path.push(module.ident.to_string());
                let within = module.content.as_ref().map(|(_, items)| items);
                modules(within.map_or(&[], Vec::as_slice), path, files);
                path.pop();
            }
            Item::Macro(include) => {
                // include!(concat!(env!("OUT_DIR"), "/demo.v1.rs")), or its name alone.
                let text = include.mac.tokens.to_string();
                if let Some(file) = text.rsplit('"').nth(1) {
                    files.push((path.clone(), file.trim_start_matches('/').to_owned()));
                }
            }
            _ => {}
        }
    }
}

/// The service in a module of generated code, if that is a server's.
fn service(
    package: &[String],
    module: &str,
    items: &[Item],
    rpc_names: &BTreeMap<String, Vec<(String, bool)>>,
) -> Result<Option<Service>, Error> {
    let offered = items.iter().find_map(|item| match item {
        Item::Const(it) if it.ident == "SERVICE_NAME" => match &*it.expr {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(name),
                ..
            }) => Some(name.value()),
            _ => None,
        },
        _ => None,
    });
    let handler = items.iter().find_map(|item| match item {
        Item::Trait(it) => Some(it),
        _ => None,
    });
    let (Some(name), Some(handler)) = (offered, handler) else {
        return Ok(None);
    };
    let known = rpc_names.get(&name).map_or(&[][..], Vec::as_slice);
    let rpcs = rpcs(package, module, handler, known).ok_or_else(|| {
        Error::new(format!(
            "{name}: its generated code is not as this tool knows it; is tonic newer than the tool?"
        ))
    })?;
    Ok(Some(Service {
        name,
        package: package.to_owned(),
        ident: handler.ident.to_string(),
        server: module.to_owned(),
        rpcs,
    }))
}

fn rpcs(
    package: &[String],
    module: &str,
    handler: &ItemTrait,
    names: &[(String, bool)],
) -> Option<Vec<Rpc>> {
    let mut streams: BTreeMap<String, Type> = BTreeMap::new();
    let mut rpcs = Vec::new();
    let place = [package, &[module.to_owned()]].concat();
    for item in &handler.items {
        match item {
            TraitItem::Type(it) => {
                streams.insert(it.ident.to_string(), streamed(it, &place)?);
            }
            TraitItem::Fn(it) => {
                let name = names.get(rpcs.len())?;
                rpcs.push(rpc(name, &it.sig, &streams, &place)?);
            }
            _ => {}
        }
    }
    (rpcs.len() == names.len()).then_some(rpcs)
}

fn rpc(
    (name, deprecated): &(String, bool),
    signature: &syn::Signature,
    streams: &BTreeMap<String, Type>,
    place: &[String],
) -> Option<Rpc> {
    let syn::FnArg::Typed(request) = signature.inputs.iter().nth(1)? else {
        return None;
    };
    let syn::ReturnType::Type(_, answer) = &signature.output else {
        return None;
    };
    // Request<T> or Request<Streaming<T>>; Result<Response<T>, Status>.
    let request = argument(&request.ty)?;
    // A message may be called Streaming, too; that has no argument.
    let (client_streaming, request) = match argument(&request) {
        Some(message) if last(&request)? == "Streaming" => (true, message),
        _ => (false, request),
    };
    let response = argument(&argument(answer)?)?;
    let stream = match &response {
        syn::Type::Path(it) if it.path.segments.first()?.ident == "Self" => last(&response),
        _ => None,
    };
    let response = match &stream {
        Some(stream) => streams.get(stream)?.clone(),
        None => absolute(&response, place),
    };
    Some(Rpc {
        name: name.clone(),
        deprecated: *deprecated,
        ident: signature.ident.to_string(),
        request: absolute(&request, place),
        response,
        client_streaming,
        stream,
    })
}

/// `T` of `Stream<Item = Result<T, Status>>`.
fn streamed(it: &syn::TraitItemType, place: &[String]) -> Option<Type> {
    let bound = it.bounds.iter().find_map(|bound| match bound {
        syn::TypeParamBound::Trait(it) => it.path.segments.last(),
        _ => None,
    })?;
    let syn::PathArguments::AngleBracketed(arguments) = &bound.arguments else {
        return None;
    };
    let item = arguments.args.iter().find_map(|it| match it {
        syn::GenericArgument::AssocType(it) => Some(&it.ty),
        _ => None,
    })?;
    Some(absolute(&argument(item)?, place))
}

/// The last name of a path.
fn last(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(it) => Some(it.path.segments.last()?.ident.to_string()),
        _ => Some(String::new()),
    }
}

/// The first type between angle brackets.
fn argument(ty: &syn::Type) -> Option<syn::Type> {
    let syn::Type::Path(it) = ty else {
        return None;
    };
    let syn::PathArguments::AngleBracketed(arguments) = &it.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|it| match it {
        syn::GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}

/// From where `place` is (`super::super::…`) to where it can be written anywhere.
fn absolute(ty: &syn::Type, place: &[String]) -> Type {
    if let syn::Type::Path(it) = ty {
        let segments: Vec<_> = it
            .path
            .segments
            .iter()
            .map(|it| it.ident.to_string())
            .collect();
        let up = segments.iter().take_while(|it| *it == "super").count();
        if up > 0 {
            let kept = place.len().saturating_sub(up);
            return Type::Own([&place[..kept], &segments[up..]].concat());
        }
    }
    let text = ty.to_token_stream().to_string();
    Type::Other(
        text.replace(" :: ", "::")
            .replace(":: ", "::")
            .replace(" < ", "<")
            .replace(" >", ">"),
    )
}

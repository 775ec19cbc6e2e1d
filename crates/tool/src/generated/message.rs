//! A message as Rust has it.

use std::collections::BTreeMap;

use contract::Protos;
use heck::ToSnakeCase as _;
use quote::ToTokens as _;
use syn::{Item, ItemStruct};

use super::files;
use crate::Error;

/// A struct, and what its fields are.
pub(crate) struct Message {
    /// The modules of its package, under the one of all generated code.
    pub(crate) package: Vec<String>,
    /// Name and type of each field that is no oneof's, by its number.
    pub(crate) fields: BTreeMap<u32, (String, syn::Type)>,
}

/// The message `full`, which is in no other, of `protos`.
///
/// # Errors
///
/// As of [`services`](super::services); if it is not there.
pub(crate) fn message(protos: &Protos, full: &str) -> Result<Message, Error> {
    let (package, name) = full.rsplit_once('.').unwrap_or(("", full));
    let wanted: Vec<_> = package.split('.').map(str::to_snake_case).collect();
    for (package, code) in files(protos)? {
        let modules = package.iter().map(|it| it.trim_start_matches("r#"));
        if !modules.eq(wanted.iter().map(String::as_str)) {
            continue;
        }
        let found = code.items.iter().find_map(|item| match item {
            Item::Struct(it) if it.ident == name => Some(fields(it)),
            _ => None,
        });
        if let Some(fields) = found {
            return Ok(Message { package, fields });
        }
    }
    Err(Error::new(format!(
        "{full}: its generated code is not as this tool knows it; is prost newer than the tool?"
    )))
}

fn fields(code: &ItemStruct) -> BTreeMap<u32, (String, syn::Type)> {
    let known = code.fields.iter().filter_map(|field| {
        let number = field.attrs.iter().find_map(number)?;
        Some((
            number,
            (field.ident.as_ref()?.to_string(), field.ty.clone()),
        ))
    });
    known.collect()
}

/// `#[prost(string, tag = "3")]`
fn number(attribute: &syn::Attribute) -> Option<u32> {
    let said = attribute.to_token_stream().to_string();
    let (_, rest) = said.split_once(" tag = \"")?;
    rest.split('"').next()?.parse().ok()
}

//! A Rust crate.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::Streaming;
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::api::Api;
use super::command::{command, run};
use super::plugin::write;
use super::text::filled;
use crate::Error;

const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("rust/Cargo.toml.txt")),
    ("README.md", include_str!("rust/README.md")),
    ("src/lib.rs", include_str!("rust/lib.rs.txt")),
    ("src/addresses.rs", include_str!("rust/addresses.rs.txt")),
    ("src/channel.rs", include_str!("rust/channel.rs.txt")),
    ("src/connection.rs", include_str!("rust/connection.rs.txt")),
    ("src/errors.rs", include_str!("rust/errors.rs.txt")),
    ("src/retry.rs", include_str!("rust/retry.rs.txt")),
    ("src/watch.rs", include_str!("rust/watch.rs.txt")),
];

const NEEDS: &str = "Rust and cargo";

/// Makes it; its folder is what a path or a registry takes.
pub(super) fn make(api: &Api, folder: &Path, tools: &Path) -> Result<PathBuf, Error> {
    for (name, text) in FILES {
        write(&folder.join(name), &filled(text, api))?;
    }
    let generated = folder.join("src/api");
    let failed = |error| Error::io(&generated, &error);
    fs::create_dir_all(&generated).map_err(failed)?;
    tonic_prost_build::configure()
        .build_server(false)
        .out_dir(&generated)
        .include_file("mod.rs")
        .emit_rerun_if_changed(false)
        .compile_fds(plain(&api.files))
        .map_err(failed)?;
    write(&folder.join("src/contract.rs"), &contract(api))?;
    write(&folder.join("src/services.rs"), &services(api))?;
    // Builds it as those would who have it from a registry.
    let mut cargo = command("cargo", folder);
    cargo
        .args(["package", "--quiet", "--allow-dirty", "--target-dir"])
        .arg(tools.join("rust"));
    run(&mut cargo, NEEDS)?;
    Ok(folder.to_owned())
}

/// Without what only compiles in the service: comments may hold what reads as
/// Rust.
fn plain(files: &FileDescriptorSet) -> FileDescriptorSet {
    let mut files = files.clone();
    for file in &mut files.file {
        file.source_code_info = None;
    }
    files
}

/// The contract as the channel reads it.
fn contract(api: &Api) -> String {
    let mut text = String::from(
        "//! What may happen to each rpc.\n\nuse std::time::Duration;\n\n\
         /// One rpc.\npub(crate) struct Rpc {\n    pub(crate) path: &'static str,\n    \
         /// Whether either side sends a stream.\n    pub(crate) streams: bool,\n    \
         pub(crate) timeout: Option<Duration>,\n    pub(crate) retry: Option<Retry>,\n}\n\n\
         /// When it is repeated.\npub(crate) struct Retry {\n    \
         /// The first included.\n    pub(crate) max_attempts: u32,\n    \
         pub(crate) initial_backoff: Duration,\n    pub(crate) max_backoff: Duration,\n    \
         pub(crate) backoff_multiplier: f32,\n    pub(crate) codes: &'static [i32],\n}\n\n\
         pub(crate) fn find(path: &str) -> Option<&'static Rpc> {\n    \
         RPCS.iter().find(|it| it.path == path)\n}\n\n\
         pub(crate) static RPCS: &[Rpc] = &[\n",
    );
    for method in api.offered().flat_map(|it| &it.methods) {
        let retry = method.retry.as_ref().map_or("None".to_owned(), |retry| {
            let codes: Vec<_> = retry
                .codes
                .iter()
                .map(|it| it.number().to_string())
                .collect();
            format!(
                "Some(Retry {{ max_attempts: {}, initial_backoff: {}, max_backoff: {}, \
                 backoff_multiplier: {:?}, codes: &[{}] }})",
                retry.max_attempts,
                duration(retry.initial_backoff),
                duration(retry.max_backoff),
                retry.backoff_multiplier,
                codes.join(", ")
            )
        });
        let timeout = method.timeout.map_or("None".to_owned(), |it| {
            let limit = duration(it);
            format!("Some({limit})")
        });
        let _ = writeln!(
            text,
            "    Rpc {{ path: {:?}, streams: {}, timeout: {timeout}, retry: {retry} }},",
            method.path,
            method.streaming != Streaming::None
        );
    }
    text.push_str(
        "];\n\n/// Services with a budget of retries, in thousandths of a token: the most, and \
         what a success gives back.\npub(crate) static BUDGETS: &[(&str, i64, i64)] = &[\n",
    );
    for service in api.offered() {
        if let Some(throttling) = service.retry_throttling {
            let most = i64::from(throttling.max_tokens) * 1000;
            // At most three decimals count (gRFC A6).
            let gain = (f64::from(throttling.token_ratio) * 1000.0).round();
            let _ = writeln!(text, "    (\"/{}\", {most}, {gain}),", service.name);
        }
    }
    text.push_str("];\n");
    text
}

fn duration(time: Duration) -> String {
    format!("Duration::from_millis({})", time.as_millis())
}

/// A client of each service, and which messages resume streams.
fn services(api: &Api) -> String {
    let mut text =
        String::from("//! A client of each service.\n\nuse crate::{Channel, Resumed, api};\n\n");
    text.push_str("/// What a server sends at most, unless it is told otherwise, in bytes.\nconst MOST: usize = 16 << 20;\n\nimpl Channel {\n");
    let names: Vec<_> = api.offered().map(|it| it.short_name().to_owned()).collect();
    for service in api.offered() {
        let package = service.name.rsplit_once('.').map_or("", |(it, _)| it);
        let short = service.short_name();
        // Two of one name are told apart by their packages.
        let unique = names.iter().filter(|it| *it == short).count() == 1;
        let function = if unique {
            short.to_snake_case()
        } else {
            service.name.to_snake_case()
        };
        let module = format!("{}{}_client", path(package), short.to_snake_case());
        let client = format!("api::{module}::{}Client", short.to_upper_camel_case());
        let _ = write!(
            text,
            "    /// A client of `{}`.\n    #[must_use]\n    pub fn {function}(&self) -> {client}<Self> {{\n        \
             {client}::new(self.clone()).max_decoding_message_size(MOST)\n    }}\n",
            service.name
        );
    }
    text.push_str("}\n");
    for file in &api.files.file {
        for message in resumed(file) {
            let _ = write!(
                text,
                "\nimpl Resumed for api::{}{} {{\n    fn resume_token(&mut self) -> &mut String {{\n        \
                 &mut self.resume_token\n    }}\n}}\n",
                path(file.package()),
                message.to_upper_camel_case()
            );
        }
    }
    // Without a watch it is not used.
    text.push_str("\nconst _: Option<&dyn Resumed> = None;\n");
    text
}

/// Messages with a token to resume by.
fn resumed(file: &FileDescriptorProto) -> impl Iterator<Item = &str> {
    let messages = file.message_type.iter().filter(|message| {
        message.field.iter().any(|field| {
            field.name() == "resume_token"
                && field.r#type() == Type::String
                && field.label() != Label::Repeated
                && !field.proto3_optional()
                && field.oneof_index.is_none()
        })
    });
    messages.map(prost_types::DescriptorProto::name)
}

/// `shop.cart.v1` is `shop::cart::v1::`.
fn path(package: &str) -> String {
    let parts = package.split('.').filter(|it| !it.is_empty());
    parts.fold(String::new(), |all, part| {
        let part = part.to_snake_case();
        let is_word = syn::parse_str::<syn::Ident>(&part).is_ok();
        format!("{all}{}{part}::", if is_word { "" } else { "r#" })
    })
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn packages_are_modules() {
        assert_eq!(path("shop.cart.v1"), "shop::cart::v1::");
        assert_eq!(path("shop.type.V2Beta"), "shop::r#type::v2_beta::");
        assert_eq!(path(""), "");
    }
}

//! A service's files: its handler, its tests, and where both are named.

use std::fmt::Write as _;

use crate::generated::{Rpc, Service};
use crate::project::{HANDLERS, TEST_FOLDER};
use crate::stub;

/// Names that the folders of handlers and of tests, or the files that name what is
/// in them, have for something else.
const TAKEN: [&str; 5] = ["chassis", "helpers", "lifecycle", "main", "mod"];

/// Functions that Rust's prelude gives to a client.
const PRELUDE: [&str; 4] = ["clone", "into", "to_owned", "try_into"];

/// Where a service's files are, and what they are called.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The module.
    pub(crate) module: String,
}

impl Place {
    /// Of `service`, where `all` are offered.
    pub(crate) fn of(service: &Service, all: &[Service]) -> Self {
        let short = |it: &Service| it.server.trim_end_matches("_server").to_owned();
        let same = all.iter().filter(|it| short(it) == short(service)).count();
        let mut module = short(service);
        if same > 1 {
            let package: Vec<_> = service
                .package
                .iter()
                .map(|it| it.trim_start_matches("r#"))
                .collect();
            module = format!("{}_{module}", package.join("_"));
        }
        if TAKEN.contains(&module.as_str()) || syn::parse_str::<syn::Ident>(&module).is_err() {
            module.push_str("_api");
        }
        Self { module }
    }

    /// Of the service whose handler is in the file `path`.
    pub(crate) fn beside(path: &str) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let module = file.trim_end_matches(".rs").to_owned();
        Self { module }
    }

    pub(crate) fn handler(&self) -> String {
        format!("{HANDLERS}/{}.rs", self.module)
    }

    pub(crate) fn tests(&self) -> String {
        format!("{TEST_FOLDER}/{}.rs", self.module)
    }
}

/// The handler's file, nothing of it written yet; `shares` says whether there is a
/// `State`.
pub(crate) fn handler(service: &Service, shares: bool) -> String {
    let package = service.package.join("::");
    let streams = service.rpcs.iter().any(|rpc| rpc.client_streaming);
    let streaming = if streams { ", Streaming" } else { "" };
    let mut out = format!("//! `{}`: what its rpcs do.\n\n", service.name);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "use chassis::boot::unwritten;\nuse tonic::{{Request, Response, Status{streaming}}};\n"
    );
    let path = root(&package, "crate");
    let _ = writeln!(out, "use {path} as pb;");
    let (state, api) = if shares {
        let api = "#[derive(Debug, Clone)]\npub struct Api {\n    /// What it shares with \
                   others.\n    pub state: State,\n}";
        ("use crate::state::State;\n", api)
    } else {
        ("", "#[derive(Debug, Default)]\npub struct Api;")
    };
    let _ = writeln!(
        out,
        "{state}\n/// Carries out the rpcs of `{}`.\n{api}\n",
        service.name
    );
    let _ = writeln!(
        out,
        "#[tonic::async_trait]\nimpl pb::{}::{} for Api {{",
        service.server, service.ident
    );
    let stubs: Vec<_> = service
        .rpcs
        .iter()
        .map(|rpc| stub::short(rpc, service))
        .collect();
    out.push_str(&stubs.join("\n"));
    out.push_str("}\n");
    out
}

/// The tests' file: one for each rpc.
pub(crate) fn tests(service: &Service) -> String {
    let package = service.package.join("::");
    let mut out = format!(
        "//! `{}` as its callers see it.\n\nuse {} as pb;\n\n\
         use crate::helpers::{{Server, still_unwritten}};\n",
        service.name,
        root(&package, "service")
    );
    for rpc in &service.rpcs {
        out.push('\n');
        out.push_str(&test(rpc, service, "pb", "Server", "still_unwritten"));
    }
    out
}

/// The generated code of `package`, seen from inside the library (`crate`) or
/// from its tests (`service`).
pub(crate) fn root(package: &str, library: &str) -> String {
    if package.is_empty() {
        format!("{library}::proto")
    } else {
        format!("{library}::proto::{package}")
    }
}

/// A test that stands until its rpc is written; for a file that has imports of
/// its own, in full.
pub(crate) fn full_test(rpc: &Rpc, service: &Service) -> String {
    let pb = root(&service.package.join("::"), "service");
    test(
        rpc,
        service,
        &pb,
        "crate::helpers::Server",
        "crate::helpers::still_unwritten",
    )
}

fn test(rpc: &Rpc, service: &Service, pb: &str, server: &str, still: &str) -> String {
    let module = service.server.trim_end_matches("server");
    let client = format!("{pb}::{module}client::{}Client", service.ident);
    let request = request(rpc, service, pb);
    let function = &rpc.ident;
    let call = called(rpc, &client, &request);
    // To call it is what its test is for.
    let allowed = if rpc.deprecated {
        "#[allow(deprecated)]\n"
    } else {
        ""
    };
    format!(
        "{allowed}#[tokio::test]\nasync fn {function}() {{\n    let server = {server}::start();\n    let mut \
         client = {client}::new(server.channel().await);\n    let answer = \
         {call}.await;\n    // Written? Then say here what it is to answer \
         instead.\n    {still}(answer);\n}}\n"
    )
}

/// A request of `rpc` in a test, empty; `pb` is the package's module there.
pub(crate) fn request(rpc: &Rpc, service: &Service, pb: &str) -> String {
    let request = rpc.request.text("service::proto", &service.package);
    let request = request.replace("pb::", &format!("{pb}::"));
    let request = if request == "()" {
        request
    } else {
        format!("<{request} as Default>::default()")
    };
    if rpc.client_streaming {
        format!("tonic::codegen::tokio_stream::iter([{request}])")
    } else {
        request
    }
}

/// The call of `rpc` on a `client` of that type. What every value can do by that name
/// would come first if it were called as a method.
pub(crate) fn called(rpc: &Rpc, client: &str, request: &str) -> String {
    let function = &rpc.ident;
    if PRELUDE.contains(&function.as_str()) {
        format!("{client}::{function}(&mut client, {request})")
    } else {
        format!("client.{function}({request})")
    }
}

/// What makes the service: `…Server::new(…)`.
pub(crate) fn made(service: &Service, place: &Place, shares: bool) -> String {
    let fields = if shares {
        " { state: state.clone() }"
    } else {
        ""
    };
    format!(
        "{}::new({}::Api{fields})",
        server_type(service),
        place.module
    )
}

/// The generated server.
pub(crate) fn server_type(service: &Service) -> String {
    format!(
        "{}::{}::{}Server",
        root(&service.package.join("::"), "crate"),
        service.server,
        service.ident
    )
}

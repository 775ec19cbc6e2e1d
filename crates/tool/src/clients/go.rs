//! A Go module.

use std::path::{Path, PathBuf};

use contract::service_config::Timeouts;
use prost_types::FileDescriptorProto;

use super::api::Api;
use super::command::{command, run};
use super::plugin::{generate, write};
use super::text::filled;
use crate::Error;

const PLUGINS: [(&str, &str); 2] = [
    (
        "protoc-gen-go",
        "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
    ),
    (
        "protoc-gen-go-grpc",
        "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
    ),
];

const FILES: [(&str, &str); 5] = [
    ("go.mod", include_str!("go/go.mod.txt")),
    ("connect.go", include_str!("go/connect.go.txt")),
    ("errors.go", include_str!("go/errors.go.txt")),
    ("resume.go", include_str!("go/resume.go.txt")),
    ("README.md", include_str!("go/README.md")),
];

const NEEDS: &str = "Go 1.26";

/// Makes it; for Go it is its folder that is fetched.
pub(super) fn make(api: &Api, folder: &Path, tools: &Path) -> Result<PathBuf, Error> {
    for (name, module) in PLUGINS {
        let plugin = tools.join(name);
        if !plugin.exists() {
            let mut install = command("go", folder);
            install.args(["install", module]).env("GOBIN", tools);
            run(&mut install, NEEDS)?;
        }
        generate(&plugin, api, api.own(), &parameter(api), folder)?;
    }
    for (name, text) in FILES {
        write(&folder.join(name), &filled(text, api))?;
    }
    let config = api.service_config(Timeouts::Include)?;
    write(&folder.join("service_config.json"), &config)?;
    // As the proxy of modules and those who fetch from it would find it.
    for arguments in [["mod", "tidy"], ["mod", "verify"], ["vet", "./..."]] {
        run(command("go", folder).args(arguments), NEEDS)?;
    }
    Ok(folder.to_owned())
}

/// Where each file of the service's own goes, whatever it says itself: it may be
/// generated for others besides.
fn parameter(api: &Api) -> String {
    let own = api.own();
    let files = (api.files.file.iter()).filter(|file| own.iter().any(|it| it == file.name()));
    let paths = files.map(|file| format!(",M{}={}", file.name(), package(api, file)));
    paths.fold(format!("module={}", api.go_module), |all, it| all + &it)
}

/// `shop.cart.v1` is `MODULE/shop/cart/v1`, and called `cartv1`.
fn package(api: &Api, file: &FileDescriptorProto) -> String {
    let parts: Vec<_> = file
        .package()
        .split('.')
        .filter(|it| !it.is_empty())
        .collect();
    let name = match parts.as_slice() {
        [.., name, version] if version.starts_with('v') => format!("{name}{version}"),
        [.., name] => (*name).to_owned(),
        [] => "pb".to_owned(),
    };
    let path = if parts.is_empty() {
        "pb".to_owned()
    } else {
        parts.join("/")
    };
    format!("{}/{path};{name}", api.go_module)
}

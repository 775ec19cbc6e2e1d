//! An npm package.

use std::fs;
use std::path::{Path, PathBuf};

use contract::service_config::Timeouts;

use super::api::Api;
use super::command::{command, run};
use super::plugin::{generate, write};
use super::text::filled;
use crate::Error;

const PLUGIN: &str = "@bufbuild/protoc-gen-es@2.17.0";

const FILES: [(&str, &str); 8] = [
    ("package.json", include_str!("node/package.json.txt")),
    ("README.md", include_str!("node/README.md")),
    ("index.js", include_str!("node/index.js.txt")),
    ("index.d.ts", include_str!("node/index.d.ts.txt")),
    ("helpers.js", include_str!("node/helpers.js.txt")),
    ("helpers.d.ts", include_str!("node/helpers.d.ts.txt")),
    ("connect.js", include_str!("node/connect.js.txt")),
    ("connect.d.ts", include_str!("node/connect.d.ts.txt")),
];

const NEEDS: &str = "Node 20 and npm";

/// Makes it; the package is a .tgz in its folder.
pub(super) fn make(api: &Api, folder: &Path, tools: &Path) -> Result<PathBuf, Error> {
    let plugin = tools.join("node/node_modules/.bin/protoc-gen-es");
    if !plugin.exists() {
        let mut npm = command("npm", folder);
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(tools.join("node"))
            .arg(PLUGIN);
        run(&mut npm, NEEDS)?;
    }
    let generated = folder.join("gen");
    fs::create_dir_all(&generated).map_err(|error| Error::io(&generated, &error))?;
    // The messages of google.protobuf come with the runtime.
    let files = (api.files.file.iter())
        .map(|file| file.name().to_owned())
        .filter(|name| !name.starts_with("google/protobuf/"))
        .collect();
    let parameter = "target=js+dts,import_extension=js";
    generate(&plugin, api, files, parameter, &generated)?;
    for (name, text) in FILES {
        write(&folder.join(name), &filled(text, api))?;
    }
    let config = api.service_config(Timeouts::Include)?;
    write(&folder.join("service_config.json"), &config)?;
    write(&folder.join("deadlines.json"), &api.deadlines())?;
    for name in ["services.js", "services.d.ts"] {
        write(&folder.join(name), &services(api))?;
    }
    let packed = run(command("npm", folder).args(["pack", "--silent"]), NEEDS)?;
    let packed = String::from_utf8_lossy(&packed);
    let name = packed.lines().last().unwrap_or_default().trim();
    Ok(folder.join(name))
}

/// Messages and services of the service's own files, by one import.
fn services(api: &Api) -> String {
    let own = api.own();
    let lines = own.iter().map(|name| {
        let stem = name.strip_suffix(".proto").unwrap_or(name);
        format!("export * from './gen/{stem}_pb.js';\n")
    });
    lines.collect()
}

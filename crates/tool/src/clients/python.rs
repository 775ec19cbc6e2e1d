//! A Python wheel.

use std::fs;
use std::path::{Path, PathBuf};

use contract::service_config::Timeouts;

use super::api::Api;
use super::command::{command, run};
use super::plugin::write;
use super::text::filled;
use crate::Error;

/// What generates, in an environment of its own.
const TOOLS: [&str; 3] = [
    "grpcio-tools==1.85.1",
    "mypy-protobuf==5.1.0",
    "setuptools==80.9.0",
];

const FILES: [(&str, &str); 6] = [
    ("pyproject.toml", include_str!("python/pyproject.toml.txt")),
    ("README.md", include_str!("python/README.md")),
    ("__init__.py", include_str!("python/init.py.txt")),
    ("channel.py", include_str!("python/channel.py.txt")),
    ("errors.py", include_str!("python/errors.py.txt")),
    ("watch.py", include_str!("python/watch.py.txt")),
];

const NEEDS: &str = "Python 3.11 and its venv";

/// Makes it; the wheel is in `dist`.
pub(super) fn make(api: &Api, folder: &Path, tools: &Path) -> Result<PathBuf, Error> {
    let environment = tools.join("python");
    let python = environment.join("bin/python");
    let done = environment.join("done");
    if !done.exists() {
        let mut venv = command("python3", folder);
        run(
            venv.args(["-m", "venv", "--clear"]).arg(&environment),
            NEEDS,
        )?;
        let mut pip = command(&python, folder);
        run(pip.args(["-m", "pip", "install", "-q"]).args(TOOLS), NEEDS)?;
        write(&done, "")?;
    }
    let set = folder.join("api.bin");
    fs::write(&set, api.descriptor_set()?).map_err(|error| Error::io(&set, &error))?;
    let mut protoc = command(&python, folder);
    protoc
        .args(["-m", "grpc_tools.protoc", "--descriptor_set_in=api.bin"])
        .args(["--python_out=.", "--grpc_python_out=."])
        .args(["--mypy_out=.", "--mypy_grpc_out=."])
        .arg(plugin(&environment, "mypy"))
        .arg(plugin(&environment, "mypy_grpc"))
        .args(api.own());
    run(&mut protoc, NEEDS)?;
    for file in api.own() {
        write(&folder.join(file).with_file_name("py.typed"), "")?;
    }
    fs::remove_file(&set).map_err(|error| Error::io(&set, &error))?;

    let package = folder.join(format!("{}_client", api.name.replace('-', "_")));
    for (name, text) in FILES {
        let place = if Path::new(name).extension().is_some_and(|it| it == "py") {
            &package
        } else {
            folder
        };
        write(&place.join(name), &filled(text, api))?;
    }
    write(&package.join("py.typed"), "")?;
    // grpcio fires the timeouts of a service config far too early.
    let config = api.service_config(Timeouts::Omit)?;
    write(&package.join("service_config.json"), &config)?;
    write(&package.join("deadlines.json"), &api.deadlines())?;

    let mut pip = command(&python, folder);
    pip.args(["-m", "pip", "wheel", "-q", "--no-deps"]).args([
        "--no-build-isolation",
        "--wheel-dir",
        "dist",
        ".",
    ]);
    run(&mut pip, NEEDS)?;
    // What setuptools leaves behind.
    let _ = fs::remove_dir_all(folder.join("build"));
    let made = fs::read_dir(folder.join("dist")).map_err(|error| Error::io(folder, &error))?;
    let wheel = made.flatten().map(|it| it.path()).next();
    wheel.ok_or_else(|| Error::new("pip made no wheel"))
}

fn plugin(environment: &Path, name: &str) -> String {
    let path = environment.join("bin").join(format!("protoc-gen-{name}"));
    format!("--plugin=protoc-gen-{name}={}", path.display())
}

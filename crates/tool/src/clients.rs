//! `cargo xtask clients`: packages for callers in other languages, each with
//! the messages and stubs of what is offered, and a way to connect that keeps
//! the contract.

mod api;
mod command;
mod go;
mod java;
mod node;
mod packages;
mod plugin;
mod python;
mod rust;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

pub use packages::{Language, Packages};

use crate::{Error, Project};
use api::Api;

/// A package that was made.
#[derive(Debug)]
pub struct Made {
    /// For whom.
    pub language: Language,
    /// Its folder.
    pub folder: PathBuf,
    /// What is installed: a file, or for Go the folder.
    pub package: PathBuf,
}

/// Makes the packages that are asked for, and tries what a publication of each
/// would do, short of sending it. What stood in their folders is replaced.
///
/// # Errors
///
/// If a .proto is wrong, a toolchain is missing, or its tools refuse the result.
pub fn clients(project: &Project, packages: &Packages) -> Result<Vec<Made>, Error> {
    let api = Api::read(project, packages)?;
    let out = match &packages.out {
        Some(out) => std::path::absolute(out).map_err(|error| Error::io(out, &error))?,
        None => project.path("target/clients"),
    };
    let tools = out.join("tools");
    let mut made = Vec::new();
    for language in &packages.languages {
        let folder = out.join(language.name());
        anew(&folder)?;
        let package = match language {
            Language::Go => go::make(&api, &folder, &tools)?,
            Language::Python => python::make(&api, &folder, &tools)?,
            Language::Node => node::make(&api, &folder, &tools)?,
            Language::Java => java::make(&api, &folder, &tools)?,
            Language::Rust => rust::make(&api, &folder, &tools)?,
        };
        made.push(Made {
            language: *language,
            folder,
            package,
        });
    }
    Ok(made)
}

/// An empty folder.
fn anew(folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))
}

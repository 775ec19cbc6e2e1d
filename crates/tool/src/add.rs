//! `add`: one file for each kind of what is added.

mod resource;
mod rpc;
mod service;
mod upstream;

use std::path::PathBuf;

pub use resource::{add_resource, add_resource_of};
pub use rpc::add_rpc;
pub use service::add_service;
pub use upstream::{Added, add_upstream};

use crate::{Error, Project};

/// What is to be added, as the command line says it.
#[derive(Debug)]
pub(crate) enum Addition {
    /// `add resource NAME --fields FIELDS`
    Resource {
        /// A singular noun in `snake_case`.
        name: String,
        /// `NAME:TYPE,…`.
        fields: String,
    },
    /// `add resource NAME --message MESSAGE [--proto FILE...] [-I DIR]...`
    ResourceOf {
        /// The message in `snake_case`.
        name: String,
        /// `package.Message`.
        message: String,
        /// Who declares it, if that is not in `proto/`.
        files: Vec<PathBuf>,
        /// Where the imports of those are.
        includes: Vec<PathBuf>,
    },
    /// `add rpc SERVICE/RPC`
    Rpc {
        /// `Service/Rpc` or `package.Service/Rpc`.
        name: String,
    },
    /// `add service SERVICE RPC...`
    Service {
        /// `Service` or `package.Service`.
        name: String,
        /// Its first rpcs.
        rpcs: Vec<String>,
    },
    /// `add upstream NAME --proto FILE... [-I DIR]...`
    Upstream {
        /// What it is called here.
        name: String,
        /// Who declares it.
        files: Vec<PathBuf>,
        /// Where the imports of those are.
        includes: Vec<PathBuf>,
    },
}

impl Addition {
    /// Reads what stands behind `add`; why not, if it cannot be read.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let Some((kind, rest)) = arguments.split_first() else {
            return Err("add what? resource, rpc, service or upstream".to_owned());
        };
        match (kind.as_str(), rest) {
            ("resource", [name, flag, fields]) if flag == "--fields" => Ok(Self::Resource {
                name: name.clone(),
                fields: fields.clone(),
            }),
            ("resource", [name, flag, message, rest @ ..]) if flag == "--message" => {
                let (files, includes) = files_and_folders(rest)?;
                if files.is_empty() && !includes.is_empty() {
                    return Err("-I is for the imports of --proto FILE".to_owned());
                }
                Ok(Self::ResourceOf {
                    name: name.clone(),
                    message: message.clone(),
                    files,
                    includes,
                })
            }
            ("resource", _) => Err("add resource takes a name, and --fields NAME:TYPE,... or \
                                    --message PACKAGE.MESSAGE [--proto FILE]"
                .to_owned()),
            ("rpc", [name]) => Ok(Self::Rpc { name: name.clone() }),
            ("rpc", _) => Err("add rpc takes one name, SERVICE/RPC".to_owned()),
            ("service", [name, rpcs @ ..]) => Ok(Self::Service {
                name: name.clone(),
                rpcs: rpcs.to_vec(),
            }),
            ("service", []) => Err("add service takes a name and rpcs".to_owned()),
            ("upstream", [name, rest @ ..]) if !name.starts_with('-') => {
                let (files, includes) = upstream_files(rest)?;
                Ok(Self::Upstream {
                    name: name.clone(),
                    files,
                    includes,
                })
            }
            ("upstream", _) => Err("add upstream takes a name and --proto FILE".to_owned()),
            (other, _) => Err(format!(
                "cannot add {other}: only resource, rpc, service and upstream"
            )),
        }
    }

    /// Adds it.
    pub(crate) fn carry_out(&self, project: &Project) -> Result<Added, Error> {
        let written = match self {
            Self::Resource { name, fields } => add_resource(project, name, fields)?,
            Self::ResourceOf {
                name,
                message,
                files,
                includes,
            } => add_resource_of(project, name, message, files, includes)?,
            Self::Rpc { name } => add_rpc(project, name)?,
            Self::Service { name, rpcs } => add_service(project, name, rpcs)?,
            Self::Upstream {
                name,
                files,
                includes,
            } => return add_upstream(project, name, files, includes),
        };
        Ok(Added {
            written,
            left: Vec::new(),
        })
    }
}

fn upstream_files(arguments: &[String]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let (files, includes) = files_and_folders(arguments)?;
    if files.is_empty() {
        return Err("add upstream needs --proto FILE".to_owned());
    }
    Ok((files, includes))
}

/// `--proto FILE... -I DIR...`
fn files_and_folders(arguments: &[String]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let (mut files, mut includes) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let paths = match argument.as_str() {
            "--proto" => &mut files,
            "-I" => &mut includes,
            other => return Err(format!("unexpected {other}")),
        };
        let before = paths.len();
        while let Some(path) = arguments.next_if(|it| !it.starts_with('-')) {
            paths.push(PathBuf::from(path));
        }
        if paths.len() == before {
            return Err(format!("{argument} needs a path"));
        }
    }
    Ok((files, includes))
}

#[cfg(test)]
mod tests {
    use super::Addition;

    #[test]
    fn what_is_missing_is_said() {
        for (words, why) in [
            ("", "add what"),
            ("upstream", "a name and --proto FILE"),
            ("upstream tax", "needs --proto FILE"),
            ("upstream tax --proto", "--proto needs a path"),
            ("resource refund", "--fields NAME:TYPE,... or --message"),
            (
                "resource refund --message a.Refund -I protos",
                "--proto FILE",
            ),
            (
                "resource refund --message a.Refund b.proto",
                "unexpected b.proto",
            ),
        ] {
            let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
            let said = Addition::parse(&words).map(drop).unwrap_err();
            assert!(said.contains(why), "{words:?}: {said}");
        }
    }
}

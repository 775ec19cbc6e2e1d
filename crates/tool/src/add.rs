//! `add`: one file for each kind of what is added.

mod rpc;

pub use rpc::add_rpc;

use crate::{Error, Project};

/// What is to be added, as the command line says it.
#[derive(Debug)]
pub(crate) enum Addition {
    /// `add rpc SERVICE/RPC`
    Rpc {
        /// `Service/Rpc` or `package.Service/Rpc`.
        name: String,
    },
}

impl Addition {
    /// Reads what stands behind `add`; why not, if it cannot be read.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let Some((kind, rest)) = arguments.split_first() else {
            return Err("add what? rpc".to_owned());
        };
        match (kind.as_str(), rest) {
            ("rpc", [name]) => Ok(Self::Rpc { name: name.clone() }),
            ("rpc", _) => Err("add rpc takes one name, SERVICE/RPC".to_owned()),
            (other, _) => Err(format!("cannot add {other}: only rpc")),
        }
    }

    /// Adds it; what was written, in the project.
    pub(crate) fn carry_out(&self, project: &Project) -> Result<Vec<String>, Error> {
        match self {
            Self::Rpc { name } => add_rpc(project, name),
        }
    }
}

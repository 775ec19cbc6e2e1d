//! Plugins of protoc, called as protoc calls them.

use std::fs;
use std::path::Path;
use std::process::Command;

use prost::Message as _;
use prost::encoding::bytes;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse, Version};

use super::api::Api;
use super::command::with_input;
use crate::Error;

/// `CodeGeneratorRequest.proto_file`.
const PROTO_FILE: u32 = 15;

/// Generates code for `files` into `out`.
pub(super) fn generate(
    plugin: &Path,
    api: &Api,
    files: Vec<String>,
    parameter: &str,
    out: &Path,
) -> Result<(), Error> {
    generate_by(Command::new(plugin), api, files, parameter, out)
}

/// As [`generate`], where the plugin is a command.
pub(super) fn generate_by(
    mut plugin: Command,
    api: &Api,
    files: Vec<String>,
    parameter: &str,
    out: &Path,
) -> Result<(), Error> {
    let request = CodeGeneratorRequest {
        file_to_generate: files,
        parameter: Some(parameter.to_owned()),
        // As they are, below.
        proto_file: Vec::new(),
        // The youngest that older plugins ask for.
        compiler_version: Some(Version {
            major: Some(5),
            minor: Some(29),
            patch: Some(0),
            suffix: None,
        }),
    };
    let mut request = request.encode_to_vec();
    for file in api.encoded()? {
        bytes::encode(PROTO_FILE, &file, &mut request);
    }
    plugin.current_dir(out);
    let answer = with_input(&mut plugin, &request, "what brings it")?;
    let shown = plugin.get_program().to_string_lossy();
    let response = CodeGeneratorResponse::decode(&*answer)
        .map_err(|error| Error::new(format!("{shown} answered what is no response: {error}")))?;
    if let Some(error) = response.error {
        return Err(Error::new(format!("{shown}: {error}")));
    }
    for file in response.file {
        write(&out.join(file.name()), file.content())?;
    }
    Ok(())
}

/// Writes a file, and its folder.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    fs::write(path, text).map_err(|error| Error::io(path, &error))
}

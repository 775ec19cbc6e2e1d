//! Files that others import and few have at hand: googleapis' common ones,
//! protovalidate's and the policy's own. Those under the project's root come first.

use std::fs;
use std::path::Path;

use protox::file::{File, FileResolver};

use crate::Error;

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../protos/", $name)))),*]
    };
}

/// What a .proto may import without having it: name and text.
const FILES: &[(&str, &str)] = bundled![
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/field_info.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/api/launch_stage.proto",
    "google/api/resource.proto",
    "google/api/routing.proto",
    "google/api/visibility.proto",
    "google/longrunning/operations.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/calendar_period.proto",
    "google/type/color.proto",
    "google/type/date.proto",
    "google/type/datetime.proto",
    "google/type/dayofweek.proto",
    "google/type/decimal.proto",
    "google/type/expr.proto",
    "google/type/fraction.proto",
    "google/type/interval.proto",
    "google/type/latlng.proto",
    "google/type/localized_text.proto",
    "google/type/money.proto",
    "google/type/month.proto",
    "google/type/phone_number.proto",
    "google/type/postal_address.proto",
    "google/type/quaternion.proto",
    "google/type/timeofday.proto",
    "mesh/v1/policies.proto",
    "mesh/v1/policy.proto",
];

/// Names of the bundled files.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Whether `name` can be imported without being there: one of the common files
/// that come with this crate, or one of protobuf's own.
#[must_use]
pub fn is_bundled(name: &str) -> bool {
    name.starts_with("google/protobuf/") || names().any(|it| it == name)
}

/// Finds the bundled files.
pub(crate) struct Bundled;

impl FileResolver for Bundled {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match FILES.iter().find(|(bundled, _)| *bundled == name) {
            Some((_, text)) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Writes the bundled files into `folder`, each under the name by which others import it:
/// for what reads .proto files itself, as editors, protoc and clients do. What is as it
/// should be is left alone.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be written.
pub fn write(folder: &Path) -> Result<(), Error> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|it| it == *text) {
            continue;
        }
        let failed = |error| Error::Io(path.clone(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

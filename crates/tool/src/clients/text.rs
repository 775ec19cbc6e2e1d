//! Files that are the same for every service, but for a few names.

use super::api::Api;

/// `template` for `api`.
pub(super) fn filled(template: &str, api: &Api) -> String {
    template
        .replace("{{name}}", &api.name)
        .replace("{{ident}}", &api.name.replace('-', "_"))
        .replace("{{version}}", &api.version)
        .replace("{{go_module}}", &api.go_module)
        .replace("{{maven_group}}", &api.maven_group())
}

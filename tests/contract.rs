//{% capture source %}§{% raw %}
//! Chart data and reference table say what the .proto files say.

use std::path::Path;

use contract::files;

#[test]
fn derived_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stale = files::stale(root).unwrap_or_else(|error| panic!("{error}"));
    let paths: Vec<_> = stale.iter().map(|(path, _)| path).collect();
    assert!(
        paths.is_empty(),
        "stale: {paths:?}; run `cargo contract` and commit the result"
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

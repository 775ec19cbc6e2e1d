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

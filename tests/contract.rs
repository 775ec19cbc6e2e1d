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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

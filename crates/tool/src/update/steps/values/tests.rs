//! Values files of many shapes.

use super::{moved, references};

const TEXT: &str = "\
# Whose it is.
image:
  # Without registry.
  name: own/name # ours
  tag: \"1\"

# How many.
replicas: 3
list:
- a
- b
empty: {}
";

fn at(from: &str, to: &str) -> String {
    let path = |text: &'static str| text.split('.').collect::<Vec<_>>();
    let (from, to) = (from.to_owned().leak(), to.to_owned().leak());
    moved(TEXT, &path(from), &path(to)).unwrap().unwrap()
}

#[test]
fn a_value_takes_its_comments_along_and_nothing_else_changes() {
    let text = at("image.name", "image.repository");
    assert_eq!(
        text,
        TEXT.replace("  # Without registry.\n  name: own/name # ours\n", "")
            .replace(
                "  tag: \"1\"\n",
                "  tag: \"1\"\n  # Without registry.\n  repository: own/name # ours\n"
            )
    );
    let text = at("replicas", "scale.pods.count");
    assert_eq!(
        text,
        TEXT.replace("# How many.\nreplicas: 3\n", "")
            + "scale:\n  pods:\n    # How many.\n    count: 3\n"
    );
    assert!(at("replicas", "image.count").contains("  tag: \"1\"\n  # How many.\n  count: 3\n"));
    assert!(at("replicas", "empty.count").contains("empty:\n  # How many.\n  count: 3\n"));
    assert!(at("list", "image.list").contains("  list:\n  - a\n  - b\n"));
    assert!(
        at("image", "container").contains(
            "\ncontainer:\n  # Without registry.\n  name: own/name # ours\n  tag: \"1\"\n"
        )
    );
}

#[test]
fn what_is_empty_without_it_goes() {
    let text = moved("a:\n  b:\n    c: 1\nd: 2\n", &["a", "b", "c"], &["e"]);
    assert_eq!(text.unwrap().unwrap(), "d: 2\ne: 1\n");
    let text = moved(
        "a:\n  b: |\n    one\n      two\n",
        &["a", "b"],
        &["c", "d", "e"],
    );
    assert_eq!(
        text.unwrap().unwrap(),
        "c:\n  d:\n    e: |\n      one\n        two\n"
    );
}

#[test]
fn what_is_not_there_is_not_moved() {
    assert_eq!(moved(TEXT, &["image", "none"], &["x"]), Ok(None));
    assert_eq!(moved("", &["image"], &["x"]), Ok(None));
    assert_eq!(moved("# only words\n", &["image"], &["x"]), Ok(None));
}

#[test]
fn what_lines_cannot_say_is_refused() {
    let refused = |text: &str, from: &[&str], to: &[&str]| moved(text, from, to).unwrap_err();
    assert!(refused(TEXT, &["replicas"], &["image", "tag"]).contains("both are there"));
    let flow = refused("a: {b: 1, c: 2}\n", &["a", "b"], &["d"]);
    assert!(
        flow.contains("a.b cannot be moved to d") && flow.contains("by hand"),
        "{flow}"
    );
    assert!(refused("a: 1\nb: 2\n", &["a"], &["b", "c"]).contains("no table"));
    assert!(refused("a: [\n", &["a"], &["b"]).contains("no YAML"));
    // The alias would come before what it stands for.
    refused("a: &x\n  b: 1\nc: *x\n", &["a"], &["d"]);
}

#[test]
fn templates_read_it_where_it_is_now() {
    assert_eq!(
        references(
            "{{ .Values.a.b }} {{ $.Values.a.b.c }} {{ .Values.a.bc }}",
            "a.b",
            "d"
        )
        .unwrap(),
        "{{ .Values.d }} {{ $.Values.d.c }} {{ .Values.a.bc }}"
    );
    assert_eq!(references("{{ .Values.c }}", "a.b", "d"), None);
}

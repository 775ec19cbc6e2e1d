//! .proto files that cannot stand beside each other.

use std::fs;
use std::path::PathBuf;

use tool::command::adopt;

use super::stage::Service;

/// What adopting `asked` of `files` says, with -I `include`, and without where they are.
fn told(files: &[(&str, &str)], asked: &[&str], include: &[&str]) -> Result<Vec<String>, String> {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    for (path, text) in files {
        let path = place.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("syntax = \"proto3\";\n{text}\n")).unwrap();
    }
    let service = Service::new();
    service.write(
        "proto/there.proto",
        "syntax = \"proto3\";\npackage there;\nmessage There {}\n",
    );
    let before = service.files();
    let paths =
        |names: &[&str]| -> Vec<PathBuf> { names.iter().map(|it| place.join(it)).collect() };
    match adopt(&service.project(), &paths(asked), &paths(include)) {
        Ok(adoption) => Ok(adoption.written),
        Err(error) => {
            assert!(service.files() == before, "something was left behind");
            Err(error
                .to_string()
                .replace(&format!("{}/", place.display()), ""))
        }
    }
}

const S: &str = "service S { rpc A(M) returns (M); }\nmessage M {}";

/// What comes of a name that two files declare.
const TWICE: &str = "leave one of the files out if they declare the same, else give one of the two \
                     another name or its file another package";

#[test]
fn a_name_that_two_files_declare_is_told_of_both() {
    let one = format!("package p;\n{S}");
    for (other, why) in [
        (
            "package p;\nenum M { N = 0; }",
            "b.proto:3:6: name 'p.M' is already defined in a.proto:4:9",
        ),
        (
            "package p;\nservice S { rpc B(M) returns (M); }",
            "b.proto:3:9: name 'p.S' is already defined in a.proto:3:9",
        ),
        (
            "package p.M;\nmessage Within {}",
            "b.proto:2:1: name 'p.M' is already defined in a.proto:4:9",
        ),
    ] {
        let error = told(&[("a.proto", &one), ("b.proto", other)], &[""], &[]).unwrap_err();
        assert_eq!(error, format!("{why}; {TWICE}"));
    }
    let there = one.replace("package p", "package there") + "\nmessage There {}";
    let error = told(&[("a.proto", &there)], &["a.proto"], &[]).unwrap_err();
    let why = "proto/there.proto:3:9: name 'there.There' is already defined in a.proto:5:9";
    assert_eq!(error, format!("{why}; {TWICE}"));
}

#[test]
fn a_copy_of_what_comes_along_is_told_by_its_name() {
    let files = [
        (
            "a.proto",
            &*format!("package p;\nimport \"google/api/http.proto\";\n{S}"),
        ),
        (
            "third/google/api/http.proto",
            "package google.api;\nmessage Http {}",
        ),
    ];
    assert_eq!(
        told(&files, &[""], &[]).unwrap_err(),
        "third/google/api/http.proto:3:9: name 'google.api.Http' is already defined in \
         google/api/http.proto, which comes with the contract; if this is a copy of it, give -I and \
         the folder above it from where its name is google/api/http.proto"
    );
    told(&files, &[""], &["third"]).unwrap();
}

#[test]
fn a_circle_is_told_with_a_way_out() {
    let a = format!("package p;\nimport \"b.proto\";\n{S}");
    let files = [
        ("a.proto", &*a),
        ("b.proto", "import \"c.proto\";"),
        ("c.proto", "import \"a.proto\";"),
    ];
    assert_eq!(
        told(&files, &["a.proto"], &[]).unwrap_err(),
        "c.proto:2:8: import cycle detected: a.proto -> b.proto -> c.proto -> a.proto; move what they \
         share into a file that imports none of them"
    );
    let own = a.replace("b.proto", "a.proto");
    assert_eq!(
        told(&[("a.proto", &own)], &["a.proto"], &[]).unwrap_err(),
        "a.proto:3:8: import cycle detected: a.proto -> a.proto; it imports itself: leave that out"
    );
}

#[test]
fn an_import_that_may_be_either_of_two_files_is_told() {
    let importing = |package: &str| format!("package {package};\nimport \"common.proto\";\n{S}");
    let (a, b) = (importing("one"), importing("two"));
    let files = |common: &'static str| {
        [
            ("a/a.proto", a.clone()),
            ("b/b.proto", b.clone()),
            ("a/common.proto", "package c;".to_owned()),
            ("b/common.proto", common.to_owned()),
        ]
    };
    let told = |common, asked: &[&str], include: &[&str]| {
        let files = files(common);
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        told(&files, asked, include)
    };
    let both = "a/common.proto and b/common.proto: both would be proto/common.proto, and they differ; \
                give -I and a folder above them both, so that their names do too, or rename one";
    let apart = ["a/a.proto", "b/b.proto"];
    assert_eq!(told("package d;", &apart, &[]).unwrap_err(), both);
    assert_eq!(told("package d;", &["a", "b"], &[]).unwrap_err(), both);
    // Copies are one.
    for asked in [&apart, &["a", "b"]] {
        let written = told("package c;", asked, &[]).unwrap();
        assert!(
            written.contains(&"proto/common.proto".to_owned()),
            "{written:?}"
        );
    }
    // With -I it is said which.
    told("package d;", &apart, &["b", "a"]).unwrap();
    // What an import means is not what was asked for under that name.
    let error = told("package d;", &["a/a.proto", "b/common.proto"], &["a"]).unwrap_err();
    assert!(
        error.ends_with(&both[both.find(": both").unwrap()..]),
        "{error}"
    );
}

#[test]
fn an_import_from_where_its_file_is_is_told() {
    for (import, name) in [
        ("./v1/b.proto", "v1/b.proto"),
        ("../v1/b.proto", "v1/b.proto"),
        ("v1//b.proto", "v1/b.proto"),
        ("v1\\\\b.proto", "v1/b.proto"),
    ] {
        let a = format!("package p;\nimport \"{import}\";\n{S}");
        let files = [("a.proto", &*a), ("v1/b.proto", "package q;")];
        let error = told(&files, &["a.proto"], &[]).unwrap_err();
        let why = format!(
            "a.proto:3:1: import \"{import}\" is no path from a root, which is all that protobuf \
             takes; write \"{name}\", and give the folder that it begins in with -I"
        );
        assert_eq!(error, why);
    }
}

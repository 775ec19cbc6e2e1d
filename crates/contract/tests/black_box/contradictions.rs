//! Rules that no value keeps together are refused, and those that only look so are not.

use std::fs;

use contract::Protos;

const HEAD: &str = "syntax = \"proto3\";\npackage demo.v1;\nimport \
                    \"buf/validate/validate.proto\";\nimport \"google/protobuf/duration.proto\";\n\
                    import \"google/protobuf/timestamp.proto\";\nenum E { NONE = 0; ONE = 1; }\n";

/// What is wrong with the rules of a field `declared`, if something is.
fn told(declared: &str, rules: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder with a .proto");
    let field = format!("message M {{\n{declared} = 1 [(buf.validate.field) = {{{rules}}}];\n}}");
    fs::write(folder.path().join("demo.proto"), format!("{HEAD}{field}"))
        .expect("a folder with a .proto");
    let protos = Protos::all(folder.path()).expect("a folder with a .proto");
    let error = protos.validators().err()?.to_string();
    Some(error.replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
#[expect(clippy::too_many_lines, reason = "as many as there are contradictions")]
fn rules_that_nothing_keeps_are_refused_with_what_they_say() {
    for (declared, rules, why) in [
        (
            "string a",
            "string: {min_len: 5, max_len: 3}",
            "min_len 5 and max_len 3, which nothing is both",
        ),
        (
            "string a",
            "string: {len: 5, max_len: 3}",
            "len 5 and max_len 3, which nothing is both",
        ),
        (
            "string a",
            "string: {min_bytes: 5, max_bytes: 3}",
            "min_bytes 5 and max_bytes 3, which nothing is both",
        ),
        (
            "string a",
            "string: {min_len: 5, max_bytes: 3}",
            "min_len 5 and max_bytes 3, which nothing is both",
        ),
        (
            "string a",
            "string: {min_bytes: 9, max_len: 2}",
            "min_bytes 9 and max_len 2, which nothing is both",
        ),
        (
            "bytes a",
            "bytes: {min_len: 5, max_len: 3}",
            "min_len 5 and max_len 3, which nothing is both",
        ),
        (
            "repeated string a",
            "repeated: {min_items: 5, max_items: 3}",
            "min_items 5 and max_items 3, which nothing is both",
        ),
        (
            "map<string, string> a",
            "map: {min_pairs: 5, max_pairs: 3}",
            "min_pairs 5 and max_pairs 3, which nothing is both",
        ),
        (
            "repeated string a",
            "repeated: {items: {string: {min_len: 5, max_len: 3}}}",
            "min_len 5 and max_len 3, which nothing is both",
        ),
        (
            "string a",
            "required: true, string: {max_len: 0}",
            "max_len 0 on what is required, so that no value is right",
        ),
        (
            "string a",
            "string: {prefix: 'carts/', max_len: 3}",
            "prefix \"carts/\", but max_len is 3",
        ),
        (
            "string a",
            "string: {contains: 'abc', not_contains: 'b'}",
            "contains \"abc\" and not_contains \"b\", which nothing keeps both",
        ),
        (
            "string a",
            "string: {const: 'abcd', max_len: 3}",
            "const \"abcd\", of which nothing is left by the length",
        ),
        (
            "string a",
            "string: {in: ['a', 'b'], not_in: ['b', 'a']}",
            "in \"a\", \"b\", of which nothing is left by not_in",
        ),
        (
            "string a",
            "string: {in: ['a', 'b'], prefix: 'c'}",
            "in \"a\", \"b\", of which nothing is left by prefix, suffix or contains",
        ),
        (
            "int32 a",
            "int32: {const: 3, gt: 3}",
            "const 3, of which nothing is left by the bounds",
        ),
        (
            "int32 a",
            "int32: {gt: 3, lt: 3}",
            "gt 3 and lt 3, which nothing is both",
        ),
        (
            "int32 a",
            "int32: {gt: 3, lt: 4}",
            "gt 3 and lt 4, which nothing is both",
        ),
        (
            "double a",
            "double: {gte: 3, lt: 3}",
            "gte 3.0 and lt 3.0, which nothing is both",
        ),
        ("uint32 a", "uint32: {lt: 0}", "lt 0, and no uint32 is less"),
        (
            "int32 a",
            "required: true, int32: {const: 0}",
            "const 0, of which nothing is left by required",
        ),
        (
            "bool a",
            "required: true, bool: {const: false}",
            "const false, of which nothing is left by required",
        ),
        (
            "E a",
            "enum: {in: [1, 7], defined_only: true}",
            "in has 7, which demo.v1.E does not define, and defined_only",
        ),
        (
            "E a",
            "enum: {not_in: [0, 1], defined_only: true}",
            "defined_only, of which nothing is left by not_in",
        ),
        (
            "google.protobuf.Duration a",
            "duration: {gt: {seconds: 3}, lt: {seconds: 3}}",
            "gt {seconds:3} and lt {seconds:3}, which nothing is both",
        ),
        (
            "google.protobuf.Timestamp a",
            "timestamp: {lt_now: true, gt_now: true}",
            "lt_now and gt_now, which no time is both",
        ),
    ] {
        let error = told(declared, rules).unwrap_or_default();
        let expected =
            format!("demo.proto:8:1: demo.v1.M.a: {why}; correct one of them, or leave it out");
        assert_eq!(error, expected, "{declared}: {rules}");
    }
}

#[test]
fn rules_that_something_keeps_are_taken() {
    for (declared, rules) in [
        ("string a", "string: {min_len: 3, max_len: 3}"),
        ("string a", "string: {min_bytes: 8, max_len: 2}"),
        ("string a", "string: {len: 3, prefix: 'abc'}"),
        ("string a", "string: {in: ['a', 'b'], not_in: ['b']}"),
        ("string a", "string: {max_len: 0}"),
        ("optional string a", "required: true, string: {max_len: 0}"),
        // Bounds the wrong way round leave what is outside of them.
        ("int32 a", "int32: {gt: 10, lt: 3}"),
        ("int32 a", "int32: {gte: 10, lte: 3, const: 3}"),
        ("int32 a", "int32: {gte: 3, lte: 3}"),
        ("int32 a", "int32: {gt: 3, lt: 5}"),
        ("double a", "double: {gt: 3, lt: 4}"),
        ("uint32 a", "uint32: {lte: 0}"),
        ("optional bool a", "required: true, bool: {const: false}"),
        ("E a", "enum: {in: [1, 7]}"),
        ("E a", "enum: {not_in: [0], defined_only: true}"),
        (
            "google.protobuf.Duration a",
            "duration: {gte: {seconds: 3}, lte: {seconds: 3}}",
        ),
    ] {
        assert_eq!(told(declared, rules), None, "{declared}: {rules}");
    }
}

#[test]
fn a_oneof_of_which_two_are_required_is_refused() {
    let folder = tempfile::tempdir().expect("a folder with a .proto");
    let required = "[(buf.validate.field).required = true]";
    let message = format!(
        "message M {{\noneof one {{\nstring a = 1 {required};\nstring b = 2 {required};\n}}\n}}"
    );
    fs::write(folder.path().join("demo.proto"), format!("{HEAD}{message}"))
        .expect("a folder with a .proto");
    let error = Protos::all(folder.path())
        .expect("a folder with a .proto")
        .validators()
        .expect_err("rules that nothing keeps");
    let error = error.to_string();
    assert!(
        error.ends_with(
            "demo.proto:10:1: demo.v1.M.b: required as a is, and only one of a oneof can be there; \
             require the oneof: option (buf.validate.oneof).required = true"
        ),
        "{error}"
    );
}

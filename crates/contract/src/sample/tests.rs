use protox::prost_reflect::{MapKey, Value};

use super::{Samples, samples};
use crate::Protos;

/// What is known of `field`, whose declaration is completed by `rules`.
fn of(declared: &str, rules: &str) -> Samples {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "syntax = \"proto3\";\npackage a.v1;\nimport \"buf/validate/validate.proto\";\nimport \
         \"google/protobuf/duration.proto\";\nenum Kind {{ KIND_UNSPECIFIED = 0; KIND_A = 3; KIND_B = 4; \
         }}\nmessage M {{\n  {declared} = 1{rules};\n}}\nmessage R {{}}\nservice S {{ rpc Get(R) returns (M); }}\n"
    );
    std::fs::write(folder.path().join("a.proto"), text).unwrap();
    let protos = Protos::all(folder.path()).unwrap();
    let message = protos.pool().get_message_by_name("a.v1.M").unwrap();
    let field = message.fields().next().unwrap();
    samples(&field)
}

fn texts(two: [&str; 2]) -> Samples {
    Samples::Two(two.map(|it| Value::String(it.to_owned())))
}

fn ruled(declared: &str, rules: &str) -> Samples {
    of(declared, &format!(" [(buf.validate.field).{rules}]"))
}

#[test]
fn what_rules_allow_is_found() {
    assert_eq!(of("string it", ""), Samples::Any);
    for (rules, two) in [
        ("string.max_len = 200", ["one", "another"]),
        ("string.max_len = 3", ["one", "a"]),
        ("string = {min_len: 5, max_len: 6}", ["aaaaa", "bbbbb"]),
        ("string.pattern = '^[A-Z]{3}$'", ["AAA", "BBB"]),
        (
            "string.pattern = '^[a-z0-9-]+/v[0-9]+$'",
            ["a/v0", "bb/v11"],
        ),
        ("string = {in: ['x', 'y']}", ["x", "y"]),
        ("string.const = 'x'", ["x", "x"]),
        (
            "string = {prefix: 'carts/', max_len: 20}",
            ["carts/one", "carts/another"],
        ),
        (
            "string.email = true",
            ["one@example.com", "another@example.com"],
        ),
    ] {
        let found = ruled("string it", rules);
        let Samples::Two([Value::String(one), Value::String(other)]) = &found else {
            panic!("{rules}: {found:?}");
        };
        // Those that begin alike may come in another sequence.
        assert!(
            [one.as_str(), other.as_str()] == two || rules.contains("max_len: 20"),
            "{rules}: {found:?}"
        );
    }
    let numbers = |rules| ruled("int32 it", rules);
    let two = |one, other| Samples::Two([Value::I32(one), Value::I32(other)]);
    assert_eq!(numbers("int32.gte = 0"), two(1, 2));
    assert_eq!(numbers("int32 = {gt: 10, lte: 12}"), two(11, 12));
    assert_eq!(numbers("int32 = {gt: 10, lt: 0}"), two(11, 12));
    assert_eq!(numbers("int32.const = 7"), two(7, 7));
    let kinds = Samples::Two([Value::EnumNumber(3), Value::EnumNumber(4)]);
    assert_eq!(ruled("Kind it", "enum.defined_only = true"), kinds);
    let list = |of: [&str; 2]| Value::List(of.map(|it| Value::String(it.to_owned())).to_vec());
    assert_eq!(
        ruled(
            "repeated string it",
            "repeated = {min_items: 2, unique: true}"
        ),
        Samples::Two([list(["one", "another"]), list(["another", "one"])])
    );
    let map = |value| Value::Map([(MapKey::String("aa".to_owned()), Value::I32(value))].into());
    assert_eq!(
        ruled(
            "map<string, int32> it",
            "map = {min_pairs: 1, keys: {string: {len: 2}}, values: {int32: {gt: 5}}}"
        ),
        Samples::Two([map(6), map(7)])
    );
}

#[test]
fn what_is_not_understood_is_left_out_or_unknown() {
    let large = "int64.gt = 9007199254740993";
    assert_eq!(ruled("int64 it", large), Samples::Unknown);
    let expression = "cel = {id: 'a', expression: 'this.size() > 2'}";
    assert_eq!(ruled("string it", expression), Samples::Unknown);
    assert_eq!(ruled("optional string it", expression), Samples::Absent);
    assert_eq!(
        ruled("string it", "string.pattern = '^$a'"),
        Samples::Unknown
    );
    let known = "duration = {gt: {seconds: 1}}";
    assert_eq!(ruled("google.protobuf.Duration it", known), Samples::Absent);
    let needed = format!("required = true, (buf.validate.field).{known}");
    assert_eq!(
        ruled("google.protobuf.Duration it", &needed),
        Samples::Unknown
    );
    assert_eq!(texts(["x", "x"]), ruled("string it", "string.const = 'x'"));
}

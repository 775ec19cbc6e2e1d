//! Rules in the .proto: what is made of them is tried by the conformance suite
//! (`cargo lab rules`) and by the sample; here is what is refused, and where.

use std::fs;

use contract::Protos;
use tempfile::TempDir;

const HEAD: &str = "syntax = \"proto3\";\npackage demo.v1;\nimport \
                    \"buf/validate/validate.proto\";\nimport \
                    \"google/api/field_behavior.proto\";\nimport \
                    \"google/protobuf/field_mask.proto\";\n";

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.proto");
    fs::write(path, format!("{HEAD}{text}")).expect("a file");
    folder
}

/// The validators of `text`, or what is wrong with its rules, from the file's
/// name on.
fn validators(text: &str) -> Result<String, String> {
    let folder = folder(text);
    let protos = Protos::all(folder.path()).expect("it compiles");
    protos.validators().map_err(|error| {
        let prefix = format!("{}/", folder.path().display());
        error.to_string().replace(&prefix, "")
    })
}

#[test]
fn rules_need_no_file_of_the_teams_and_become_plain_rust() {
    let code = validators(
        "message A { string b = 1 [(buf.validate.field).string = {min_len: 2, pattern: \
         '^[a-z]+$'}]; }",
    );
    let code = code.expect("it is right");
    assert!(
        code.contains("impl __v::Validate for demo::v1::A"),
        "{code}"
    );
    assert!(code.contains("__v::cel::size((this))"), "{code}");
    // So plain a pattern is no regular expression any more.
    assert!(
        code.contains("consists_of") && !code.contains("Pattern"),
        "{code}"
    );
    // What cannot be broken is not there.
    assert!(!code.contains("string.max_len"), "{code}");
}

#[test]
fn a_message_without_rules_is_checked_if_it_leads_to_one_with() {
    let code = validators(
        "message A { repeated B b = 1; C c = 2; }\nmessage B { map<string, D> d = 1; }\nmessage C \
         {}\nmessage D { bytes e = 1 [(buf.validate.field).bytes.len = 3]; }",
    );
    let code = code.expect("it is right");
    for there in ["A", "B", "D"] {
        let there = format!("for demo::v1::{there} ");
        assert!(code.contains(&there), "{there} in {code}");
    }
    assert!(!code.contains("for demo::v1::C "), "{code}");
}

#[test]
fn a_masked_resource_need_not_have_what_is_required() {
    let code = validators(
        "message R { string a = 1 [(google.api.field_behavior) = REQUIRED]; }\nmessage U { R r = 1; \
         google.protobuf.FieldMask update_mask = 2; }\nmessage C { R r = 1; }",
    );
    let code = code.expect("it is right");
    assert_eq!(code.matches("set_partial(true)").count(), 1, "{code}");
    assert!(
        code.contains("a.is_empty() && !found.is_partial()"),
        "{code}"
    );
}

#[test]
fn an_element_of_a_masked_resource_is_whole() {
    let element = "message E { string a = 1 [(google.api.field_behavior) = REQUIRED]; }\n";
    let mask = "google.protobuf.FieldMask update_mask = 2;";
    let whole = |messages: &str| {
        let code = validators(&format!("{element}{messages}"));
        let code = code.expect("it is right");
        code.matches("set_partial(false)").count()
    };
    let within = format!("message R {{ repeated E e = 1; }}\nmessage U {{ R r = 1; {mask} }}");
    assert_eq!(whole(&within), 1);
    // Many resources beside a mask are as partial as one.
    assert_eq!(
        whole(&format!("message U {{ repeated E e = 1; {mask} }}")),
        0
    );
}

#[test]
fn a_rule_that_cannot_be_right_is_refused_with_its_place_reason_and_remedy() {
    for (text, expected) in [
        (
            "message A {\n  int32 b = 1 [(buf.validate.field).string.min_len = 1]; }",
            "demo.proto:7:3: demo.v1.A.b: string rules on what is int32; write int32 rules",
        ),
        (
            "message A { A b = 1 [(buf.validate.field).int32.gt = 1]; }",
            "demo.proto:6:13: demo.v1.A.b: int32 rules on what is demo.v1.A; a message has rules of \
             its own, and `required` and `cel`: remove them",
        ),
        (
            "message A { repeated string b = 1 [(buf.validate.field).string.min_len = 1]; }",
            "demo.proto:6:13: demo.v1.A.b: string rules on what is repeated; write repeated rules",
        ),
        (
            "message A { string b = 1 [(buf.validate.field).string.pattern = '(']; }",
            "demo.proto:6:13: demo.v1.A.b: rule \"string.pattern\": the pattern `(` is wrong: unclosed \
             group: !this.matches(rules.pattern) ? 'does not match regex pattern \
             `%s`'.format([rules.pattern]) : ''; correct the expression or its types",
        ),
        (
            "message A { string b = 1 [(buf.validate.field).cel = {id: 'x', expression: 'this \
             +'}]; }",
            "demo.proto:6:13: demo.v1.A.b: rule \"x\": it ends too early: this +; correct the \
             expression or its types",
        ),
        (
            "message A { option (buf.validate.message).cel = {id: 'x', expression: 'this.c > 0'}; \
             int32 b = 1; }",
            "demo.proto:6:1: demo.v1.A: rule \"x\": demo.v1.A has no field c; it has b: this.c > 0; \
             correct the expression or its types",
        ),
        (
            "message A { int32 b = 1 [(buf.validate.field).cel = {id: 'x', expression: \
             'this.startsWith(\"a\") || this > 0u'}]; }",
            "demo.proto:6:13: demo.v1.A.b: rule \"x\": int has no function startsWith(string): \
             this.startsWith(\"a\") || this > 0u; correct the expression or its types",
        ),
        (
            "message A { option (buf.validate.message).oneof = {fields: ['b', 'c']}; int32 b = 1; }",
            "demo.proto:6:1: demo.v1.A: oneof names c, which is no field of it; name each of its \
             fields once",
        ),
    ] {
        assert_eq!(validators(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn every_wrong_rule_is_told_at_once() {
    let refused = validators(
        "message A { int32 b = 1 [(buf.validate.field).string.min_len = 1]; }\nmessage B { string c \
         = 1 [(buf.validate.field).cel = {id: 'x', expression: 'this'}, \
         (buf.validate.field).cel = {id: 'y', expression: '1'}]; }",
    );
    let refused = refused.expect_err("both are wrong");
    assert_eq!(refused.lines().count(), 2, "{refused}");
    assert!(
        refused.contains("rule \"y\": it is int, neither bool nor string"),
        "{refused}"
    );
}

#[test]
fn callers_are_told_the_rules_of_requests() {
    let folder = folder(
        "service S { rpc Put(A) returns (Z); }\nmessage Z { string z = 1 \
         [(buf.validate.field).string.len = 1]; }\nmessage A {\n  option (buf.validate.message).cel \
         = {id: 'x', message: 'a word | more', expression: 'true'};\n  string b = 1 \
         [(google.api.field_behavior) = REQUIRED, (buf.validate.field).string = {max_len: 7, \
         pattern: \"^a|\\\\d$\"}];\n  repeated B c = 2 [(buf.validate.field).repeated = {max_items: \
         2}, (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE];\n  oneof d { option \
         (buf.validate.oneof).required = true; A e = 3; }\n}\nmessage B { repeated string f = 1 \
         [(buf.validate.field).repeated.items.string.in = 'g', \
         (buf.validate.field).cel_expression = 'this.size() > 1']; }",
    );
    fs::write(folder.path().join("offered.conf"), "demo.v1.S\n").expect("a file");
    let protos = Protos::compile(folder.path()).expect("it compiles");
    let expected = "| Field | What it may hold |\n|---|---|\n\
                    | `demo.v1.A` | a word \\| more |\n\
                    | `demo.v1.A.d` | one of its fields is there |\n\
                    | `demo.v1.A.b` | required; `string.max_len: 7`; `string.pattern: \"^a\\|\\d$\"` |\n\
                    | `demo.v1.A.c` | if set, `repeated.max_items: 2` |\n\
                    | `demo.v1.B.f` | `this.size() > 1`; `repeated.items.string.in: [\"g\"]` |\n";
    assert_eq!(contract::validate::rules(&protos), expected);
}

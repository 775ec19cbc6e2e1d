//! .proto files as nobody should write them: each is refused where it is wrong, and
//! nothing panics.

use std::fs;

use contract::Protos;

/// Everything that a build asks of the files in a folder; what is wrong, from the
/// file's name on.
fn refusal(text: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = format!("{}/", folder.path().display());
    fs::write(folder.path().join("wrong.proto"), text).expect("a file");
    fs::write(
        folder.path().join("other.proto"),
        "syntax = \"proto3\"; import \"wrong.proto\";",
    )
    .expect("a file");
    let asked = Protos::all(folder.path()).and_then(|protos| {
        protos.contract()?;
        protos.validators()?;
        contract::code::generate(&protos, tonic_prost_build::configure(), folder.path())
    });
    asked
        .err()
        .map(|error| error.to_string().replace(&prefix, ""))
}

const HEAD: &str = "syntax = \"proto3\";\npackage wrong.v1;\nimport \
                    \"buf/validate/validate.proto\"; import \"mesh/v1/policy.proto\";\n";

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let mut unplaced = Vec::new();
    for (text, why) in [
        ("message M {", "4:12: "),
        ("message M { string a = 1; string b = 1; }", "4:"),
        ("message M { string a = 1; int32 a = 2; }", "4:"),
        ("message M { string a = 0; }", "4:"),
        ("message M { string a = 19000; }", "4:"),
        ("message M { string a = 999999999999; }", "4:"),
        ("message M { reserved 1; string a = 1; }", "4:"),
        ("message M { required string a = 1; }", "4:"),
        ("message M { map<float, M> a = 1; }", "4:"),
        ("message M { repeated map<string, M> a = 1; }", "4:"),
        ("enum E {}", "4:"),
        ("enum E { A = 1; }", "4:"),
        ("enum E { A = 0; B = 0; }", "4:"),
        ("message M { N n = 1; }", "4:"),
        (
            "message M {} service S { rpc R(M) returns (stream stream M); }",
            "4:",
        ),
        (
            "message M {} service S { rpc R(E) returns (M); } enum E { A = 0; }",
            "4:",
        ),
        (
            "message M {} service S { rpc R(M) returns (M); rpc R(M) returns (M); }",
            "4:",
        ),
        ("import \"wrong.proto\";", "4:8: import cycle"),
        (
            "message M { string a = 1 [(buf.validate.field).string.min_len = -1]; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).string.minlen = 1]; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).int32.gt = 1]; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).string.pattern = '(']; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).cel = { id: 'a' expression: 'this.' }]; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).cel = { id: 'a' expression: 'this + 1 == 2' }]; }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).cel_expression = 'no.such(this)']; }",
            "4:",
        ),
        (
            "message M { option (buf.validate.message).cel = { id: 'a' expression: 'this.b > 1' }; string a = 1; }",
            "4:",
        ),
        (
            "message M { repeated string a = 1 [(buf.validate.field).string.len = 1]; }",
            "4:",
        ),
        (
            "message M {} service S { rpc R(M) returns (M) { option (mesh.v1.method) = { timeout: { seconds: -5 } }; } }",
            "4:",
        ),
        (
            "message M {} service S { rpc R(M) returns (M) { option (mesh.v1.method) = { allowed_callers: [''] }; } }",
            "4:",
        ),
        (
            "message M {} service S { rpc R(M) returns (M) { option (mesh.v1.methods) = {}; } }",
            "4:",
        ),
        (
            "message M {} service S { option (mesh.v1.service) = { retry_throttling: { max_tokens: 9999 } }; rpc R(M) returns (M); }",
            "4:",
        ),
        (
            "message M { string a = 1 [(buf.validate.field).string = { min_len: 1 ]; }",
            "4:",
        ),
        ("message M { string \u{e9} = 1; }", "4:"),
        ("\u{0}", "4:1"),
        ("/* not closed", "4:"),
        ("message M { string a = 1 [default = \"x\"]; }", "4:"),
        ("message M { oneof o {} }", "4:"),
    ] {
        let said = refusal(format!("{HEAD}{text}\n").as_bytes());
        let said = said.unwrap_or_else(|| "nothing".to_owned());
        if !said.starts_with(&format!("wrong.proto:{why}")) {
            unplaced.push(format!("{text}\n    {said}"));
        }
        println!("{said}");
    }
    assert!(unplaced.is_empty(), "{}", unplaced.join("\n"));
    let said = refusal(b"syntax = \"proto3\"; message \xff\xfe {}").expect("it is refused");
    println!("{said}");
}

#[test]
fn what_is_deep_or_long_is_taken_or_refused_and_nothing_breaks() {
    let deep = 200;
    let nested = format!("{}{}", "message M { ".repeat(deep), "}".repeat(deep));
    let within = "(".repeat(400) + "true" + &")".repeat(400);
    let rule = format!(
        "message R {{ string a = 1 [(buf.validate.field).cel = {{ id: 'a' expression: '{within}' }}]; }}"
    );
    let many = (1..3_000).map(|it| format!("string a{it} = {it};"));
    let wide = format!(
        "message W {{ {} }}",
        many.filter(|it| !it.contains("= 19")).collect::<String>()
    );
    for text in [nested, rule, wide] {
        if let Some(said) = refusal(format!("{HEAD}{text}\n").as_bytes()) {
            println!("{said}");
            assert!(said.starts_with("wrong.proto:4:"), "{said}");
        }
    }
}

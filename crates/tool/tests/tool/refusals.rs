//! .proto files that cannot be taken in.

use std::fs;

use tool::command::adopt;

use super::stage::Service;

#[test]
#[expect(clippy::too_many_lines, reason = "as many as there are refusals")]
fn what_cannot_be_adopted_is_named_and_nothing_is_written() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let before = service.files();
    let refused = |name: &str, text: &str| {
        let file = place.path().join(name);
        // As an editor of Windows begins it.
        let begin = if name == "begins.proto" {
            "\u{feff}"
        } else {
            ""
        };
        fs::write(&file, format!("{begin}{text}")).unwrap();
        let error = adopt(&service.project(), &[file], &[])
            .unwrap_err()
            .to_string();
        assert!(service.files() == before, "{name} left something behind");
        error.replace(
            &format!("{}/", place.path().canonicalize().unwrap().display()),
            "",
        )
    };
    let head = "syntax = \"proto3\";\npackage bad.v1;\n";
    for (name, text, why) in [
        (
            "syntax.proto",
            "message {}",
            "syntax.proto:3:9: expected an identifier",
        ),
        (
            "import.proto",
            "import \"a/b.proto\";",
            "import.proto:3:1: import \"a/b.proto\" is not there; looked for a/b.proto and among the \
             files that come with the contract: give the folder that has it with -I",
        ),
        (
            "empty.proto",
            "\nservice Empty {}",
            "empty.proto:4:1: service Empty has no rpc, so there is nothing to serve; give it one or \
             leave it out",
        ),
        (
            "none.proto",
            "message None {}",
            "none.proto:1:1: declares no service, so there is nothing to serve",
        ),
        (
            "new.proto",
            "message M {} service S { rpc New(M) returns (M); }",
            "new.proto:3:26: bad.v1.S/New: every client in Rust has a function `new` of its own; give the rpc \
             another name",
        ),
        (
            "cases.proto",
            "message M {} service S { rpc GetIt(M) returns (M);\nrpc get_it(M) returns (M); }",
            "cases.proto:4:1: bad.v1.S/get_it: GetIt is called `get_it` in Rust too; give the rpc another \
             name",
        ),
        (
            "rule.proto",
            "import \"buf/validate/validate.proto\"; message M {\nint32 a = 1 \
             [(buf.validate.field).string.min_len = 1]; } service S { rpc A(M) returns (M); }",
            "rule.proto:4:1: bad.v1.M.a: string rules on what is int32; write int32 rules",
        ),
        (
            "pattern.proto",
            "import \"buf/validate/validate.proto\"; message M {\nstring a = 1 \
             [(buf.validate.field).string.pattern = \"(\"]; } service S { rpc A(M) returns (M); }",
            "pattern.proto:4:1: bad.v1.M.a: ",
        ),
        (
            "expression.proto",
            "import \"buf/validate/validate.proto\"; message M {\nstring a = 1 [(buf.validate.field).cel = {id: \
             \"x\", expression: \"this.size( > 1\"}]; } service S { rpc A(M) returns (M); }",
            "expression.proto:4:1: bad.v1.M.a: rule \"x\": ",
        ),
        ("begins.proto", "message", "begins.proto:3:8: "),
        (
            "twice.proto",
            "message M {} message M {} service S { rpc A(M) returns (M); }",
            "twice.proto:3:22: name 'bad.v1.M' is defined twice",
        ),
        (
            "policy.proto",
            "import \"mesh/v1/policy.proto\"; message M {} service S { rpc A(M) returns (M) { option \
             (mesh.v1.method) = { retry_policy: { max_attempts: 3 } }; } }",
            "policy.proto:3:57: bad.v1.S/A: retry_policy on an rpc that is not safe to repeat",
        ),
        (
            "twins.proto",
            "message Foo_Bar {}\nmessage FooBar {} service S { rpc A(FooBar) returns (FooBar); }",
            "proto/twins.proto:3:1: bad.v1.Foo_Bar\nproto/twins.proto:4:1: bad.v1.FooBar\nFooBar: so are \
             two of these called in Rust",
        ),
        (
            "services.proto",
            "message M {} service HTTPCart { rpc A(M) returns (M); }\nservice HttpCart { rpc A(M) returns (M); }",
            "services.proto:4:1: bad.v1.HttpCart: is called `http_cart` in Rust, as HTTPCart is; give one \
             of them another name, or its file another package",
        ),
        (
            "values.proto",
            "enum E { E_RED = 0;\n  RED = 1; } message M { E e = 1; } service S { rpc A(M) returns (M); }",
            "values.proto:4:3: bad.v1.E.RED: is called `Red` in Rust, as E_RED is; give one of them \
             another name",
        ),
        (
            "type.proto",
            "import \"mesh/v1/policy.proto\"; message M {} service S { rpc A(M) returns (M) {\noption \
             (mesh.v1.method) = { timeout: \"soon\" }; } }",
            "type.proto:4",
        ),
    ] {
        let error = refused(name, &format!("{head}{text}\n"));
        assert!(error.starts_with(why), "{error}\n is not\n{why}");
    }
    // What every service answers already is left out of a folder, and refused alone.
    let error = refused(
        "health.proto",
        "syntax = \"proto3\";\npackage grpc.health.v1;\n",
    );
    assert!(
        error.ends_with("every service answers what it declares already; leave it out"),
        "{error}"
    );
    // Another file of the name of one that is there.
    fs::create_dir_all(place.path().join("corpus/kinds/v1")).unwrap();
    let error = refused(
        "corpus/kinds/v1/kinds.proto",
        "syntax = \"proto3\";\npackage corpus.kinds.v1;\n",
    );
    assert!(
        error.starts_with("proto/corpus/kinds/v1/kinds.proto: is there already, and "),
        "{error}"
    );
}

#[test]
fn names_that_clash_and_folders_without_files_are_named() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let before = service.files();
    let place = tempfile::tempdir().unwrap();
    let head = "syntax = \"proto3\";\npackage bad.v1;\n";
    let fields =
        "message M { int32 fooBar = 1;\nint32 foo_bar = 2; } service S { rpc A(M) returns (M); }";
    let file = place.path().join("fields.proto");
    fs::write(&file, format!("{head}{fields}\n")).unwrap();
    let error = adopt(&service.project(), &[file], &[]).unwrap_err();
    assert!(error.to_string().contains("fields.proto:4"), "{error}");
    // Two files of one name, an empty folder.
    for (folder, message) in [("a", "A"), ("b", "B")] {
        let text = format!("{head}message {message} {{}}\n");
        fs::create_dir_all(place.path().join(folder)).unwrap();
        fs::write(place.path().join(folder).join("x.proto"), text).unwrap();
    }
    let two = ["a/x.proto", "b/x.proto"].map(|it| place.path().join(it));
    let error = adopt(&service.project(), &two, &[]).unwrap_err();
    assert!(
        error.to_string().contains("both would be proto/x.proto"),
        "{error}"
    );
    fs::create_dir_all(place.path().join("empty")).unwrap();
    let error = adopt(&service.project(), &[place.path().join("empty")], &[]).unwrap_err();
    assert!(
        error.to_string().contains("has no .proto file in it"),
        "{error}"
    );
    assert!(service.files() == before, "something is left behind");
}

//! `cargo contract`, as it is run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use contract::rust;

use crate::demo::Demo;

const CHART: &str = "helm/files/contract.yaml";
const REFERENCE: &str = "docs/contract.md";
const EMPTY_REFERENCE: &str = "\
# By hand

<!-- rpcs: written by `cargo contract` -->
<!-- rpcs: end -->

Between.

<!-- fidelity: written by `cargo contract` -->
<!-- fidelity: end -->
After.
";

fn demo() -> Demo {
    let demo = Demo::new(
        "service ThingService {\n\
         option (mesh.v1.service) = { default: { retry_policy: { max_attempts: 3\n\
         initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: 2 } \
         } };\n\
         rpc Make(MakeRequest) returns (Thing) {\n\
         option (mesh.v1.method) = { timeout: { seconds: 2 } }; } }",
    );
    demo.write(REFERENCE, EMPTY_REFERENCE);
    demo
}

fn cargo_contract(demo: &Demo, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contract"))
        .args(arguments)
        .arg("--root")
        .arg(demo.root())
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8], demo: &Demo) -> String {
    demo.relative(std::str::from_utf8(bytes).expect("UTF-8"))
}

/// The command's standard output; it must succeed.
fn succeed(demo: &Demo, arguments: &[&str]) -> String {
    let output = cargo_contract(demo, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr, demo));
    text(&output.stdout, demo)
}

/// The command's complaint and exit code; it must fail.
fn fail(demo: &Demo, arguments: &[&str]) -> (String, Option<i32>) {
    let output = cargo_contract(demo, arguments);
    assert!(!output.status.success(), "{}", text(&output.stdout, demo));
    (text(&output.stderr, demo), output.status.code())
}

#[test]
fn writes_what_is_stale_and_only_that() {
    let demo = demo();
    let written = succeed(&demo, &[]);
    assert_eq!(
        written,
        "wrote helm/files/contract.yaml\nwrote docs/contract.md\n"
    );
    assert!(demo.read(CHART).starts_with(
        "# Written by `cargo contract` from proto/. Do not edit.\nservices:\n  - name: \
         demo.v1.ThingService\n"
    ));
    assert_eq!(succeed(&demo, &[]), "");
    assert_eq!(succeed(&demo, &["--check"]), "");
}

#[test]
fn finds_the_service_from_any_folder_in_it() {
    let demo = demo();
    let output = Command::new(env!("CARGO_BIN_EXE_contract"))
        .current_dir(demo.root().join("docs"))
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", text(&output.stderr, &demo));
    assert_eq!(succeed(&demo, &["--check"]), "");
}

#[test]
fn check_names_what_is_stale_and_writes_nothing() {
    let demo = demo();
    succeed(&demo, &[]);
    let stale = demo
        .read(CHART)
        .replace("timeoutMs: 2000", "timeoutMs: 9000");
    demo.write(CHART, &stale);
    let (complaint, code) = fail(&demo, &["--check"]);
    assert_eq!(
        complaint,
        "error: helm/files/contract.yaml no longer says what proto/ says; run `cargo contract` \
         and commit the result\n"
    );
    assert_eq!(code, Some(1));
    assert_eq!(demo.read(CHART), stale);
}

#[test]
fn comments_around_the_chart_data_stay() {
    let demo = demo();
    demo.write(CHART, "# First.\n# Second.\nold: true\n# Last.\n");
    succeed(&demo, &[]);
    let text = demo.read(CHART);
    assert!(
        text.starts_with("# First.\n# Second.\nservices:\n"),
        "{text}"
    );
    assert!(
        text.ends_with("        allowedCallers: []\n# Last.\n"),
        "{text}"
    );
    assert_eq!(succeed(&demo, &["--check"]), "");
}

#[test]
fn prose_around_the_tables_stays() {
    let demo = demo();
    succeed(&demo, &[]);
    let text = demo.read(REFERENCE);
    for kept in ["# By hand\n", "\nBetween.\n", "\nAfter.\n"] {
        assert!(text.contains(kept), "{text}");
    }
    assert!(text.contains("| Make | "), "{text}");
    assert!(text.contains("| total timeout | "), "{text}");
}

#[test]
fn a_reference_without_a_place_for_its_table_is_told() {
    let demo = demo();
    demo.write(REFERENCE, "# By hand\n");
    let (complaint, _) = fail(&demo, &[]);
    assert_eq!(
        complaint,
        "error: docs/contract.md: its table has no place; write the lines <!-- rpcs: written by \
         `cargo contract` --> and <!-- rpcs: end -->, one after the other, where it belongs\n"
    );
}

#[test]
fn a_project_may_do_without_the_reference() {
    let demo = demo();
    std::fs::remove_file(demo.path(REFERENCE)).expect("a file");
    assert_eq!(succeed(&demo, &[]), "wrote helm/files/contract.yaml\n");
    assert!(!demo.path(REFERENCE).exists());
}

#[test]
fn one_annotation_and_one_command_change_server_chart_clients_and_reference() {
    let demo = demo();
    succeed(&demo, &[]);
    let outputs = |demo: &Demo| {
        [
            rust::table(&demo.contract()),
            demo.read(CHART),
            succeed(demo, &["service-config", "--timeouts"]),
            demo.read(REFERENCE),
        ]
    };
    let before = outputs(&demo);
    let proto = "proto/demo/v1/thing.proto";
    let changed = demo
        .read(proto)
        .replace("timeout: { seconds: 2 }", "timeout: { seconds: 3 }");
    demo.write(proto, &changed);
    succeed(&demo, &[]);
    let after = outputs(&demo);
    let expected = [
        ("from_millis(2000)", "from_millis(3000)"),
        ("timeoutMs: 2000", "timeoutMs: 3000"),
        (
            "\"timeout\": \"2.000000000s\"",
            "\"timeout\": \"3.000000000s\"",
        ),
        (" | 2 s | ", " | 3 s | "),
    ];
    for ((before, after), (was, is)) in before.iter().zip(&after).zip(expected) {
        assert_ne!(before, after);
        assert_eq!(*after, before.replace(was, is));
    }
}

#[test]
fn a_refused_annotation_writes_nothing() {
    let demo = demo();
    succeed(&demo, &[]);
    let chart = demo.read(CHART);
    let proto = "proto/demo/v1/thing.proto";
    demo.write(proto, &demo.read(proto).replace("seconds: 2", "seconds: 0"));
    let (complaint, code) = fail(&demo, &[]);
    assert_eq!(
        complaint,
        "error: proto/demo/v1/thing.proto:7:1: demo.v1.ThingService/Make: timeout is not longer \
         than zero; write a positive duration or remove timeout\n"
    );
    assert_eq!(code, Some(1));
    assert_eq!(demo.read(CHART), chart);
}

#[test]
fn unknown_arguments_are_refused_with_the_usage() {
    let demo = demo();
    for arguments in [
        &["--chek"][..],
        &["service-config", "--check"],
        &["--timeouts"],
    ] {
        let (complaint, code) = fail(&demo, arguments);
        assert!(
            complaint.starts_with("error: unexpected argument --"),
            "{complaint}"
        );
        assert!(complaint.contains("usage: cargo contract"), "{complaint}");
        assert_eq!(code, Some(64));
    }
}

#[test]
fn what_may_be_imported_is_written_for_who_reads_protos_without_this_crate() {
    let demo = demo();
    let protos = demo.root().join("proto");
    let there = demo.root().join("target/protos");
    let compile = || protox::compile(["demo/v1/thing.proto"], [&protos, &there]);
    let error = compile().expect_err("nobody has mesh/v1/policy.proto");
    assert!(error.to_string().contains("mesh/v1/policy.proto"));
    let readme = fs::read_to_string("../../README.md").unwrap();
    let printed = readme.lines().find(|it| *it == "cargo contract protos");
    let arguments: Vec<_> = printed.unwrap().split(' ').skip(2).collect();
    assert_eq!(succeed(&demo, &arguments), "wrote target/protos\n");
    compile().expect("all imports");
    // What somebody left there is made right again, elsewhere too.
    let policy = "target/protos/mesh/v1/policy.proto";
    let text = demo.read(policy);
    demo.write(policy, "syntax = \"proto3\";\n");
    succeed(&demo, &["protos", "--out", &there.display().to_string()]);
    assert_eq!(demo.read(policy), text);

    demo.write("file", "");
    let place = demo.root().join("file");
    let (complaint, code) = fail(&demo, &["protos", "--out", &place.display().to_string()]);
    assert!(
        complaint.starts_with("error: file/buf/validate/validate.proto: "),
        "{complaint}"
    );
    assert_eq!(code, Some(1));
}

/// One source: an update of the crate brings what services import.
#[test]
fn the_tree_has_no_file_that_comes_with_the_crate() {
    let (mut folders, mut own) = (vec![Path::new("../../proto").to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix("../../proto").unwrap().to_str().unwrap();
            assert!(!contract::is_bundled(name), "{name} is there twice");
            own += 1;
        }
    }
    assert!(own > 0);
}

//! Files that cannot be read, are not there, clash, or offer nothing.

use crate::demo::Demo;

#[test]
fn a_file_that_does_not_compile_is_named_with_line_and_column() {
    let demo = Demo::with_rpcs("rpc Get(Missing) returns (Thing);");
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/thing.proto:5:9: name 'Missing' is not defined"
    );
}

#[test]
fn what_is_offered_must_exist() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    let refused = |offered: &str, why: &str| {
        demo.write("proto/offered.conf", offered);
        assert_eq!(demo.refusal(), why);
    };
    refused(
        "# one\ndemo.v2.Gone # gone\n",
        "proto/offered.conf:2:1: no .proto declares a service demo.v2.Gone; there are \
         demo.v1.ThingService: correct the name or remove the line",
    );
    refused(
        "demo.v1\n",
        "proto/offered.conf:1:1: demo.v1 is a package; name its services that are offered, one a \
         line: demo.v1.ThingService",
    );
    refused(
        "# nothing\n",
        "proto/offered.conf:1:1: names no service, so none would be offered; write package.Service \
         of the project's own .proto, one a line",
    );
    std::fs::remove_file(demo.path("proto/offered.conf")).expect("a file");
    assert_eq!(
        demo.refusal(),
        "proto/offered.conf: No such file or directory (os error 2)"
    );
}

#[test]
fn a_service_without_rpcs_is_not_offered() {
    let demo = Demo::with_rpcs("");
    assert_eq!(
        demo.refusal(),
        "proto/offered.conf:2:1: service demo.v1.ThingService in demo/v1/thing.proto:4:1 has no rpc, \
         so there is nothing to offer; give it one or remove the line"
    );
}

#[test]
fn a_missing_import_says_where_it_was_looked_for() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    demo.write(
        "proto/demo/v1/more.proto",
        "syntax = \"proto3\";\nimport \"shop/cart.proto\";\nmessage More {}\n",
    );
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/more.proto:2:1: import 'shop/cart.proto' not found; looked for \
         proto/shop/cart.proto and among the files that come with the contract; put it there, or \
         adopt with -I and the folder that has it"
    );
    demo.write(
        "proto/demo/v1/more.proto",
        "syntax = \"proto3\";\nimport \"google/rpc/kode.proto\";\nmessage More {}\n",
    );
    let refusal = demo.refusal();
    assert!(refusal.contains("google/rpc/code.proto"), "{refusal}");
}

#[test]
fn of_editions_only_what_is_known_is_read() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    demo.write(
        "proto/demo/v1/more.proto",
        "// New.\nedition = \"2023\";\nmessage More { string a = 1; }\n",
    );
    assert!(demo.contract().services.len() == 1);
    // Neither proto2 nor proto3 has words for that.
    demo.write(
        "proto/demo/v1/more.proto",
        "edition = \"2023\";\nmessage More { string a = 1 [features.field_presence = \
         IMPLICIT];\n int32 b = 2 [default = 7]; Missing c = 3; }\n",
    );
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/more.proto:3:29: name 'Missing' is not defined"
    );
    demo.write(
        "proto/demo/v1/more.proto",
        "edition = \"2023\";\nmessage More { string a = 1 [features.field_presence = \
         ALWAYS]; }\n",
    );
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/more.proto:2:30: features.field_presence = ALWAYS is not understood; write it \
         without, or in proto2 or proto3"
    );
    demo.write(
        "proto/demo/v1/more.proto",
        "edition = \"2024\";\nmessage More { string a = 1; }\n",
    );
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/more.proto:1:1: edition 2024 is not understood, 2023 is; write it without, or \
         in proto2 or proto3"
    );
}

#[test]
fn files_that_clash_are_named() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    demo.write(
        "proto/demo/v1/twice.proto",
        "syntax = \"proto3\";\npackage demo.v1;\nmessage Thing {}\n",
    );
    let refusal = demo.refusal();
    assert!(
        refusal.starts_with("proto/demo/v1/twice.proto:3:9: name 'demo.v1.Thing'"),
        "{refusal}"
    );
}

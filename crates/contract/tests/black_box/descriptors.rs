//! What code and reflection are made from.

use protox::prost_reflect::DescriptorPool;

use crate::demo::{Demo, one_of_each as demo};

#[test]
fn reflection_has_what_describe_needs_and_nothing_else() {
    let bytes = demo()
        .protos()
        .and_then(|it| it.reflection())
        .expect("descriptors");
    let pool = DescriptorPool::decode(bytes.as_slice()).expect("descriptors");
    let mut files: Vec<_> = pool.files().map(|it| it.name().to_owned()).collect();
    files.sort();
    assert_eq!(
        files,
        [
            "demo/v1/thing.proto",
            "google/protobuf/descriptor.proto",
            "google/protobuf/duration.proto",
            "google/rpc/code.proto",
            "mesh/v1/policy.proto",
        ]
    );
    assert!(
        pool.files()
            .all(|it| it.file_descriptor_proto().source_code_info.is_none())
    );
    let service = pool
        .get_service_by_name("demo.v1.ThingService")
        .expect("the service");
    let extension = pool
        .get_extension_by_name("mesh.v1.service")
        .expect("the extension");
    assert!(service.options().has_extension(&extension));
}

#[test]
fn reflection_leaves_out_what_is_not_offered() {
    let demo = demo();
    demo.write(
        "proto/demo/v1/thing.proto",
        &(demo.read("proto/demo/v1/thing.proto")
            + "service Hidden { rpc Ask(Thing) returns (Thing); }\n"),
    );
    let bytes = demo.protos().and_then(|it| it.reflection());
    let pool = DescriptorPool::decode(bytes.expect("descriptors").as_slice()).expect("descriptors");
    let services: Vec<_> = pool
        .services()
        .map(|it| it.full_name().to_owned())
        .collect();
    assert_eq!(services, ["demo.v1.ThingService"]);
    // It is called, and has code.
    let contract = demo.contract();
    assert!(
        contract
            .services
            .iter()
            .any(|it| it.name == "demo.v1.Hidden")
    );
}

#[test]
fn an_edition_is_told_as_it_is_where_neither_syntax_could_say_it() {
    let demo = demo();
    demo.write(
        "proto/demo/v1/thing.proto",
        "edition = \"2023\";\npackage demo.v1;\n\
         service ThingService { rpc Put(Thing) returns (Thing); }\n\
         message Thing {\n int32 plain = 1 [features.field_presence = IMPLICIT];\n\
         int32 tracked = 2 [default = 7];\n\
         Thing part = 3 [features.message_encoding = DELIMITED, features.field_presence = \
         IMPLICIT];\n\
         repeated int32 sizes = 4 [features.repeated_field_encoding = EXPANDED]; }\n",
    );
    let protos = demo.protos().expect("protos");
    // What is generated from has it all.
    let thing = protos
        .pool()
        .get_message_by_name("demo.v1.Thing")
        .expect("a message");
    let field = |name: &str| thing.get_field_by_name(name).expect("a field");
    assert!(!field("plain").supports_presence() && field("tracked").supports_presence());
    assert_eq!(field("tracked").default_value().as_i32(), Some(7));
    assert!(field("part").is_group() && field("part").supports_presence());
    let options = field("sizes").field_descriptor_proto().options.clone();
    assert_eq!(options.and_then(|it| it.packed), Some(false));
    // Nor do callers' generators take proto3 with a group in it.
    let code = protos.code().file;
    let own = code.iter().find(|it| it.name() == "demo/v1/thing.proto");
    let encoded = protos.encoded(own.expect("the file"));
    for told in [protos.reflection(), encoded] {
        let told = told.expect("descriptors");
        let has = |bytes: &[u8]| told.windows(bytes.len()).filter(|it| *it == bytes).count();
        // `syntax = 12`, `edition = 14`.
        assert_eq!(has(b"\x62\x08editions"), 1);
        assert_eq!(has(b"\x70\xe8\x07"), 1);
        // `features = 21`: IMPLICIT, DELIMITED, EXPANDED; nothing of proto3's `optional`.
        for feature in [b"\x08\x02", b"\x28\x02", b"\x18\x02"] {
            assert_eq!(has(&[b"\xaa\x01\x02".as_slice(), feature].concat()), 1);
        }
        assert_eq!(has(b"\x88\x01\x01"), 0);
        assert_eq!(has(b"_tracked"), 0);
    }
}

#[test]
fn code_comes_from_all_own_files_and_what_they_need() {
    let files = |demo: &Demo| -> Vec<String> {
        let code = demo.protos().expect("protos").code();
        code.file.iter().map(|it| it.name().to_owned()).collect()
    };
    let demo = demo();
    assert_eq!(
        files(&demo),
        ["demo/other/v1/other.proto", "demo/v1/thing.proto"]
    );
    // Named by no rpc; what it uses comes along, also what nobody has on disk.
    demo.write(
        "proto/demo/kind/v1/kind.proto",
        "syntax = \"proto3\";\npackage demo.kind.v1;\nimport \"google/type/date.proto\";\n\
         import \"google/api/field_behavior.proto\";\nimport \"google/protobuf/timestamp.proto\";\n\
         message Kind { map<string, google.type.Date> dates = 1 [(google.api.field_behavior) = \
         REQUIRED]; google.protobuf.Timestamp at = 2; }\n",
    );
    assert_eq!(
        files(&demo),
        [
            "google/type/date.proto",
            "google/protobuf/timestamp.proto",
            "demo/kind/v1/kind.proto",
            "demo/other/v1/other.proto",
            "demo/v1/thing.proto",
        ]
    );
}

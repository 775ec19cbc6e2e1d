//! .proto files taken in.

use std::fs;

use tool::command::{adopt, check, complete};

use super::stage::{Service, corpus};

#[test]
fn a_proto_becomes_a_handler_and_tests_that_are_named_where_they_belong() {
    let service = Service::new();
    let kinds = "kinds/corpus/kinds/v1/kinds.proto";
    assert_eq!(
        service.adopt(&[kinds], &[]).unwrap(),
        ["corpus.kinds.v1.KindService"]
    );
    assert_eq!(
        service.read("proto/corpus/kinds/v1/kinds.proto"),
        fs::read_to_string(corpus(kinds)).unwrap()
    );
    assert_eq!(
        service.read("proto/offered.conf"),
        "# What is offered.\ncorpus.kinds.v1.KindService\n"
    );
    let handler = service.read("src/services/kind_service.rs");
    for line in [
        "use crate::proto::corpus::kinds::v1 as pb;",
        "impl pb::kind_service_server::KindService for Api {",
        "    async fn ask(&self, _request: Request<pb::Question>) -> Result<Response<pb::Answer>, Status> {",
        "        Err(unwritten(\"corpus.kinds.v1.KindService/Ask\", file!()))",
        "    type FollowStream = tonic::codegen::BoxStream<pb::Answer>;",
        "        _request: Request<Streaming<pb::Chunk>>,",
        "    ) -> Result<Response<Self::ChatStream>, Status> {",
    ] {
        assert!(handler.contains(line), "{line}\n{handler}");
    }
    let services = service.read("src/services.rs");
    assert!(services.contains("\npub mod kind_service;\n"), "{services}");
    assert!(services.contains(".add_service("), "{services}");
    assert!(services.contains("KindServiceServer::new"), "{services}");
    let tests = service.read("tests/api/kind_service.rs");
    assert_eq!(tests.matches("#[tokio::test]").count(), 4);
    assert!(
        service
            .read("tests/api/main.rs")
            .contains("mod helpers;\nmod kind_service;\n")
    );
    let chart = service.read("helm/files/contract.yaml");
    assert!(
        chart.contains("name: corpus.kinds.v1.KindService"),
        "{chart}"
    );
    let findings = check(&service.project()).unwrap();
    assert_eq!(findings.unwritten.len(), 4);
    assert!(
        findings.unwritten[0].starts_with("src/services/kind_service.rs:"),
        "{findings:?}"
    );
    assert!(findings.faults.is_empty(), "{findings:?}");
}

#[test]
fn every_tree_is_adopted_into_one_service() {
    let service = Service::new();
    let mut trees: Vec<_> = fs::read_dir(corpus("")).unwrap().collect();
    trees.sort_by_key(|it| it.as_ref().unwrap().path());
    let names = trees.iter().map(|it| it.as_ref().unwrap().file_name());
    let names: Vec<_> = names.map(|it| it.into_string().unwrap()).collect();
    let (apart, plain): (Vec<_>, Vec<_>) =
        (names.iter().map(String::as_str)).partition(|it| corpus(it).join("include").is_dir());
    for tree in apart {
        let adopted = service.adopt(&[&format!("{tree}/api")], &[&format!("{tree}/include")]);
        let adopted = adopted.unwrap_or_else(|it| panic!("{tree}: {it}"));
        assert!(!adopted.is_empty(), "{tree}");
    }
    // Some at once: each time all code is generated.
    for trees in plain.chunks(9) {
        let adopted = service.adopt(trees, &[]);
        let adopted = adopted.unwrap_or_else(|it| panic!("{trees:?}: {it}"));
        assert!(adopted.len() >= trees.len(), "{trees:?}: {adopted:?}");
    }
    assert!(names.len() >= 30, "the corpus has shrunk");
    let before = service.files();
    assert_eq!(complete(&service.project()).unwrap(), [""; 0]);
    assert_eq!(service.adopt(&["kinds", "bare"], &[]).unwrap(), [""; 0]);
    assert!(service.files() == before, "twice is not as once");
    // Two packages have a service of the same name.
    let services = service.read("src/services.rs");
    assert!(
        services.contains("pub mod corpus_shop_v1_cart_service;"),
        "{services}"
    );
    // `tests/api/helpers.rs` is somebody else.
    assert!(services.contains("pub mod helpers_api;"), "{services}");
    assert!(services.contains("pub mod main_api;"), "{services}");
    assert!(services.contains("pub mod lifecycle_api;"), "{services}");
    assert!(services.contains("pub mod chassis_api;"), "{services}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_is_a_folder() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().unwrap();
    let (tree, other) = (place.path().join("tree"), place.path().join("other"));
    fs::create_dir_all(&tree).unwrap();
    fs::create_dir_all(&other).unwrap();
    let proto = "syntax = \"proto3\";\npackage linked;\nservice S { rpc A(M) returns (M); }\nmessage M {}\n";
    fs::write(other.join("linked.proto"), proto).unwrap();
    symlink(&other, tree.join("v1")).unwrap();
    // Leads to where it is itself.
    symlink(&tree, tree.join("again")).unwrap();
    let service = Service::new();
    adopt(&service.project(), &[tree], &[]).unwrap();
    assert_eq!(service.read("proto/v1/linked.proto"), proto);
}

#[test]
fn imports_are_read_as_protobuf_reads_them() {
    let place = tempfile::tempdir().unwrap();
    let part = |name: &str| {
        let text = format!("syntax = \"proto3\"; package\tparts; message {name} {{}}");
        fs::write(place.path().join(format!("{name}.proto")), text).unwrap();
    };
    part("One");
    part("Two");
    let folder = place.path().join("odd/v1");
    fs::create_dir_all(&folder).unwrap();
    let proto = "syntax = \"proto3\"; package\todd.v1;\n/*\nimport \"gone.proto\";\n*/\nimport \
                 \"One.proto\"; import\n  public 'Two.proto'; // import \"gone.proto\";\nservice S { \
                 rpc A(parts.One) returns (parts.Two); }\n";
    let file = folder.join("odd.proto");
    fs::write(&file, proto).unwrap();
    let service = Service::new();
    adopt(&service.project(), &[file], &[]).unwrap();
    assert_eq!(service.read("proto/odd/v1/odd.proto"), proto);
    service.read("proto/One.proto");
    service.read("proto/Two.proto");
}

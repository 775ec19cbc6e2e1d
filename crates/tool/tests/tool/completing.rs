//! Code that follows a .proto that has grown, or whose names have changed.

use tool::command::{check, complete};

use super::stage::Service;

#[test]
fn a_new_rpc_is_appended_and_nothing_of_a_person_s_changes() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let path = "src/services/kind_service.rs";
    let written = service.read(path).replace(
        "        Err(unwritten(\"corpus.kinds.v1.KindService/Ask\", file!()))",
        "        // Mine:   as I like it.\n        todo(  )",
    ) + "\n\nfn   todo<T>()  -> T { panic!() } // mine, too\n";
    service.write(path, &written);
    let proto = "proto/corpus/kinds/v1/kinds.proto";
    let grown = service.read(proto).replace(
        "  rpc Chat(",
        "  rpc Shout(Question) returns (stream Answer);\n  rpc Chat(",
    );
    service.write(proto, &grown);

    let missing = check(&service.project()).unwrap().faults.join("\n");
    assert!(
        missing.contains("Shout of corpus.kinds.v1.KindService is not there"),
        "{missing}"
    );
    let changed = complete(&service.project()).unwrap();
    assert_eq!(
        changed,
        [
            path,
            "tests/api/kind_service.rs",
            "helm/files/contract.yaml"
        ]
    );
    let after = service.read(path);
    let mut rest = after.as_str();
    for line in written.lines() {
        let (_, behind) = rest
            .split_once(line)
            .unwrap_or_else(|| panic!("{line} is gone:\n{after}"));
        rest = behind;
    }
    assert!(after.contains("async fn shout(&self, _request: tonic::Request<crate::proto::corpus::kinds::v1::Question>)"), "{after}");
    assert!(
        service
            .read("tests/api/kind_service.rs")
            .contains("async fn shout()")
    );
    assert_eq!(complete(&service.project()).unwrap(), [""; 0]);
}

#[test]
fn what_is_renamed_is_named_and_not_made_twice() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let proto = "proto/corpus/kinds/v1/kinds.proto";
    let renamed = service.read(proto).replace("rpc Ask(", "rpc Consult(");
    service.write(proto, &renamed);
    let before = service.files();
    let error = complete(&service.project()).unwrap_err().to_string();
    assert!(
        error.starts_with("src/services/kind_service.rs:")
            && error.ends_with(
                ": ask is no rpc of corpus.kinds.v1.KindService any more; call it as the rpc is \
                 called now (consult?), or remove it"
            ),
        "{error}"
    );
    assert!(service.files() == before);
    let faults = check(&service.project()).unwrap().faults;
    assert!(faults.contains(&error), "{faults:?}");
    let handler = "src/services/kind_service.rs";
    let mended = service.read(handler).replace("fn ask(", "fn consult(");
    service.write(handler, &mended);
    assert_eq!(
        complete(&service.project()).unwrap(),
        ["helm/files/contract.yaml"]
    );

    // So is a service.
    let renamed = service
        .read(proto)
        .replace("service KindService", "service SortService");
    service.write(proto, &renamed);
    let error = complete(&service.project()).unwrap_err().to_string();
    assert!(
        error
            .contains("offered.conf:2:1: no .proto declares a service corpus.kinds.v1.KindService"),
        "{error}"
    );
    service.write("proto/offered.conf", "corpus.kinds.v1.SortService\n");
    let error = complete(&service.project()).unwrap_err().to_string();
    assert!(
        error.contains("implements kind_service_server::KindService, which is made of no .proto"),
        "{error}"
    );
    let mended = service.read(handler).replace(
        "kind_service_server::KindService",
        "sort_service_server::SortService",
    );
    service.write(handler, &mended);
    complete(&service.project()).unwrap();
    assert_eq!(service.read(handler), mended);
    assert!(check(&service.project()).unwrap().faults.is_empty());
}

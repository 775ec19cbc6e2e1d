//! An rpc, a service and an upstream more.

use std::fs;

use tool::command::{add_rpc, add_service, add_upstream, check, complete};

use super::stage::{Service, corpus};

#[test]
fn an_rpc_is_added_to_proto_and_code_at_once() {
    let service = Service::new();
    service.adopt(&["packages"], &[]).unwrap();
    let error = add_rpc(&service.project(), "CartService/Drop")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("CartService: name one of "), "{error}");
    let error = add_rpc(&service.project(), "AuditService/Get")
        .unwrap_err()
        .to_string();
    assert_eq!(error, "corpus.shop.v1.AuditService has the rpc Get already");
    add_rpc(&service.project(), "corpus.shop.v1.CartService/Drop").unwrap();
    let proto = service.read("proto/corpus/shop/v1/cart.proto");
    assert!(
        proto.contains("\n  rpc Drop(DropRequest) returns (DropResponse);\n}\n"),
        "{proto}"
    );
    let handler = service.read("src/services/corpus_shop_v1_cart_service.rs");
    assert!(handler.contains("async fn drop("), "{handler}");
    let tests = service.read("tests/api/corpus_shop_v1_cart_service.rs");
    assert!(tests.contains("async fn drop()"), "{tests}");
    assert!(check(&service.project()).unwrap().faults.is_empty());
}

#[test]
fn a_service_is_added_to_proto_and_code_at_once() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let before = service.files();
    let refused = |name: &str, rpcs: &[&str]| {
        let rpcs: Vec<_> = rpcs.iter().map(|&it| it.to_owned()).collect();
        let error = add_service(&service.project(), name, &rpcs).unwrap_err();
        assert!(service.files() == before, "{name} left something behind");
        error.to_string()
    };
    for (name, rpcs, why) in [
        (
            "audit",
            &["Get"][..],
            "corpus.kinds.v1.audit: write package.Service",
        ),
        (
            "AuditService",
            &[],
            "AuditService: a service without an rpc serves nothing",
        ),
        ("AuditService", &["get"], "get: is no name of an rpc"),
        (
            "KindService",
            &["Get"],
            "proto/corpus/kinds/v1/kinds.proto: declares corpus.kinds.v1.KindService already",
        ),
        ("a..B", &["Get"], "a..B: write package.Service"),
    ] {
        let error = refused(name, rpcs);
        let why = why.trim_start_matches("corpus.kinds.v1.audit");
        assert!(error.contains(why), "{error}\n is not\n{why}");
    }
    let rpcs = ["GetAudit".to_owned(), "ListAudits".to_owned()];
    let written = add_service(&service.project(), "AuditService", &rpcs).unwrap();
    assert!(
        written.contains(&"proto/corpus/kinds/v1/audit_service.proto".to_owned()),
        "{written:?}"
    );
    assert_eq!(
        service.read("proto/offered.conf"),
        "# What is offered.\ncorpus.kinds.v1.KindService\ncorpus.kinds.v1.AuditService\n"
    );
    let handler = service.read("src/services/audit_service.rs");
    assert!(handler.contains("async fn list_audits("), "{handler}");
    assert!(check(&service.project()).unwrap().faults.is_empty());
    // A request of that name is there, in a file that this one would not see.
    let error = add_service(&service.project(), "MoreService", &["GetAudit".to_owned()]);
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("proto/corpus/kinds/v1/audit_service.proto: declares"),
        "{error}"
    );
}

#[test]
fn an_upstream_is_a_client_a_setting_a_value_and_a_test() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let upstream =
        |name: &str, tree: &str| add_upstream(&service.project(), name, &[corpus(tree)], &[]);
    let before = service.files();
    for (name, tree, why) in [
        ("Tax", "levels", "Tax: is no name for an upstream"),
        ("type", "levels", "type: is no name for an upstream"),
        (
            "kinds",
            "kinds",
            "corpus.kinds.v1.KindService: is offered here",
        ),
        ("common", "levels/missing.proto", ""),
        (
            "settings",
            "levels",
            "src/state.rs: State has a field settings already",
        ),
    ] {
        let error = upstream(name, tree).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}\n is not\n{why}");
        assert!(service.files() == before, "{name} left something behind");
    }
    let added = upstream("tax-rates", "levels").unwrap();
    assert!(added.left.is_empty(), "{added:?}");
    for path in [
        "helm/values.yaml",
        "proto/levels.proto",
        "src/lib.rs",
        "src/main.rs",
        "src/settings.rs",
        "src/state.rs",
        "src/upstreams.rs",
        "src/upstreams/tax_rates.rs",
        "tests/api/upstream_tax_rates.rs",
    ] {
        assert!(
            added.written.contains(&path.to_owned()),
            "{path}: {added:?}"
        );
    }
    // Nothing that was there is gone.
    for (path, text) in before {
        let Ok(after) = fs::read_to_string(&path) else {
            panic!("{} is gone", path.display());
        };
        let mut rest = after.as_str();
        for line in text.lines().filter(|it| *it != "upstreams: {}") {
            let found = rest.split_once(line);
            rest = found
                .unwrap_or_else(|| panic!("{line} is gone:\n{after}"))
                .1;
        }
    }
    let values = service.read("helm/values.yaml");
    assert!(values.contains("\nupstreams:\n  tax_rates:\n"), "{values}");
    let main = service.read("src/main.rs");
    assert!(
        main.contains("tax_rates: service::upstreams::tax_rates::Upstream"),
        "{main}"
    );
    let contract = service.read("helm/files/contract.yaml");
    assert!(contract.contains("role: upstream"), "{contract}");
    assert!(!service.read("proto/offered.conf").contains("levels"));
    // Twice is as once; another one beside it is another.
    let before = service.files();
    assert!(upstream("tax-rates", "levels").unwrap().written.is_empty());
    assert!(service.files() == before, "twice is not as once");
    let error = upstream("tax-rates", "dynamic").unwrap_err().to_string();
    assert!(
        error.contains("does not call corpus.dynamic.v1.DynamicService"),
        "{error}"
    );
    upstream("shapes", "shapes").unwrap();
    let values = service.read("helm/values.yaml");
    assert!(
        values.contains("\n  tax_rates:\n") && values.contains("\n  shapes:\n"),
        "{values}"
    );
    assert!(check(&service.project()).unwrap().faults.is_empty());
    // Its stand-in grows with its .proto.
    let grown = service.read("proto/shapes.proto").replace(
        "rpc Choose(",
        "rpc Bend(Tree) returns (Tree);\n  rpc Choose(",
    );
    service.write("proto/shapes.proto", &grown);
    let faults = check(&service.project()).unwrap().faults.join("\n");
    assert!(
        faults.contains("Bend of corpus.shapes.v1.ShapeService is not there"),
        "{faults}"
    );
    complete(&service.project()).unwrap();
    let test = service.read("tests/api/upstream_shapes.rs");
    assert!(test.contains("async fn bend("), "{test}");
    assert!(check(&service.project()).unwrap().faults.is_empty());
}

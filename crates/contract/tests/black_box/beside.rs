//! Policy beside a .proto, in `policy.txtpb`.

use crate::demo::Demo;

/// A policy beside a .proto that says nothing itself.
const BESIDE: &str = "\
# The partner's.
service {
  name: \"demo.v1.ThingService\"
  policy { default { timeout { seconds: 3 } allowed_callers: \"reader\" } }
  method {
    name: \"Put\"
    idempotency_level: IDEMPOTENT
    policy { timeout { seconds: 2 } }
  }
}
";

fn partners() -> Demo {
    Demo::with_rpcs("rpc Get(PutRequest) returns (Thing);\nrpc Put(PutRequest) returns (Thing);")
}

#[test]
fn a_policy_may_stand_beside_the_proto() {
    let demo = partners();
    demo.write("proto/policy.txtpb", BESIDE);
    let contract = demo.contract();
    let methods = &contract.services[0].methods;
    let seconds: Vec<_> = methods
        .iter()
        .map(|it| it.timeout.map(|it| it.as_secs()))
        .collect();
    assert_eq!(seconds, [Some(3), Some(2)]);
    assert!(methods.iter().all(|it| it.allowed_callers == ["reader"]));
    assert_eq!(methods[1].idempotency, contract::Idempotency::Idempotent);
}

#[test]
fn a_policy_beside_has_the_rules_of_annotations() {
    let demo = partners();
    let refused = |from: &str, to: &str, why: &str| {
        demo.write("proto/policy.txtpb", &BESIDE.replace(from, to));
        assert_eq!(demo.refusal(), why);
    };
    refused(
        "\"Put\"",
        "\"Putt\"",
        "proto/policy.txtpb:6:11: demo.v1.ThingService/Putt: the service has no such rpc; write one of \
         Get, Put",
    );
    refused(
        "demo.v1.Thing",
        "demo.v2.Thing",
        "proto/policy.txtpb:3:9: demo.v2.ThingService: no .proto declares such a service; write \
         package.Service of one of demo.v1.ThingService",
    );
    refused(
        "seconds: 2",
        "seconds: 0",
        "proto/policy.txtpb:6:11: demo.v1.ThingService/Put: timeout is not longer than zero; write a \
         positive duration or remove timeout",
    );
    demo.write(
        "proto/policy.txtpb",
        &BESIDE.replace("timeout { seconds: 2 }", "timeot {}"),
    );
    let refusal = demo.refusal();
    assert!(
        refusal.starts_with("proto/policy.txtpb:8:14: "),
        "{refusal}"
    );
    assert!(refusal.contains("timeot"), "{refusal}");
}

#[test]
fn a_policy_stands_in_one_place() {
    let demo = Demo::with_rpcs(
        "rpc Get(PutRequest) returns (Thing);\nrpc Put(PutRequest) returns (Thing) { option \
         (mesh.v1.method) = { timeout: { seconds: 1 } }; }",
    );
    demo.write("proto/policy.txtpb", BESIDE);
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/thing.proto:6:1: demo.v1.ThingService/Put: the policy stands in the .proto and \
         in policy.txtpb; say it in one place"
    );
}

//! Whether the proofs would notice: each breaks one rendered object and expects
//! its checker to complain.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::Place;
use super::case::Rendered;
use super::schema::Schemas;
use super::tools::Tools;
use super::{conform, document, istio, linkerd};

/// Who should notice.
#[derive(Debug, Clone, Copy)]
enum Checker {
    Schema,
    Istio,
    Linkerd,
}

/// Provider, case, what is replaced by what, and who should notice.
const MUTATIONS: [(&str, &str, &str, &str, Checker); 12] = [
    (
        "none",
        "default",
        "readinessProbe:",
        "readynessProbe:",
        Checker::Schema,
    ),
    (
        "none",
        "default",
        "containerPort: 50051",
        "containerPort: fifty",
        Checker::Schema,
    ),
    (
        "istio",
        "default",
        "attempts: 0",
        "attempt: 0",
        Checker::Schema,
    ),
    (
        "istio",
        "default",
        "mode: STRICT",
        "mode: STRICTLY",
        Checker::Schema,
    ),
    (
        "linkerd",
        "default",
        "backendRefs:",
        "backends:",
        Checker::Schema,
    ),
    (
        "linkerd",
        "authorization",
        "proxyProtocol: gRPC",
        "proxyProtocol: grpc",
        Checker::Schema,
    ),
    (
        "istio",
        "default",
        "unavailable",
        "unavailable,teapot",
        Checker::Istio,
    ),
    (
        "istio",
        "canary",
        "weight: 90",
        "weight: -1",
        Checker::Istio,
    ),
    (
        "istio",
        "canary",
        "subset: v2",
        "subset: v3",
        Checker::Istio,
    ),
    (
        "linkerd",
        "default",
        "timeout.linkerd.io/request: 5s",
        "timeout.linkerd.io/request: 1.5s",
        Checker::Linkerd,
    ),
    (
        "linkerd",
        "default",
        "kubernetes.io/h2c",
        "grpc",
        Checker::Linkerd,
    ),
    (
        "linkerd",
        "authorization",
        "kind: MeshTLSAuthentication\n      name: ",
        "kind: MeshTLSAuthentication\n      name: no-",
        Checker::Linkerd,
    ),
];

/// How many mutations were noticed; one that was not is an error.
pub(super) fn check(
    place: &Place,
    tools: &Tools,
    schemas: &Schemas,
    cases: &[Rendered],
) -> Result<usize> {
    let file = place.target.join("chart-mutated.yaml");
    let [edition, ..] = &schemas.editions();
    let mut noticed = 0;
    for (provider, name, from, to, checker) in MUTATIONS {
        let Some(case) = cases
            .iter()
            .find(|case| case.provider == provider && case.name == name)
        else {
            continue;
        };
        ensure!(
            case.text.contains(from),
            "{provider}/{name} has no «{from}» to break"
        );
        let text = case.text.replace(from, to);
        fs::write(&file, &text)?;
        let complained = match checker {
            Checker::Schema => {
                conform::conform(tools, schemas, edition, provider, &file)?["invalid"] != 0
            }
            Checker::Istio => {
                let (ok, _) = super::command::attempt(
                    tools.tool("istioctl").args(["validate", "-f"]).arg(&file),
                )?;
                !ok || !istio::analyze(tools, &[&file])?.is_empty()
            }
            Checker::Linkerd => linkerd::check(&Rendered {
                provider,
                name: name.into(),
                values: case.values.clone(),
                objects: document::parse(&text).context("still YAML")?,
                text,
            })
            .is_err(),
        };
        ensure!(
            complained,
            "{provider}/{name}: nobody noticed «{to}» for «{from}»"
        );
        noticed += 1;
    }
    Ok(noticed)
}

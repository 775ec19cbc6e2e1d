//! What callers meet while Helm moves a release from one set of values to another:
//! it applies objects by kind, one after the other, and then deletes what is left
//! over. At every step each rpc has a route, and whoever may call it before and
//! after may call it in between; whoever may not in either never may.

mod istio;
mod linkerd;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::Place;
use super::case::{self, PROVIDERS};
use super::document::{self, id, list, text, whole_id};
use super::tools::Tools;

/// Kinds that Helm knows, in its sequence; all others follow by name.
const KINDS: [&str; 11] = [
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Service",
    "Pod",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
];

/// What there is in the cluster of one release, by name.
type State = BTreeMap<String, Value>;

/// One method of a service, as a caller names it.
#[derive(Debug, Clone)]
struct Rpc {
    service: String,
    method: String,
}

impl Rpc {
    fn path(&self) -> String {
        format!("/{}/{}", self.service, self.method)
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
struct Caller {
    /// Its service account, where it is a member of the mesh.
    account: Option<&'static str>,
    /// Whether it shows a token that is good.
    token: bool,
}

const CALLERS: [Caller; 5] = [
    member("frontend", true),
    member("gateway", true),
    member("stranger", true),
    member("gateway", false),
    Caller {
        account: None,
        token: true,
    },
];

const fn member(account: &'static str, token: bool) -> Caller {
    Caller {
        account: Some(account),
        token,
    }
}

/// How many moves lose nobody; an error names the step that does.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<usize> {
    let rpcs = rpcs(place)?;
    let moves = moves();
    for (what, from, to) in &moves {
        let (from, to) = (objects(place, tools, from)?, objects(place, tools, to)?);
        walk(&from, &to, &rpcs).with_context(|| what.clone())?;
    }
    the_model_notices(place, tools, &rpcs)?;
    Ok(moves.len())
}

/// Neighbours, both ways. Left out is what the chart's README does in two steps:
/// into a mesh or out of it with `authorization` or strict mTLS, from plain text
/// to strict, to tokens at once on Istio, and a canary that has calls before it has
/// pods. Flagger is another
/// controller's doing.
fn moves() -> Vec<(String, Value, Value)> {
    let mut pairs = Vec::new();
    let mut add = |what: String, from: Value, to: Value| {
        pairs.push((format!("{what}, forth"), from.clone(), to.clone()));
        pairs.push((format!("{what}, back"), to, from));
    };
    for (number, one) in PROVIDERS.iter().enumerate() {
        for other in &PROVIDERS[number + 1..] {
            let values = |provider| with(provider, &json!({"mtls": {"mode": weakest(provider)}}));
            add(format!("{one} to {other}"), values(one), values(other));
        }
    }
    for provider in &PROVIDERS[1..] {
        let from_to = |from: &Value, to: &Value| (with(provider, from), with(provider, to));
        let steps = [
            (
                "authorization",
                json!({}),
                json!({"authorization": {"enabled": true}}),
            ),
            ("strict", json!({"mtls": {"mode": "permissive"}}), json!({})),
            ("a canary without calls", json!({}), canary(0)),
            ("a canary with some", canary(0), canary(10)),
            ("a canary with all", canary(10), canary(100)),
            (
                "callers that repeat",
                json!({}),
                json!({"retries": {"layer": "client"}}),
            ),
            (
                "no time limits",
                json!({}),
                json!({"timeouts": {"enabled": false}}),
            ),
        ];
        for (what, from, to) in &steps {
            let (from, to) = from_to(from, to);
            add(format!("{provider}: {what}"), from, to);
        }
    }
    for (what, roles) in [("", false), (" beside roles", true)] {
        let of = |provider, tokens: Value| {
            let mut values = with(provider, &json!({"authorization": {"enabled": roles}}));
            case::merge(&mut values, &tokens);
            values
        };
        for provider in ["istio", "istio-ambient"] {
            let (none, shown, asked_for) = (
                of(provider, json!({})),
                of(provider, tokens(false)),
                of(provider, tokens(true)),
            );
            add(
                format!("{provider}: tokens{what} that may be shown"),
                none,
                shown.clone(),
            );
            add(
                format!("{provider}: tokens{what} that must be"),
                shown,
                asked_for,
            );
        }
        let (none, asked_for) = (of("linkerd", json!({})), of("linkerd", tokens(true)));
        add(format!("linkerd: tokens{what}"), none, asked_for);
    }
    let plain = with("istio", &json!({"mtls": {"mode": "disabled"}}));
    let both = with("istio", &json!({"mtls": {"mode": "permissive"}}));
    add("istio: mTLS at all".into(), plain, both);
    pairs
}

fn weakest(provider: &str) -> &'static str {
    if provider == "none" {
        "disabled"
    } else {
        "permissive"
    }
}

fn canary(weight: u64) -> Value {
    json!({"canary": {"enabled": true, "tag": "2", "weight": weight}})
}

fn tokens(required: bool) -> Value {
    json!({"jwt": {
        "enabled": true, "required": required,
        "issuer": "https://issuer.example", "jwks": "{\"keys\": []}",
    }})
}

fn with(provider: &str, values: &Value) -> Value {
    let mut all = json!({
        "mesh": {"provider": provider},
        "store": {"type": "postgres", "postgres": {"existingSecret": "database"}},
        "authorization": {"roles": {
            "reader": [{"serviceAccount": "frontend"}],
            "writer": [{"serviceAccount": "gateway"}],
        }},
    });
    case::merge(&mut all, values);
    all
}

/// In the sequence in which Helm applies them.
fn objects(place: &Place, tools: &Tools, values: &Value) -> Result<Vec<Value>> {
    let (ok, said) = case::render(place, tools, values)?;
    ensure!(ok, "{values} does not render:\n{said}");
    let mut objects = document::parse(&said)?;
    objects.retain(|object| object["metadata"]["annotations"]["helm.sh/hook"].is_null());
    objects.sort_by_key(|object| {
        let kind = text(object, "/kind").to_owned();
        let known = KINDS.iter().position(|known| *known == kind);
        (
            known.unwrap_or(KINDS.len()),
            known.map_or(kind, |_| String::new()),
        )
    });
    Ok(objects)
}

/// Of the contract, and one of each service that every server has.
fn rpcs(place: &Place) -> Result<Vec<Rpc>> {
    let contract = fs::read_to_string(place.chart().join("files/contract.yaml"))?;
    let contract: Value = serde_yaml_ng::from_str(&contract)?;
    let rpc = |service: &str, method: &str| Rpc {
        service: service.to_owned(),
        method: method.to_owned(),
    };
    let mut rpcs = vec![
        rpc("grpc.health.v1.Health", "Check"),
        rpc(
            "grpc.reflection.v1.ServerReflection",
            "ServerReflectionInfo",
        ),
    ];
    for service in list(&contract, "/services") {
        if text(service, "/role") == "server" {
            let name = text(service, "/name");
            let methods = list(service, "/methods").iter();
            rpcs.extend(methods.map(|method| rpc(name, text(method, "/name"))));
        }
    }
    Ok(rpcs)
}

/// Every step of one move.
fn walk(from: &[Value], to: &[Value], rpcs: &[Rpc]) -> Result<()> {
    let state = |objects: &[Value]| -> State {
        let named = objects.iter().map(|one| (whole_id(one), one.clone()));
        named.collect()
    };
    let (before, after) = (state(from), state(to));
    let mut now = before.clone();
    let mut here = vec![("before".to_owned(), now.clone())];
    for object in to {
        now.insert(whole_id(object), object.clone());
        here.push((format!("with {} applied", id(object)), now.clone()));
    }
    for object in from {
        let name = whole_id(object);
        if !after.contains_key(&name) {
            now.remove(&name);
            here.push((format!("with {} deleted", id(object)), now.clone()));
        }
    }
    for (step, now) in &here {
        linkerd::check(now, &before, &after, rpcs).with_context(|| step.clone())?;
        istio::routes(now).with_context(|| step.clone())?;
        istio::check(now, &before, &after, rpcs).with_context(|| step.clone())?;
    }
    Ok(())
}

/// Whether a caller is refused, or let in, that should not be.
fn hold(
    rpcs: &[Rpc],
    may: impl Fn(&State, &Rpc, Caller) -> bool,
    (now, before, after): (&State, &State, &State),
) -> Result<()> {
    for rpc in rpcs {
        for caller in CALLERS {
            let (was, will, is) = (
                may(before, rpc, caller),
                may(after, rpc, caller),
                may(now, rpc, caller),
            );
            if was == will && is != was {
                let word = if is { "let in" } else { "refused" };
                bail!("{} by {caller:?} is {word}", rpc.path());
            }
        }
    }
    Ok(())
}

/// Whether an object is left out.
type Gone<'a> = &'a dyn Fn(&Value) -> bool;

/// What the chart once did, or might: each loses callers, and the model says so.
fn the_model_notices(place: &Place, tools: &Tools, rpcs: &[Rpc]) -> Result<()> {
    let ends = |object: &Value, end: &str| text(object, "/metadata/name").ends_with(end);
    let of_mode = |provider| with(provider, &json!({"mtls": {"mode": weakest(provider)}}));
    let roles = with("linkerd", &json!({"authorization": {"enabled": true}}));
    let plain = with("linkerd", &json!({}));
    // Without authorization there was neither a Server nor a route to it.
    let is_inbound = |object: &Value| ends(object, "-grpc") || ends(object, "-call");
    let (untold, at_once) = (with("istio", &json!({})), with("istio", &tokens(true)));
    let mutants: [(&str, &Value, &Value, Gone<'_>); 5] = [
        ("tokens at once", &untold, &at_once, &|_| false),
        (
            "no route for all after the others",
            &of_mode("linkerd"),
            &of_mode("none"),
            &|it| ends(it, "-other-last"),
        ),
        (
            "no route for all before the others",
            &of_mode("none"),
            &of_mode("linkerd"),
            &|it| ends(it, "-other"),
        ),
        (
            "a Server that goes with the roles",
            &roles,
            &plain,
            &is_inbound,
        ),
        (
            "a Server that comes with the roles",
            &plain,
            &roles,
            &|it| ends(it, "-call"),
        ),
    ];
    for (what, from, to, gone) in mutants {
        let (mut from, mut to) = (objects(place, tools, from)?, objects(place, tools, to)?);
        let with_roles = |objects: &[Value]| objects.iter().any(|it| ends(it, "-call-common"));
        for side in [&mut from, &mut to] {
            // The Server itself stays where roles need it.
            let keep = with_roles(side);
            side.retain(|it| !gone(it) || (keep && text(it, "/kind") == "Server"));
        }
        ensure!(walk(&from, &to, rpcs).is_err(), "not noticed: {what}");
    }
    Ok(())
}

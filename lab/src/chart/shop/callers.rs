//! Who may call what, as the objects of each mesh have it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Releases, of_kind, variables};
use crate::chart::document::text;

/// All of a release.
const ALL: &str = "*";

/// Accounts by what they may call: a path, or all of it.
type May = BTreeMap<String, BTreeSet<String>>;

/// Each is called by the one before it, and by nobody else.
pub(super) fn check(root: &Path, provider: &str, releases: &Releases) -> Result<()> {
    for (name, objects) in releases {
        let seen = match provider {
            "none" => by_service(root, name, objects)?,
            "linkerd" => by_linkerd(objects)?,
            _ => by_istio(name, objects),
        };
        let expected = expected(root, provider, name)?;
        ensure!(
            seen == expected,
            "{name}: {seen:#?}\nmay call, and should: {expected:#?}"
        );
    }
    Ok(())
}

fn expected(root: &Path, provider: &str, name: &str) -> Result<May> {
    let one = |caller: &str| BTreeSet::from([caller.to_owned()]);
    if name == "shop-gateway" {
        // Whose customers come without certificates, where there is no mesh.
        let ingress = match provider {
            "none" => return Ok(May::new()),
            "linkerd" => "ingress",
            _ => "shop-gateway-istio",
        };
        return Ok(May::from([(ALL.to_owned(), one(ingress))]));
    }
    let caller = |path: &str| match name {
        "order-service" => one("shop-gateway"),
        "inventory-service" if path.contains(".StockService/") => one("shop-gateway"),
        _ => one("order-service"),
    };
    let paths = offered(root, name)?.into_iter().map(|rpc| rpc.path);
    Ok(paths.map(|path| (path.clone(), caller(&path))).collect())
}

#[derive(Deserialize)]
struct Contract {
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    role: String,
    methods: Vec<Rpc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rpc {
    path: String,
    allowed_callers: Vec<String>,
}

/// The rpcs of a service that was made.
fn offered(root: &Path, name: &str) -> Result<Vec<Rpc>> {
    let file = root.join(format!("shop/made/{name}/helm/files/contract.yaml"));
    let contract: Contract = serde_yaml_ng::from_str(&fs::read_to_string(file)?)?;
    let own = (contract.services.into_iter()).filter(|it| it.role == "server");
    Ok(own.flat_map(|it| it.methods).collect())
}

/// By certificates: roles of the contract, and which accounts have them.
fn by_service(root: &Path, name: &str, objects: &[Value]) -> Result<May> {
    let mut may = May::new();
    let settings = variables(name, objects)?;
    let Some((_, roles)) = settings.iter().find(|(name, _)| *name == "CALLER_ROLES") else {
        return Ok(may);
    };
    let roles = roles.split(';').map(|role| role.split_once('='));
    let roles = roles.collect::<Option<BTreeMap<_, _>>>().context("roles")?;
    for rpc in offered(root, name)? {
        let accounts = (rpc.allowed_callers.iter())
            .filter_map(|role| roles.get(role.as_str()))
            .flat_map(|accounts| accounts.split(','))
            .filter_map(|account| account.rsplit('/').next())
            .map(str::to_owned);
        may.insert(rpc.path, accounts.collect());
    }
    Ok(may)
}

/// Texts of an array.
fn texts(value: &Value) -> impl Iterator<Item = String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|it| it.as_str().map(str::to_owned))
}

/// What members of the mesh may whoever they are, health, is left out.
fn by_istio(name: &str, objects: &[Value]) -> May {
    let mut may = May::new();
    let rules = of_kind(objects, "AuthorizationPolicy")
        .filter(|it| text(it, "/metadata/name") == name)
        .filter_map(|it| it["spec"]["rules"].as_array())
        .flatten();
    for rule in rules {
        let principals = &rule["from"][0]["source"]["principals"];
        let accounts: BTreeSet<_> = texts(principals)
            .filter_map(|it| it.rsplit('/').next().map(str::to_owned))
            .filter(|account| account != "*")
            .collect();
        if accounts.is_empty() {
            continue;
        }
        let operation = &rule["to"][0]["operation"];
        let mut paths: Vec<_> = texts(&operation["paths"]).collect();
        if paths.is_empty() {
            paths.push(ALL.to_owned());
        }
        for path in paths {
            may.entry(path).or_default().extend(accounts.clone());
        }
    }
    may
}

fn by_linkerd(objects: &[Value]) -> Result<May> {
    let mut may = May::new();
    for policy in of_kind(objects, "AuthorizationPolicy") {
        let (kind, target) = (
            text(policy, "/spec/targetRef/kind"),
            text(policy, "/spec/targetRef/name"),
        );
        let of = text(policy, "/spec/requiredAuthenticationRefs/0/name");
        let accounts: BTreeSet<_> = of_kind(objects, "MeshTLSAuthentication")
            .filter(|it| text(it, "/metadata/name") == of)
            .filter_map(|it| it["spec"]["identityRefs"].as_array())
            .flatten()
            .filter_map(|it| it["name"].as_str().map(str::to_owned))
            .collect();
        if accounts.is_empty() {
            continue;
        }
        let mut paths = vec![ALL.to_owned()];
        if kind != "Server" {
            let route =
                of_kind(objects, "GRPCRoute").find(|it| text(it, "/metadata/name") == target);
            let rules = route.context(target.to_owned())?["spec"]["rules"].as_array();
            let matches = (rules.into_iter().flatten())
                .filter_map(|rule| rule["matches"].as_array())
                .flatten();
            let path = |it: &Value| {
                let method = &it["method"];
                let (service, name) = (text(method, "/service"), text(method, "/method"));
                format!("/{service}/{name}")
            };
            paths = matches.map(path).collect();
        }
        for path in paths {
            may.entry(path).or_default().extend(accounts.clone());
        }
    }
    Ok(may)
}

//! The releases of the shop, as `cargo shop deploy` makes them: valid for every mesh, and
//! each is told what fits the others.

mod callers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::case::PROVIDERS;
use super::command::succeed;
use super::conform::every_one;
use super::document::{self, text};
use super::schema::{self, Schemas};
use super::tools::Tools;
use super::{Place, istio};

/// One release for one mesh: its name, and its objects.
type Releases = BTreeMap<String, Vec<Value>>;

/// A Gateway's class that Istio brings, beside what `istioctl analyze` finds.
const CLASS: &str = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio}
spec: {controllerName: istio.io/gateway-controller}
";

/// Checks what is in a folder of `rendered` for each provider, and in another with
/// `-tenants` behind its name where tenants can be kept apart; without Go says so.
pub(crate) fn check(rendered: &Path) -> Result<()> {
    let place = Place::find(false)?;
    let Some(tools) = Tools::build(&place)? else {
        return super::without_go();
    };
    let gateway = place.root.join("shop/made/shop-gateway/helm");
    succeed(tools.tool("helm-unittest").arg("--strict").arg(gateway))?;
    let schemas = schema::prepare(&place, &tools)?;
    let mut valid = 0;
    for provider in PROVIDERS {
        for tenants in [false, true] {
            let folder = rendered.join(name(provider, tenants));
            if !folder.exists() {
                continue;
            }
            let what = || folder.display().to_string();
            valid += conforms(&tools, &schemas, provider, &folder).with_context(what)?;
            if provider.starts_with("istio") {
                by_istio(&place, &tools, &folder).with_context(what)?;
            }
            let releases = read(&folder)?;
            callers::check(&place.root, provider, &releases).with_context(what)?;
            endpoints(&releases).with_context(what)?;
            tokens(&releases).with_context(what)?;
            kept(&releases).with_context(what)?;
            told_apart(&releases, tenants).with_context(what)?;
        }
    }
    println!("{valid} objects of the shop's releases are valid, and fit together");
    Ok(())
}

/// The folder of a provider's releases.
pub(crate) fn name(provider: &str, tenants: bool) -> String {
    format!("{provider}{}", if tenants { "-tenants" } else { "" })
}

/// How many objects are valid.
fn conforms(tools: &Tools, schemas: &Schemas, provider: &str, folder: &Path) -> Result<u64> {
    let mut valid = 0;
    for edition in &schemas.editions() {
        valid += every_one(tools, schemas, edition, provider, folder)?;
    }
    Ok(valid)
}

/// All of them in one namespace, without a warning.
fn by_istio(place: &Place, tools: &Tools, folder: &Path) -> Result<()> {
    let surroundings = place.target.join("shop-surroundings.yaml");
    fs::write(&surroundings, format!("{}{CLASS}", istio::SURROUNDINGS))?;
    let mut files = files(folder)?;
    for file in &files {
        istio::validate(tools, file)?;
    }
    files.push(surroundings);
    let said = istio::analyze(tools, &files.iter().collect::<Vec<_>>())?;
    ensure!(said.is_empty(), "istioctl analyze:\n{}", said.join("\n"));
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|it| Ok(it?.path()));
    let mut files = entries.collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn read(folder: &Path) -> Result<Releases> {
    let mut releases = Releases::new();
    for file in files(folder)? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        releases.insert(name.into(), document::parse(&fs::read_to_string(&file)?)?);
    }
    Ok(releases)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |it| text(it, "/kind") == kind)
}

/// The server's container.
fn container(objects: &[Value]) -> Result<&Value> {
    let deployment = of_kind(objects, "Deployment").next();
    deployment
        .and_then(|it| it.pointer("/spec/template/spec/containers/0"))
        .context("no Deployment")
}

/// Its flags that begin so.
fn flags<'a>(objects: &'a [Value], prefix: &str) -> Result<BTreeSet<&'a str>> {
    let args = container(objects)?["args"].as_array();
    let all = args.into_iter().flatten().filter_map(Value::as_str);
    Ok(all.filter(|flag| flag.starts_with(prefix)).collect())
}

/// Its variables of the `ConfigMap`.
fn variables<'a>(name: &str, objects: &'a [Value]) -> Result<Vec<(&'a str, &'a str)>> {
    let data = of_kind(objects, "ConfigMap")
        .find(|it| text(it, "/metadata/name") == name)
        .and_then(|it| it["data"].as_object())
        .context("no ConfigMap")?;
    let text = |(name, value): (&'a String, &'a Value)| Some((name.as_str(), value.as_str()?));
    Ok(data.iter().filter_map(text).collect())
}

/// Each leads to the Service of a release, on its port, and with TLS where that speaks it.
fn endpoints(releases: &Releases) -> Result<()> {
    let mut found = BTreeSet::new();
    for (caller, objects) in releases {
        for (variable, url) in variables(caller, objects)? {
            if !variable.ends_with("_ENDPOINT") || variable.starts_with("OTEL") {
                continue;
            }
            let what = || format!("{caller}: {variable}={url}");
            let (scheme, rest) = url.split_once("://").with_context(what)?;
            let (host, port) = rest.rsplit_once(':').with_context(what)?;
            let callee = releases.get(host).with_context(what)?;
            let service = of_kind(callee, "Service").find(|it| text(it, "/metadata/name") == host);
            let there = service.and_then(|it| it.pointer("/spec/ports/0/port"));
            ensure!(
                there.and_then(Value::as_u64) == port.parse().ok(),
                "{}: the Service has port {there:?}",
                what()
            );
            let tls = !flags(callee, "--tls-cert=")?.is_empty();
            ensure!(tls == (scheme == "https"), "{}: TLS there: {tls}", what());
            if tls {
                let certificate = of_kind(callee, "Certificate").next();
                let names = certificate.and_then(|it| it.pointer("/spec/dnsNames"));
                let names = names.and_then(Value::as_array).with_context(what)?;
                ensure!(
                    names.iter().any(|name| name == host),
                    "{}: its certificate is for {names:?}",
                    what()
                );
            }
            found.insert((caller.as_str(), host));
        }
    }
    let expected = BTreeSet::from([
        ("shop-gateway", "order-service"),
        ("shop-gateway", "inventory-service"),
        ("order-service", "inventory-service"),
        ("order-service", "payment-service"),
    ]);
    ensure!(found == expected, "who calls whom: {found:?}");
    Ok(())
}

/// Customers show tokens, of one issuer, to the gateway and to orders.
fn tokens(releases: &Releases) -> Result<()> {
    let told = |name: &str| flags(&releases[name], "--jwt-");
    let (gateway, orders) = (told("shop-gateway")?, told("order-service")?);
    for part in [
        "--jwt-issuer=https://",
        "--jwt-audience=",
        "--jwt-jwks-file=",
    ] {
        ensure!(
            gateway.iter().any(|flag| flag.starts_with(part)),
            "the gateway is not told {part}: {gateway:?}"
        );
    }
    ensure!(gateway == orders, "{gateway:?}, but orders {orders:?}");
    for name in ["inventory-service", "payment-service"] {
        ensure!(told(name)?.is_empty(), "{name} asks for tokens");
    }
    let owner = flags(&releases["order-service"], "--owner=")?;
    ensure!(owner.contains("--owner=token-subject"), "{owner:?}");
    Ok(())
}

/// What is kept is on a claim that outlives the pod, and one pod alone writes it.
fn kept(releases: &Releases) -> Result<()> {
    for name in ["inventory-service", "payment-service", "order-service"] {
        let objects = &releases[name];
        let claims: Vec<_> = of_kind(objects, "PersistentVolumeClaim").collect();
        let [claim] = claims[..] else {
            anyhow::bail!("{name}: {} claims", claims.len());
        };
        let deployment = of_kind(objects, "Deployment").next().context("none")?;
        let spec = &deployment["spec"];
        let one = spec["replicas"] == 1 && spec["strategy"]["type"] == "Recreate";
        ensure!(one, "{name}: {} {}", spec["replicas"], spec["strategy"]);
        let volumes = spec.pointer("/template/spec/volumes");
        let volumes = volumes.and_then(Value::as_array).context("no volumes")?;
        let volume = (volumes.iter())
            .find(|it| it["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"])
            .with_context(|| format!("{name}: nothing is on its claim"))?;
        let server = container(objects)?;
        let mounts = server["volumeMounts"].as_array().context("no mounts")?;
        let mount = mounts.iter().find(|it| it["name"] == volume["name"]);
        let mount = text(mount.context("it is not mounted")?, "/mountPath");
        let env = server["env"].as_array().context("no variables")?;
        let ledger = env.iter().find(|it| it["name"] == "LEDGER");
        let store = variables(name, objects)?;
        let store = store.iter().find(|(name, _)| *name == "STORE");
        let file = match (ledger, store) {
            (Some(ledger), _) => text(ledger, "/value"),
            (None, Some((_, store))) => store.trim_start_matches("sqlite:"),
            (None, None) => anyhow::bail!("{name} keeps nothing"),
        };
        ensure!(
            Path::new(file).starts_with(mount),
            "{name}: {file} is not on {mount}"
        );
    }
    Ok(())
}

/// By the customer's token, and for stock and payments by the word of who calls.
fn told_apart(releases: &Releases, tenants: bool) -> Result<()> {
    for (name, objects) in releases {
        let told = flags(objects, "--tenant")?;
        let expected: &[&str] = match name.as_str() {
            _ if !tenants => &[],
            "payment-service" => &["--tenant=header", "--tenant-callers=shop/order-service"],
            "inventory-service" => &[
                "--tenant=header",
                "--tenant-callers=shop/order-service,shop/shop-gateway",
            ],
            _ => &["--tenant=claim:org"],
        };
        ensure!(
            told.iter().eq(expected.iter().collect::<BTreeSet<_>>()),
            "{name} is told {told:?}"
        );
    }
    Ok(())
}

//! The chart of services that were made of others' .proto files: its policy is theirs, of
//! whatever names, packages and streams. Each tree of the tool's corpus, for every provider,
//! open and with authorization.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use contract::{Contract, Protos};
use serde_json::{Value, json};

use super::Place;
use super::case::{NAMESPACE, PROVIDERS, RELEASE, merge, values_file};
use super::command::attempt;
use super::conform::every_one;
use super::rename::copy_tree;
use super::schema::Schemas;
use super::tools::Tools;
use crate::support::parallel;

/// How many trees there were, and how many valid objects.
pub(super) fn check(place: &Place, tools: &Tools, schemas: &Schemas) -> Result<(usize, u64)> {
    let folder = place.target.join("chart-corpus");
    let rendered = folder.join("rendered");
    let _ = fs::remove_dir_all(&folder);
    for provider in PROVIDERS {
        fs::create_dir_all(rendered.join(provider))?;
    }
    let mut trees = folders(&place.root.join("crates/tool/tests/corpus"))?;
    trees.push(wide(&folder.join("wide"))?);
    parallel::map(&trees, |tree| {
        let contract = adopted(tree)?;
        let name = tree.file_name().unwrap_or_default().to_string_lossy();
        let chart = folder.join("charts").join(name.as_ref());
        copy_tree(place.chart(), &chart, &str::to_owned)?;
        let told = contract::chart::yaml(&contract);
        fs::write(chart.join("files/contract.yaml"), told)?;
        for (provider, (what, values)) in PROVIDERS
            .iter()
            .flat_map(|it| values(it, &contract).map(|values| (it, values)))
        {
            let text = render(tools, &chart, &values)?;
            let text = text.with_context(|| format!("{name}, {provider}, {what}"))?;
            speaks_of(&text, provider, &contract).with_context(|| format!("{name}, {provider}"))?;
            let file = format!("{name}-{what}.yaml");
            fs::write(rendered.join(provider).join(file), text)?;
        }
        Ok(())
    })?;
    let mut valid = 0;
    let [pinned, ..] = &schemas.editions();
    for provider in PROVIDERS {
        valid += every_one(tools, schemas, pinned, provider, &rendered.join(provider))?;
    }
    Ok((trees.len(), valid))
}

/// A service with more rpcs of one policy than the Gateway API allows in a route.
fn wide(folder: &Path) -> Result<PathBuf> {
    let mut proto = "syntax = \"proto3\";\npackage wide.v1;\nmessage It {}\n".to_owned();
    proto += "service WideService {\n";
    for number in 0..300 {
        writeln!(proto, "  rpc Call{number}(It) returns (It);")?;
    }
    proto += "}\n";
    fs::create_dir_all(folder)?;
    fs::write(folder.join("wide.proto"), proto)?;
    Ok(folder.to_owned())
}

/// The contract of a tree all of whose services are offered.
fn adopted(tree: &Path) -> Result<Contract> {
    let folder = tempfile::tempdir()?;
    let (api, include) = (tree.join("api"), tree.join("include"));
    if api.is_dir() && include.is_dir() {
        copy_tree(&include, folder.path(), &str::to_owned)?;
        copy_tree(&api, folder.path(), &str::to_owned)?;
    } else {
        copy_tree(tree, folder.path(), &str::to_owned)?;
    }
    let protos = Protos::all(folder.path())?;
    let services = protos.pool().services();
    let services = services.filter(|it| it.methods().len() > 0);
    let names: Vec<_> = services.map(|it| it.full_name().to_owned()).collect();
    fs::write(folder.path().join("offered.conf"), names.join("\n"))?;
    Ok(Protos::compile(folder.path())?.contract()?)
}

/// As it comes, and with each role given to somebody.
fn values(provider: &str, contract: &Contract) -> [(&'static str, Value); 2] {
    let open = json!({"mesh": {"provider": provider}});
    let methods = contract.services.iter().flat_map(|it| &it.methods);
    let roles: BTreeSet<_> = methods.flat_map(|it| &it.allowed_callers).collect();
    let account = |role: &&String| ((*role).clone(), json!([{"serviceAccount": "caller"}]));
    let roles: serde_json::Map<_, _> = roles.iter().map(account).collect();
    let mut closed = json!({
        "mesh": {"provider": provider},
        "mtls": {"mode": "strict"},
        "authorization": {"enabled": true, "roles": roles},
    });
    if provider == "none" {
        let files = json!({"mtls": {"tls": {"secretName": "certificates"}}});
        merge(&mut closed, &files);
    }
    [("open", open), ("closed", closed)]
}

fn render(tools: &Tools, chart: &Path, values: &Value) -> Result<Result<String>> {
    let file = values_file(values)?;
    let mut helm = tools.tool("helm");
    helm.args(["template", RELEASE]).arg(chart);
    helm.args(["--namespace", NAMESPACE, "--values"]);
    helm.arg(file.path());
    let (ok, text) = attempt(&mut helm)?;
    Ok(if ok {
        Ok(text)
    } else {
        Err(anyhow::anyhow!(text))
    })
}

/// A mesh has a route of each rpc.
fn speaks_of(text: &str, provider: &str, contract: &Contract) -> Result<()> {
    if provider == "none" {
        return Ok(());
    }
    for service in &contract.services {
        ensure!(text.contains(&service.name), "no word of {}", service.name);
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|it| Ok(it?.path()));
    let mut all = entries.collect::<Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

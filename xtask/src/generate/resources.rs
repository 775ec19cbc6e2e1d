//! Resources made of messages of many shapes, as their callers see them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::project::Project;
use super::running::{Server, asked};
use crate::{tools, tree};

/// One of them.
struct Shape {
    name: &'static str,
    /// `package.Message`
    message: &'static str,
    /// In [`files`]; one that the page prints is in the project already.
    file: Option<&'static str>,
    /// What is created, and what an update sets of it.
    created: fn() -> Value,
    updated: fn() -> Value,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "refund",
        message: "acme.refund.v1.Refund",
        file: None,
        created: || {
            json!({
                "customer": "alice", "amount": {"currencyCode": "EUR", "units": "3"},
                "skus": ["a", "b"], "labels": {"b": "1", "a": "2"},
            })
        },
        updated: || json!({"reason": "late"}),
    },
    // Every kind of field.
    Shape {
        name: "receipt",
        message: "acme.receipt.v1.Receipt",
        file: Some("acme/receipt/v1/receipt.proto"),
        created: || {
            json!({
                "customer": "alice", "parcels": 3, "skus": ["a", "b"], "express": false,
                "speed": "SPEED_HIGH", "labels": {"b": "1", "a": "2"}, "photo": "AQI=",
                "lines": {"7": {"sku": "x", "parts": [{"sku": "y"}]}}, "rate": 0.5,
                "one": {"sku": "q"}, "due": "2026-01-02T03:04:05Z", "wrapped": "",
                "extra": {"k": [1, null, "s"]}, "within": "3.500s", "big": "18446744073709551615",
                "hint": "old",
            })
        },
        updated: || json!({"labels": {"q": "9"}, "rate": 2.5, "due": "2027-01-02T03:04:05Z"}),
    },
    // Edition 2023, in a package with a keyword of Rust.
    Shape {
        name: "parcel",
        message: "acme.type.v1.Parcel",
        file: Some("acme/type/v1/parcel.proto"),
        created: || json!({"label": "", "sizes": [1, 2], "counts": {"b": "2"}, "kind": "KIND_BOX"}),
        updated: || json!({"label": "new", "weight": 0}),
    },
    // proto2
    Shape {
        name: "ledger_entry",
        message: "acme.ledger.v1.LedgerEntry",
        file: Some("acme/ledger/v1/ledger.proto"),
        created: || json!({"amount": 0, "side": "SIDE_DEBIT", "detail": {"what": "w"}}),
        updated: || json!({"text": ""}),
    },
    // With a plural of its own, and itself in it.
    Shape {
        name: "person",
        message: "acme.people.v1.Person",
        file: Some("acme/people/v1/person.proto"),
        created: || json!({"address": {"street": "a"}, "boss": {"name": "people/x"}}),
        updated: || json!({"friends": [{"etag": "e"}]}),
    },
];

/// The request id of what is created.
const REQUEST: &str = "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f";

fn files() -> PathBuf {
    tree::root().join("crates/tool/tests/resources")
}

/// Adds those that the page does not.
pub(crate) fn add(project: &Project) -> Result<()> {
    let folder = files();
    for shape in &SHAPES {
        let Some(file) = shape.file else { continue };
        let file = folder.join(file);
        let (file, folder) = (file.to_string_lossy(), folder.to_string_lossy());
        let of = [
            "--message",
            shape.message,
            "--proto",
            &*file,
            "-I",
            &*folder,
        ];
        project.cargo(&[&["xtask", "add", "resource", shape.name][..], &of].concat())?;
    }
    Ok(())
}

/// Calls every method of each, by what reflection says of it.
pub(crate) fn call(project: &Project) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(project, folder.path())?;
    call_some(&server, |_| true)
}

/// The same, of those that [`add`] added.
pub(crate) fn call_added(server: &Server) -> Result<()> {
    call_some(server, |shape| shape.file.is_some())
}

fn call_some(server: &Server, which: fn(&Shape) -> bool) -> Result<()> {
    let Some(grpcurl) = tools::ensure_or_skip("grpcurl", "resources are not called")? else {
        return Ok(());
    };
    for shape in SHAPES.iter().filter(|shape| which(shape)) {
        let caller = Caller::new(&grpcurl, &server.address, shape)?;
        caller.walk(shape).with_context(|| shape.name)?;
    }
    Ok(())
}

/// Who calls a resource's service.
struct Caller<'a> {
    grpcurl: &'a Path,
    address: &'a str,
    rpcs: Vec<String>,
}

impl<'a> Caller<'a> {
    fn new(grpcurl: &'a Path, address: &'a str, shape: &Shape) -> Result<Self> {
        let listed = asked(
            grpcurl,
            &[address, "list", &format!("{}Service", shape.message)],
        )?;
        Ok(Self {
            grpcurl,
            address,
            rpcs: listed.lines().map(str::to_owned).collect(),
        })
    }

    /// The only rpc whose name begins so.
    fn rpc(&self, verb: &str) -> Result<&str> {
        let named = |it: &&String| it.rsplit('.').next().is_some_and(|it| it.starts_with(verb));
        let mut found = self.rpcs.iter().filter(named);
        let rpc = found
            .next()
            .with_context(|| format!("no {verb} in {:?}", self.rpcs))?;
        ensure!(found.next().is_none(), "{verb}: {:?}", self.rpcs);
        Ok(rpc)
    }

    fn ask(&self, verb: &str, request: &Value) -> Result<Value> {
        let rpc = self.rpc(verb)?;
        let said = asked(
            self.grpcurl,
            &["-d", &request.to_string(), self.address, rpc],
        )?;
        serde_json::from_str(&said).with_context(|| format!("{verb} {request}: {said}"))
    }

    fn walk(&self, shape: &Shape) -> Result<()> {
        let mut watch = self.watch()?;
        ensure!(watch.next()?.get("resumeToken").is_some(), "no bookmark");
        let request = json!({ shape.name: (shape.created)(), "request_id": REQUEST });
        let created = self.ask("Create", &request)?;
        holds(&created, &(shape.created)())?;
        // As often as there are sequences in which a map can be.
        for _ in 0..4 {
            let again = self.ask("Create", &request)?;
            ensure!(again == created, "created twice: {again}");
        }
        let name = created["name"].clone();
        let read = self.ask("Get", &json!({ "name": name }))?;
        ensure!(read == created, "read as {read}");
        let mut change = (shape.updated)();
        change["name"] = name.clone();
        let updated = self.ask("Update", &json!({ shape.name: change }))?;
        holds(&updated, &(shape.updated)())?;
        ensure!(updated["etag"] == "v2", "{updated}");
        let listed = self.ask("List", &json!({}))?;
        let listed = listed.as_object().and_then(|it| it.values().next());
        ensure!(listed == Some(&json!([updated])), "listed as {listed:?}");
        for (change, it) in [("CHANGE_CREATED", created), ("CHANGE_UPDATED", updated)] {
            let told = watch.next()?;
            let is_it = told
                .as_object()
                .is_some_and(|fields| fields.values().any(|told| *told == it));
            ensure!(told["change"] == change && is_it, "told {told}");
        }
        Ok(())
    }

    fn watch(&self) -> Result<Watch> {
        let mut child = Command::new(self.grpcurl)
            .args(["-plaintext", self.address, self.rpc("Watch")?])
            .stdout(Stdio::piped())
            .spawn()?;
        let told = BufReader::new(child.stdout.take().context("no answer")?);
        Ok(Watch { child, told })
    }
}

/// What a stream tells, until it is dropped.
struct Watch {
    child: Child,
    told: BufReader<std::process::ChildStdout>,
}

impl Watch {
    /// The next message, when it is there.
    fn next(&mut self) -> Result<Value> {
        let mut text = String::new();
        // What grpcurl prints ends in a line of its own.
        while self.told.read_line(&mut text)? > 0 {
            if text.ends_with("\n}\n") {
                break;
            }
        }
        serde_json::from_str(&text).with_context(|| format!("watched: {text}"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `answer` has all fields of `sent`.
fn holds(answer: &Value, sent: &Value) -> Result<()> {
    for (field, value) in sent.as_object().into_iter().flatten() {
        ensure!(
            answer[field] == *value,
            "{field} is {} and not {value}",
            answer[field]
        );
    }
    Ok(())
}

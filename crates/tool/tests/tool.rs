//! .proto files in, a service's files out; nothing is built here. `cargo xtask
//! generate --protos` builds what is made of the same corpus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tool::Project;
use tool::command::{add_rpc, add_service, add_upstream, adopt, check, complete};

const SERVICES: &str = "//! What is offered: one module per service.\n\nuse \
                        chassis::boot::Boot;\n\nuse crate::state::State;\n\n/// Adds each service to the \
                        server.\n#[must_use]\npub fn add<'a>(boot: Boot<'a>, state: &State) -> Boot<'a> {\n    \
                        boot\n}\n";

/// What else a service has that is added to.
const SEAMS: [(&str, &str); 5] = [
    (
        "src/lib.rs",
        "//! The service.\n\npub mod services;\npub mod settings;\npub mod state;\n",
    ),
    (
        "src/main.rs",
        "fn serve() {\n    let state = State {\n        settings: Arc::new(settings.clone()), // mine\n    };\n}\n",
    ),
    (
        "src/settings.rs",
        "/// Settings.\npub struct Settings {\n    /// Common.\n    pub common: CommonSettings,\n}\n",
    ),
    (
        "src/state.rs",
        "/// Shared.\npub struct State {\n    pub settings: Arc<Settings>, // mine\n}\n",
    ),
    (
        "helm/values.yaml",
        "replicaCount: 2 # mine\n\n# Upstreams.\nupstreams: {}\n\nmine: yes\n",
    ),
];

struct Service {
    folder: TempDir,
}

impl Service {
    fn new() -> Self {
        let service = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        service.write("proto/offered.conf", "# What is offered.\n");
        service.write("src/services.rs", SERVICES);
        for (path, text) in SEAMS {
            service.write(path, text);
        }
        service.write("tests/api/main.rs", "//! Tests.\n\nmod helpers;\n");
        service
    }

    fn project(&self) -> Project {
        Project::new(self.folder.path())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Everything in it, by path.
    fn files(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        walk(self.folder.path(), &mut files);
        files.sort();
        files
    }

    fn adopt(&self, names: &[&str], includes: &[&str]) -> Result<Vec<String>, String> {
        let paths = |names: &[&str]| names.iter().map(|it| corpus(it)).collect::<Vec<_>>();
        adopt(&self.project(), &paths(names), &paths(includes))
            .map(|it| it.services)
            .map_err(|it| it.to_string())
    }
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name)
}

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
fn what_cannot_be_adopted_is_named_and_nothing_is_written() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let before = service.files();
    let refused = |name: &str, text: &str| {
        let file = place.path().join(name);
        fs::write(&file, text).unwrap();
        let error = adopt(&service.project(), &[file], &[])
            .unwrap_err()
            .to_string();
        assert!(service.files() == before, "{name} left something behind");
        error.replace(
            &format!("{}/", place.path().canonicalize().unwrap().display()),
            "",
        )
    };
    let head = "syntax = \"proto3\";\npackage bad.v1;\n";
    for (name, text, why) in [
        (
            "syntax.proto",
            "message {}",
            "syntax.proto:3:9: expected an identifier",
        ),
        (
            "import.proto",
            "import \"a/b.proto\";",
            "import.proto:3: import \"a/b.proto\" is not there; looked for a/b.proto and among the \
             files that come with the contract: give the folder that has it with -I",
        ),
        (
            "empty.proto",
            "\nservice Empty {}",
            "empty.proto:4: service Empty has no rpc, so there is nothing to serve; give it one or \
             leave it out",
        ),
        (
            "none.proto",
            "message None {}",
            "none.proto: declares no service, so there is nothing to serve",
        ),
        (
            "new.proto",
            "message M {} service S { rpc New(M) returns (M); }",
            "bad.v1.S/New: every client in Rust has a function `new` of its own; give the rpc \
             another name",
        ),
        (
            "twice.proto",
            "message M {} message M {} service S { rpc A(M) returns (M); }",
            "twice.proto:3:22: name 'bad.v1.M' is defined twice",
        ),
        (
            "policy.proto",
            "import \"mesh/v1/policy.proto\"; message M {} service S { rpc A(M) returns (M) { option \
             (mesh.v1.method) = { retry_policy: { max_attempts: 3 } }; } }",
            "policy.proto:3: bad.v1.S/A: retry_policy on an rpc that is not safe to repeat",
        ),
        (
            "twins.proto",
            "message Foo_Bar {}\nmessage FooBar {} service S { rpc A(FooBar) returns (FooBar); }",
            "proto/twins.proto:3: bad.v1.Foo_Bar\nproto/twins.proto:4: bad.v1.FooBar\nFooBar: so are \
             two of these called in Rust",
        ),
        (
            "type.proto",
            "import \"mesh/v1/policy.proto\"; message M {} service S { rpc A(M) returns (M) {\noption \
             (mesh.v1.method) = { timeout: \"soon\" }; } }",
            "type.proto:4",
        ),
    ] {
        let error = refused(name, &format!("{head}{text}\n"));
        assert!(error.starts_with(why), "{error}\n is not\n{why}");
    }
    // What every service answers already is left out of a folder, and refused alone.
    let error = refused(
        "health.proto",
        "syntax = \"proto3\";\npackage grpc.health.v1;\n",
    );
    assert!(
        error.ends_with("every service answers what it declares already; leave it out"),
        "{error}"
    );
    // Another file of the name of one that is there.
    fs::create_dir_all(place.path().join("corpus/kinds/v1")).unwrap();
    let error = refused(
        "corpus/kinds/v1/kinds.proto",
        "syntax = \"proto3\";\npackage corpus.kinds.v1;\n",
    );
    assert!(
        error.starts_with("proto/corpus/kinds/v1/kinds.proto: is there already, and "),
        "{error}"
    );
}

#[test]
fn names_that_clash_and_folders_without_files_are_named() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    let before = service.files();
    let place = tempfile::tempdir().unwrap();
    let head = "syntax = \"proto3\";\npackage bad.v1;\n";
    let fields =
        "message M { int32 fooBar = 1;\nint32 foo_bar = 2; } service S { rpc A(M) returns (M); }";
    let file = place.path().join("fields.proto");
    fs::write(&file, format!("{head}{fields}\n")).unwrap();
    let error = adopt(&service.project(), &[file], &[]).unwrap_err();
    assert!(error.to_string().contains("fields.proto:4"), "{error}");
    // Two files of one name, an empty folder.
    for (folder, message) in [("a", "A"), ("b", "B")] {
        let text = format!("{head}message {message} {{}}\n");
        fs::create_dir_all(place.path().join(folder)).unwrap();
        fs::write(place.path().join(folder).join("x.proto"), text).unwrap();
    }
    let two = ["a/x.proto", "b/x.proto"].map(|it| place.path().join(it));
    let error = adopt(&service.project(), &two, &[]).unwrap_err();
    assert!(
        error.to_string().contains("both would be proto/x.proto"),
        "{error}"
    );
    fs::create_dir_all(place.path().join("empty")).unwrap();
    let error = adopt(&service.project(), &[place.path().join("empty")], &[]).unwrap_err();
    assert!(
        error.to_string().contains("has no .proto file in it"),
        "{error}"
    );
    assert!(service.files() == before, "something is left behind");
}

#[test]
fn conflicts_and_stale_files_are_found() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    service.write("helm/files/contract.yaml", "services:\n");
    let git = std::process::Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(service.folder.path())
        .status();
    assert!(git.unwrap().success());
    service.write("README.md", &format!("{} ours\n", "<".repeat(7)));
    let faults = check(&service.project()).unwrap().faults;
    assert_eq!(
        faults,
        [
            "helm/files/contract.yaml: no longer says what proto/ says; run `cargo xtask contract`",
            "README.md:1: a conflict is left; settle it",
        ]
    );
}

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
        error.contains("offered.conf:2: no .proto declares a service corpus.kinds.v1.KindService"),
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

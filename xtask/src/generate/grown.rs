//! A service that its team extends: by every `add`, by `complete`, and again after
//! names in its .proto changed. It builds and passes at each step, and no line that
//! a person wrote is lost.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Row;
use super::project::{Project, run};
use super::protos::{corpus, generated};
use super::stage::{Stage, remove};

/// Stands on every line that a person wrote.
const MARK: &str = "// mine";

const PROTO: &str = "proto/corpus/kinds/v1/kinds.proto";
const HANDLER: &str = "src/services/kind_service.rs";
const TESTS: &str = "tests/api/kind_service.rs";

/// One row.
pub(crate) fn judge(stage: &Stage, build: bool) -> Row {
    let mut row = Row::new("a service that grows");
    if !build {
        return row;
    }
    let mut service = None;
    row.check("adopt", || {
        let project = generated(stage, "grown-service", &["hello=no"])?.place(stage)?;
        project.cargo(&["fmt", "--all"])?;
        let kinds = corpus().join("kinds");
        project.cargo(&["xtask", "adopt", &kinds.to_string_lossy()])?;
        service = Some(Grown { project });
        Ok(())
    });
    let Some(service) = service else {
        return row;
    };
    row.check("write", || {
        remove(&service.project.folder.join(".git"))?;
        service.git(&["init", "--quiet"])?;
        service.write()?;
        service.passes()
    });
    row.check("add", || {
        service.add("KindService", "Shout", "AuditService", "shapes")
    });
    row.check("call", || {
        service.calls()?;
        service.passes()
    });
    row.check("complete", || service.complete("Fade"));
    row.check("rename", || service.rename());
    row.check("again", || {
        service.add("SortService", "Whisper", "ReportService", "dynamic")?;
        service.complete("Swell")
    });
    row.check("clippy", || {
        (service.project).cargo(&["clippy", "--all-targets", "--", "-D", "warnings"])
    });
    row.check("gaps", || service.project.cargo(&["xtask", "check"]));
    // The next service is made in the same place.
    row.check("end", || remove(&service.project.folder.join(".git")));
    row
}

struct Grown {
    project: Project,
}

impl Grown {
    fn git(&self, args: &[&str]) -> Result<()> {
        run(Command::new("git")
            .args(["-c", "user.name=judge", "-c", "user.email=judge@localhost"])
            .args(args)
            .current_dir(&self.project.folder))
    }

    /// Replaces what a person replaces.
    fn edit(&self, path: &str, edits: &[(&str, &str)]) -> Result<()> {
        let file = self.project.folder.join(path);
        let mut text = fs::read_to_string(&file).with_context(|| path.to_owned())?;
        for (old, new) in edits {
            ensure!(text.contains(old), "{path} has no {old}");
            text = text.replacen(old, new, 1);
        }
        Ok(fs::write(file, text)?)
    }

    /// What a team writes into what was made for it.
    fn write(&self) -> Result<()> {
        self.edit(
            HANDLER,
            &[
                (
                    "        Err(unwritten(\"corpus.kinds.v1.KindService/Ask\", file!()))",
                    "        let  answer = pb::Answer::default( ); // mine, as I like it\n        \
                     Ok(Response::new(answer)) // mine",
                ),
                ("pub state: State,", "pub state: State, // mine"),
            ],
        )?;
        self.edit(
            TESTS,
            &[(
                "    // Written? Then say here what it is to answer instead.\n    \
                 still_unwritten(answer);",
                "    assert!(answer.is_ok()); // mine",
            )],
        )?;
        self.edit(
            "src/settings.rs",
            &[(
                "    /// Those that every service has.\n",
                "    /// Whom to greet. // mine\n    #[arg(long, env = \"GREETED\", default_value = \
                 \"you\")] // mine\n    pub greeted: String, // mine\n\n    /// Those that every \
                 service has.\n",
            )],
        )?;
        self.edit(
            "src/state.rs",
            &[(
                "    /// Every flag and variable.\n",
                "    /// Since when. // mine\n    pub started: std::time::Instant, // mine\n    /// \
                 Every flag and variable.\n",
            )],
        )?;
        self.edit(
            "src/main.rs",
            &[(
                "    let state = State {\n",
                "    let state = State {\n        started: std::time::Instant::now(), // mine\n",
            )],
        )?;
        self.edit(
            "helm/values.yaml",
            &[("replicaCount: 2", "replicaCount: 3 # // mine")],
        )?;
        self.edit(
            PROTO,
            &[("service KindService {", "service KindService { // mine")],
        )
    }

    /// Each kind of addition; after each it builds and passes.
    fn add(&self, service: &str, rpc: &str, other: &str, upstream: &str) -> Result<()> {
        let rpc = format!("{service}/{rpc}");
        let short = other.trim_end_matches("Service");
        let (get, list) = (format!("Get{short}"), format!("List{short}s"));
        let proto = corpus().join(upstream);
        let proto = proto.to_string_lossy();
        for added in [
            &["rpc", &rpc][..],
            &["service", other, &get, &list],
            &["upstream", upstream, "--proto", &proto],
        ] {
            let args = [&["xtask", "add"], added].concat();
            self.project.cargo(&args)?;
            self.passes().with_context(|| args.join(" "))?;
        }
        Ok(())
    }

    /// A handler that calls the upstream, which is not set in its test.
    fn calls(&self) -> Result<()> {
        self.edit(
            "src/services/audit_service.rs",
            &[(
                "        Err(unwritten(\"corpus.kinds.v1.AuditService/GetAudit\", file!()))",
                "        let mut shapes = self.state.shapes.shape_service()?; // mine\n        let \
                 tree = crate::proto::corpus::shapes::v1::Tree::default(); // mine\n        \
                 shapes.turn(tree).await?; // mine\n        \
                 Ok(Response::new(pb::GetAuditResponse {})) // mine",
            )],
        )?;
        self.edit(
            "tests/api/audit_service.rs",
            &[(
                "    // Written? Then say here what it is to answer instead.\n    \
                 still_unwritten(answer);",
                "    let refused = answer.unwrap_err(); // mine\n    \
                 assert_eq!(refused.code(), tonic::Code::Unavailable); // mine",
            )],
        )
    }

    /// An rpc that a person declares.
    fn complete(&self, rpc: &str) -> Result<()> {
        let declared = format!("  rpc {rpc}(stream Chunk) returns (stream Answer); // mine\n}}\n");
        let file = self.project.folder.join(PROTO);
        let text = fs::read_to_string(&file)?;
        let (head, tail) = text.split_once("\n}\n").context("no service")?;
        fs::write(&file, format!("{head}\n{declared}{tail}"))?;
        self.project.cargo(&["xtask", "complete"])?;
        self.passes()
    }

    /// An rpc, a message and the service get other names, in the .proto and, as an
    /// editor renames, in the code.
    fn rename(&self) -> Result<()> {
        let words = [
            ("KindService", "SortService"),
            ("kind_service_server", "sort_service_server"),
            ("kind_service_client", "sort_service_client"),
            ("Question", "Query"),
            ("Ask", "Consult"),
            ("fn ask(", "fn consult("),
            (".ask(", ".consult("),
        ];
        // The tool says so before anything is lost.
        self.edit(PROTO, &[("rpc Ask(", "rpc Consult(")])?;
        let refused = self.project.cargo(&["xtask", "complete"]);
        ensure!(
            refused.is_err_and(|it| format!("{it:#}").contains("ask is no rpc of")),
            "a renamed rpc is not told"
        );
        for path in [
            PROTO,
            "proto/offered.conf",
            "src/services.rs",
            HANDLER,
            TESTS,
        ] {
            let file = self.project.folder.join(path);
            let mut text = fs::read_to_string(&file)?;
            for (old, new) in words {
                text = text.replace(old, new);
            }
            fs::write(file, text)?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message=renamed by hand"])?;
        self.project.cargo(&["xtask", "complete"])?;
        self.passes()
    }

    /// It builds, its tests pass, and nothing of a person's is gone since the last
    /// time.
    fn passes(&self) -> Result<()> {
        self.git(&["add", "--all"])?;
        let diff = Command::new("git")
            .args(["diff", "--cached", "--unified=0", "HEAD"])
            .current_dir(&self.project.folder)
            .output()?;
        let diff = String::from_utf8_lossy(&diff.stdout).into_owned();
        let lost: Vec<_> = diff
            .lines()
            .filter(|line| line.starts_with('-') && line.contains(MARK))
            .collect();
        ensure!(lost.is_empty(), "a person's lines are gone: {lost:?}");
        self.project.cargo(&["test"])?;
        let twice = self.files()?;
        self.project.cargo(&["xtask", "complete"])?;
        ensure!(self.files()? == twice, "complete finds something more");
        self.git(&["commit", "--quiet", "--allow-empty", "--message=a step"])
    }

    fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let project = Project::new(self.project.folder.clone())?;
        let own = |path: &&String| !Path::new(path).starts_with("crates");
        let files = project.files.iter().filter(own);
        files
            .map(|path| Ok((path.clone(), project.read(path)?)))
            .collect()
    }
}

//! A project with one .proto of its own.

use std::fs;
use std::path::{Path, PathBuf};

use contract::{Contract, Error, Protos};
use tempfile::TempDir;

/// Complete, where repeating is safe.
pub(crate) const RETRY: &str = "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } \
                                max_backoff: { seconds: 1 } backoff_multiplier: 2 }";

/// A project in a folder of its own.
pub(crate) struct Demo {
    folder: TempDir,
}

impl Demo {
    /// `service` is the text of `ThingService`; it begins on line 4.
    pub(crate) fn new(service: &str) -> Self {
        let demo = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        demo.write("proto/offered.conf", "# Its own.\ndemo.v1.ThingService\n");
        demo.write("proto/demo/v1/thing.proto", &thing(service));
        demo
    }

    /// With these rpcs and nothing else.
    pub(crate) fn with_rpcs(rpcs: &str) -> Self {
        Self::new(&format!("service ThingService {{\n{rpcs}\n}}"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("a file")
    }

    pub(crate) fn protos(&self) -> Result<Protos, Error> {
        Protos::compile(self.path("proto"))
    }

    pub(crate) fn contract(&self) -> Contract {
        self.protos()
            .and_then(|it| it.contract())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why there is no contract, paths relative to the project.
    pub(crate) fn refusal(&self) -> String {
        let error = self
            .protos()
            .and_then(|it| it.contract())
            .expect_err("nothing was refused");
        self.relative(&error.to_string())
    }

    pub(crate) fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.root().display()), "")
    }
}

fn thing(service: &str) -> String {
    format!(
        "syntax = \"proto3\";\n\
         package demo.v1;\n\
         import \"mesh/v1/policy.proto\";\n\
         {service}\n\
         message Thing {{}}\n\
         message PutRequest {{ Thing thing = 1; }}\n\
         message MakeRequest {{ string request_id = 1; Thing thing = 2; }}\n\
         message CountRequest {{ int64 request_id = 1; }}\n"
    )
}

/// One of each: with a key, not safe, a stream; and a service to call.
pub(crate) fn one_of_each() -> Demo {
    let demo = Demo::new(
        "service ThingService {\n\
         option (mesh.v1.service) = {\n\
         retry_throttling: { max_tokens: 100 token_ratio: 0.1 }\n\
         default: { timeout: { seconds: 5 } per_attempt_timeout: { nanos: 800000000 }\n\
         retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 }\n\
         max_backoff: { seconds: 1 } backoff_multiplier: 1.5 } } };\n\
         rpc Make(MakeRequest) returns (Thing) {\n\
         option (mesh.v1.method) = { allowed_callers: [\"yes\", \"writer\"] }; }\n\
         rpc Put(PutRequest) returns (Thing) {\n\
         option (mesh.v1.method) = { timeout: { seconds: 1 nanos: 500000000 } }; }\n\
         rpc Flow(PutRequest) returns (stream Thing);\n\
         }",
    );
    demo.write(
        "proto/demo/other/v1/other.proto",
        "syntax = \"proto3\";\npackage demo.other.v1;\nmessage None {}\n\
         service OtherService { rpc Ask(None) returns (None); }\n",
    );
    demo
}

//! A folder with what a service has that is added to, and .proto trees.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tool::Project;
use tool::command::adopt;

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

/// What the tool meets of a service.
pub(crate) struct Service {
    pub(crate) folder: TempDir,
}

impl Service {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn project(&self) -> Project {
        Project::new(self.folder.path())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Everything in it, by path.
    pub(crate) fn files(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        walk(self.folder.path(), &mut files);
        files.sort();
        files
    }

    pub(crate) fn adopt(&self, names: &[&str], includes: &[&str]) -> Result<Vec<String>, String> {
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

/// A .proto tree, or a file of one.
pub(crate) fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name)
}

//! A template with two versions, made of this very tree, and services of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The template's repository and what was made of it.
pub(crate) struct Stage {
    folder: TempDir,
    pristine: RefCell<Made>,
    begun: Option<Arc<Begun>>,
}

/// Services that nobody has changed yet, by what they were made of.
type Made = BTreeMap<String, PathBuf>;

/// This tree as version 0.1.0, and its services: made once for all stages that are there
/// at a time.
struct Begun {
    folder: TempDir,
    commit: String,
    pristine: Mutex<Made>,
}

static BEGUN: Mutex<Weak<Begun>> = Mutex::new(Weak::new());

impl Begun {
    fn get() -> Arc<Self> {
        let mut begun = lock(&BEGUN);
        if let Some(begun) = begun.upgrade() {
            return begun;
        }
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template");
        copy(&template);
        begin(&template);
        commit(&template, "as it is");
        git(&template, &["tag", "v0.1.0"]);
        let new = Arc::new(Self {
            folder,
            commit: git(&template, &["rev-parse", "HEAD"]),
            pristine: Mutex::default(),
        });
        *begun = Arc::downgrade(&new);
        new
    }

    fn template(&self) -> PathBuf {
        self.folder.path().join("template")
    }
}

/// A test that failed has left nothing half-done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of `made`, the service called `key`, which `template` makes where there is none yet.
fn pristine(
    made: &mut Made,
    key: String,
    folder: &Path,
    template: &Path,
    name: &str,
    answers: &[&str],
) -> PathBuf {
    let number = made.len();
    match made.entry(key) {
        Entry::Occupied(there) => there.get().clone(),
        Entry::Vacant(place) => {
            let root = folder.join(format!("new-{number}")).join(name);
            made_by(template, &root, answers);
            place.insert(root).clone()
        }
    }
}

/// A service in a repository, which a team has.
pub(crate) struct Service {
    pub(crate) root: PathBuf,
}

/// How an update went.
pub(crate) struct Update {
    pub(crate) code: i32,
    pub(crate) said: String,
    pub(crate) took: Duration,
}

impl Stage {
    /// Version 0.1.0 is the tree as it is, 0.2.0 changes something of every kind.
    pub(crate) fn new() -> Self {
        let begun = Begun::get();
        let stage = Self {
            folder: tempfile::tempdir().unwrap(),
            pristine: RefCell::default(),
            begun: Some(begun.clone()),
        };
        stage.clone_of(&begun.template());
        stage
    }

    /// Its template is a clone, which services are to know.
    fn clone_of(&self, source: &Path) {
        let source = source.display().to_string();
        git(
            self.folder.path(),
            &["clone", "--quiet", &source, "template"],
        );
        git(&self.template(), &["remote", "remove", "origin"]);
        identify(&self.template());
    }

    /// The same, with the commits that this tree comes from.
    pub(crate) fn with_history() -> Self {
        let stage = Self {
            folder: tempfile::tempdir().unwrap(),
            pristine: RefCell::default(),
            begun: None,
        };
        stage.clone_of(&root());
        let template = stage.template();
        git(&template, &["checkout", "--quiet", "-B", "main"]);
        git(&template, &["rm", "-r", "--quiet", "."]);
        copy(&template);
        commit(&template, "as it is");
        git(&template, &["tag", "v0.1.0"]);
        stage
    }

    /// A new service of `commit`.
    pub(crate) fn service_of(&self, commit: &str, name: &str, answers: &[&str]) -> Service {
        let template = self.template();
        git(&template, &["checkout", "--quiet", commit]);
        let service = self.service(name, answers);
        git(&template, &["checkout", "--quiet", "main"]);
        service
    }

    pub(crate) fn template(&self) -> PathBuf {
        self.folder.path().join("template")
    }

    /// One more version, which `change` makes of the one before.
    pub(crate) fn release(&self, version: &str, change: impl FnOnce(&Path)) {
        change(&self.template());
        commit(&self.template(), version);
        git(&self.template(), &["tag", &format!("v{version}")]);
    }

    /// A new service by `cargo generate` itself, which records and formats nothing.
    pub(crate) fn generated(&self, name: &str) -> Service {
        let root = self.folder.path().join(name);
        let mut command = Command::new("cargo");
        command
            .args(["generate", "--silent", "--vcs", "none", "--path"])
            .arg(self.template())
            .arg("--destination")
            .arg(self.folder.path())
            .args(["--name", name])
            .env("USER", "nobody");
        succeeded(&command.output().unwrap());
        begin(&root);
        commit(&root, "generated");
        Service { root }
    }

    /// A new service of the version that the template is at, in a repository.
    pub(crate) fn service(&self, name: &str, answers: &[&str]) -> Service {
        let template = self.template();
        let head = git(&template, &["rev-parse", "HEAD"]);
        let key = format!("{name} {answers:?} {head}");
        let same = self.begun.as_ref().filter(|it| it.commit == head);
        let pristine = match same {
            Some(it) => pristine(
                &mut lock(&it.pristine),
                key,
                it.folder.path(),
                &it.template(),
                name,
                answers,
            ),
            None => pristine(
                &mut self.pristine.borrow_mut(),
                key,
                self.folder.path(),
                &template,
                name,
                answers,
            ),
        };
        let copies = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let copy = copies.join(name);
        git(
            &copies,
            &["clone", "--quiet", &pristine.display().to_string(), name],
        );
        identify(&copy);
        let service = Service { root: copy };
        if let Some(begun) = same {
            // As if this stage's template had made it.
            let [other, own] = [begun.template(), template].map(|it| it.display().to_string());
            let record = service.read(".template.toml");
            assert!(record.contains(&other), "{record}");
            service.write(".template.toml", &record.replace(&other, &own));
            service.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        }
        service
    }
}

impl Stage {
    /// A workspace with services of this version, in a repository.
    pub(crate) fn workspace(&self, members: &[&str], answers: &[&str]) -> Service {
        let root = self.folder.path().join("workspace");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
        for member in members {
            generate(&self.template(), &root.join(member), answers);
        }
        begin(&root);
        commit(&root, "generated");
        Service { root }
    }
}

/// The member at `path` of a workspace.
pub(crate) fn made_in(workspace: &Service, path: &str) -> Service {
    Service {
        root: workspace.path(path),
    }
}

/// Copies this tree.
fn copy(template: &Path) {
    let root = root();
    let listed = git(&root, &["ls-files", "-z", "-co", "--exclude-standard"]);
    for path in listed.split('\0').filter(|path| root.join(path).is_file()) {
        let target = template.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root.join(path), target).unwrap();
    }
}

/// Runs `./new` of the template.
fn generate(template: &Path, root: &Path, answers: &[&str]) {
    let mut command = Command::new("sh");
    command.arg(template.join("new")).arg(root);
    for answer in answers {
        command.args(["-d", answer]);
    }
    succeeded(&command.output().unwrap());
}

/// A service in `root`, made by `./new` of this template.
pub(crate) fn made_by(template: &Path, root: &Path, answers: &[&str]) -> Service {
    generate(template, root, answers);
    begin(root);
    commit(root, "generated");
    Service {
        root: root.to_owned(),
    }
}

impl Service {
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub(crate) fn commit(&self) {
        commit(&self.root, "the team's work");
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    /// Runs `cargo xtask update` with these arguments.
    pub(crate) fn update(&self, arguments: &[&str]) -> Update {
        let start = Instant::now();
        let mut command = tool(&self.root);
        let output = command.arg("update").args(arguments).output().unwrap();
        Update {
            code: output.status.code().unwrap_or(-1),
            said: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
            took: start.elapsed(),
        }
    }

    /// Everything that an update could leave: refs, the checkout, the index.
    pub(crate) fn state(&self) -> String {
        self.git(&["for-each-ref"]) + &self.git(&["status", "--porcelain", "--ignored"])
    }
}

/// What `cargo xtask` of the service runs.
pub(crate) fn tool(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service-tool"));
    command.current_dir(folder).env_remove("USER");
    command
}

pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

fn begin(folder: &Path) {
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    identify(folder);
}

fn identify(folder: &Path) {
    git(folder, &["config", "user.name", "The Team"]);
    git(folder, &["config", "user.email", "team@localhost"]);
}

fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "--all"]);
    git(
        folder,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    succeeded(&command.output().unwrap())
}

fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

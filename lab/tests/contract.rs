//! One annotation and one command, in a copy of the whole tree.
#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of the tree, with the tree's own build folder: only what depends on
/// the path is built again.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(&root)
            .output()
            .expect("git lists the files");
        let files = String::from_utf8(files.stdout).expect("UTF-8");
        for file in files.split_terminator('\0') {
            let to = folder.path().join(file);
            fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
            fs::copy(root.join(file), to).expect("a file");
        }
        Self { folder }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).expect("a file")
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", target.expect("a target folder"))
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .expect("cargo runs")
    }

    /// Standard output of a command that must succeed.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.cargo(arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What the build of the service made of the .proto files.
    fn server_table(&self) -> String {
        let messages = self.succeed(&["check", "--quiet", "--lib", "--message-format=json"]);
        let folder = messages
            .lines()
            .filter(|it| it.contains("\"build-script-executed\"") && it.contains("order-service"))
            .find_map(|it| it.split("\"out_dir\":\"").nth(1)?.split('"').next())
            .map(PathBuf::from)
            .expect("the build script's folder");
        fs::read_to_string(folder.join("contract.rs")).expect("the table")
    }

    fn outputs(&self) -> [String; 4] {
        [
            self.server_table(),
            self.read("helm/files/contract.yaml"),
            self.read("docs/contract.md"),
            self.succeed(&["contract", "service-config", "--timeouts"]),
        ]
    }
}

#[test]
#[ignore = "builds a copy of the tree"]
fn one_annotation_and_one_command_change_server_chart_reference_and_clients() {
    let copy = Copy::new();
    copy.succeed(&["contract", "--check"]);
    let before = copy.outputs();

    let proto = "proto/acme/order/v1/order.proto";
    let annotation = "timeout: { seconds: 2 }";
    let text = copy.read(proto);
    assert_eq!(text.matches(annotation).count(), 1, "GetOrder's timeout");
    let text = text.replace(annotation, "timeout: { seconds: 3 }");
    fs::write(copy.folder.path().join(proto), text).expect("a file");

    let stale = copy.cargo(&["contract", "--check"]);
    assert!(!stale.status.success(), "stale files were not noticed");
    copy.succeed(&["contract"]);
    copy.succeed(&["contract", "--check"]);

    let changed = [
        ("from_millis(2000)", "from_millis(3000)"),
        ("timeoutMs: 2000", "timeoutMs: 3000"),
        (" | 2 s | ", " | 3 s | "),
        ("\"2.000000000s\"", "\"3.000000000s\""),
    ];
    for ((before, after), (was, is)) in before.iter().zip(copy.outputs()).zip(changed) {
        assert_ne!(*before, after, "{was} is still there");
        // The first one is the offered service's; an upstream may have as many.
        assert_eq!(after, before.replacen(was, is, 1));
    }
}

//! `cargo contract breaking` on a repository, and what is said to be meant.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PROTO: &str = r#"syntax = "proto3";
package demo.v1;
import "mesh/v1/policy.proto";
service Shop {
  rpc Get(M) returns (M) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (mesh.v1.method) = { timeout: { seconds: 4 } };
  }
  rpc Put(M) returns (M);
}
message M { string name = 1; }
"#;

const SHORTER: &str = "timeout:demo.v1.Shop/Get";

fn git(root: &Path, arguments: &[&str]) {
    let me = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
    let done = Command::new("git")
        .args(me)
        .args(arguments)
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

fn breaking(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contract"))
        .args(["breaking", "--root"])
        .arg(root)
        .args(arguments)
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned()
}

/// A repository whose contract was committed, and then lost half of a timeout.
fn changed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir(root.join("proto")).expect("a folder");
    fs::write(root.join("proto/offered.conf"), "demo.v1.Shop\n").expect("written");
    fs::write(root.join("proto/shop.proto"), PROTO).expect("written");
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "One"]);
    let shorter = PROTO.replace("seconds: 4", "seconds: 2");
    fs::write(root.join("proto/shop.proto"), shorter).expect("written");
    folder
}

#[test]
fn what_is_meant_passes_and_nothing_else() {
    let folder = changed();
    let refused = breaking(folder.path(), &["--against", "HEAD"]);
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(
        text.contains(SHORTER) && text.contains("lose 1 of"),
        "{text}"
    );

    let meant = breaking(folder.path(), &["--against", "HEAD", "--meant", SHORTER]);
    let text = said(&meant);
    assert!(
        meant.status.success() && text.starts_with("meant, "),
        "{text}"
    );

    // Another change beside it is not.
    let proto = folder.path().join("proto/shop.proto");
    let less = fs::read_to_string(&proto).expect("read");
    fs::write(&proto, less.replace("  rpc Put(M) returns (M);\n", "")).expect("written");
    let other = breaking(folder.path(), &["--against", "HEAD", "--meant", SHORTER]);
    let text = said(&other);
    assert_eq!(other.status.code(), Some(1), "{text}");
    assert!(
        text.contains("meant, ") && text.contains("Shop/Put"),
        "{text}"
    );
}

#[test]
fn what_is_no_longer_so_is_not_meant() {
    let folder = changed();
    fs::write(folder.path().join("proto/shop.proto"), PROTO).expect("written");
    let none = breaking(folder.path(), &["--against", "HEAD"]);
    assert!(none.status.success(), "{}", said(&none));
    let stale = breaking(folder.path(), &["--against", "HEAD", "--meant", SHORTER]);
    let text = said(&stale);
    assert_eq!(stale.status.code(), Some(1), "{text}");
    assert!(text.contains("there is no such change"), "{text}");
    let nowhere = breaking(folder.path(), &["--against", "nowhere"]);
    let text = said(&nowhere);
    assert_eq!(nowhere.status.code(), Some(1), "{text}");
    assert!(text.contains("nowhere"), "{text}");
    let unsaid = breaking(folder.path(), &[]);
    assert_eq!(unsaid.status.code(), Some(64), "{}", said(&unsaid));
}

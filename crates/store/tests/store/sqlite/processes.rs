//! Several processes and other users.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use store::sqlite::{Options, SqliteStore};
use store::{OpenError, Store};

use super::Folder;
use crate::parcel::Parcel;
use crate::samples;

const STORE: &str = "TEST_STORE";
const NOBODY: u32 = 65534;

/// Not a test by itself: another process that opens a store, says how that went
/// and goes on until it is killed.
#[tokio::test]
#[ignore = "run by other tests"]
async fn another_process() {
    let path = PathBuf::from(env::var_os(STORE).unwrap());
    match SqliteStore::<Parcel>::open(&path, &Options::default()) {
        Err(error) => println!("\nsays: {error}"),
        Ok(store) => {
            let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
            println!("\nsays: {}", parcel.id);
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
    }
}

/// Starts it and returns what it says.
fn start(command: &mut Command, store: &Path) -> (Other, String) {
    let mut child = command
        .args([
            "sqlite::processes::another_process",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(STORE, store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let says = lines.find_map(|line| line.unwrap().strip_prefix("says: ").map(str::to_owned));
    let other = Other {
        child,
        _lines: lines,
    };
    (other, says.unwrap())
}

/// Whom it can talk to as long as this lives.
struct Other {
    child: Child,
    _lines: Lines<BufReader<ChildStdout>>,
}

#[tokio::test]
async fn a_killed_process_leaves_the_store_to_the_next() {
    let folder = Folder::new();
    let mut command = Command::new(env::current_exe().unwrap());
    let (mut other, id) = start(&mut command, &folder.file());
    let second = folder.try_open().err().unwrap();
    assert!(matches!(second, OpenError::Locked { .. }), "{second}");
    other.child.kill().unwrap();
    other.child.wait().unwrap();
    let store = folder.try_open().unwrap();
    assert!(store.get(id.parse().unwrap()).await.unwrap().is_some());
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named() {
    let folder = Folder::new();
    let path = folder.file();
    let inside = path.parent().unwrap();
    let (mut other, says) = start(&mut somebody_else(inside, 0o555), &path);
    other.child.wait().unwrap();
    assert!(says.starts_with("cannot write to the store"), "{says}");
    assert!(says.contains("Permission denied"), "{says}");
    fs::set_permissions(inside, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_that_may_not_be_written_to_is_named() {
    let folder = Folder::new();
    let path = folder.file();
    drop(folder.try_open().unwrap());
    let lock = path.with_extension("db-lock");
    fs::set_permissions(&lock, Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let inside = path.parent().unwrap();
    let (mut other, says) = start(&mut somebody_else(inside, 0o777), &path);
    other.child.wait().unwrap();
    assert!(says.starts_with("cannot write to the store"), "{says}");
}

/// This program as a user for whom the permissions of `folder` count, which
/// they do not for root.
fn somebody_else(folder: &Path, mode: u32) -> Command {
    // Root's own folders may be closed to others.
    let program = folder.join("program");
    // Not by this process: what another test starts meanwhile would have the copy
    // open for writing, and it could not be run ("Text file busy").
    let copied = Command::new("cp")
        .arg(env::current_exe().unwrap())
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(program);
    if fs::metadata(folder).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
    command
}

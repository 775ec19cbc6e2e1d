//! A disk that is full, read-only, broken, or not the same any more.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::Row;
use super::scene::Scene;
use xtask::tools;

/// A store beside the server's own folder, so that it can be got at.
fn store_at(path: &Path) -> [(&'static str, String); 1] {
    [("STORE", format!("sqlite:{}", path.display()))]
}

/// A small disk, filled by somebody else.
pub(super) async fn full(binary: &Path) -> Result<Vec<Row>> {
    let Some(disk) = Small::mount()? else {
        return Ok(Vec::new());
    };
    let mut scene = Scene::start(binary, &store_at(&disk.path().join("data.db"))).await?;
    let ballast = disk.path().join("ballast");
    let mut file = File::create(&ballast)?;
    while file.write_all(&[1; 4096]).is_ok() {}
    drop(file);
    // What room the log has left is used first.
    let begin = Instant::now();
    while scene.create().await == "OK" {
        ensure!(
            begin.elapsed() < Duration::from_mins(1),
            "the disk does not fill"
        );
    }
    let seen = scene.look("200").await?;
    fs::remove_file(ballast)?;
    Ok(vec![Row {
        fault: "disk full".to_owned(),
        seen,
        expected: ["ResourceExhausted STORE_FULL, RetryInfo", "OK", "200"],
        afterwards: scene.recovery().await?,
    }])
}

/// Writes that fail in the kernel, as after an error of the disk.
pub(super) async fn failing(binary: &Path) -> Result<Vec<Row>> {
    let what = "a disk that fails under a running server";
    let Some(strace) = tools::ensure_or_skip("strace", what)? else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for (fault, calls, error) in [
        ("disk read-only", "pwrite64,ftruncate", "EROFS"),
        ("writes fail", "pwrite64", "EIO"),
        ("syncs fail", "fdatasync,fsync", "EIO"),
    ] {
        let mut scene = Scene::start(binary, &[]).await?;
        let injected = Injected::into(scene.server.id(), &strace, calls, error)?;
        let seen = scene.look("503").await?;
        drop(injected);
        rows.push(Row {
            fault: format!("{fault} ({error})"),
            seen,
            expected: ["Unavailable STORE_UNAVAILABLE, RetryInfo", "OK", "503"],
            afterwards: scene.recovery().await?,
        });
    }
    Ok(rows)
}

/// The file is moved away, and back.
pub(super) async fn gone(binary: &Path) -> Result<Vec<Row>> {
    let folder = TempDir::new()?;
    let file = folder.path().join("data.db");
    let mut scene = Scene::start(binary, &store_at(&file)).await?;
    let aside = folder.path().join("aside.db");
    fs::rename(&file, &aside)?;
    let seen = scene.look("503").await?;
    fs::rename(&aside, &file)?;
    Ok(vec![Row {
        fault: "store gone, and back".to_owned(),
        seen,
        expected: ["Unavailable STORE_UNAVAILABLE, RetryInfo", "OK", "503"],
        afterwards: scene.recovery().await?,
    }])
}

/// A page is overwritten, and mended. Others could be read: it stays ready.
pub(super) async fn damaged(binary: &Path) -> Result<Vec<Row>> {
    const PAGE: usize = 4096;
    let folder = TempDir::new()?;
    let path = folder.path().join("data.db");
    // A store that is in its file, not in its log.
    let mut scene = Scene::start(binary, &store_at(&path)).await?;
    scene.server.terminate()?;
    let begin = Instant::now();
    while scene.server.ended()?.is_none() {
        ensure!(
            begin.elapsed() < Duration::from_secs(30),
            "the server does not end"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stored = scene.stored;
    // Only one page holds what was stored: the root of the orders' table.
    let page = root_page(&path)?;
    let mut scene = Scene::start_on(binary, &store_at(&path), stored).await?;
    let file = File::options().read(true).write(true).open(&path)?;
    let mut sound = [0; PAGE];
    let at = (page - 1) * u64::try_from(PAGE)?;
    file.read_exact_at(&mut sound, at)?;
    file.write_all_at(&[0xa5; PAGE], at)?;
    let seen = scene.look("200").await?;
    file.write_all_at(&sound, at)?;
    Ok(vec![Row {
        fault: "page damaged, and mended".to_owned(),
        seen,
        expected: ["Internal INTERNAL", "Internal INTERNAL", "200"],
        afterwards: scene.recovery().await?,
    }])
}

fn root_page(path: &Path) -> Result<u64> {
    let store = rusqlite::Connection::open(path)?;
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'order_records'";
    let page: i64 = store.query_one(sql, [], |row| row.get(0))?;
    Ok(page.cast_unsigned())
}

/// A file system of 64 MiB, of which a store leaves half free for its log.
struct Small(TempDir);

impl Small {
    /// `None` where this process may not mount; in CI that is an error.
    fn mount() -> Result<Option<Self>> {
        let folder = TempDir::new()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "none"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if mounted {
            return Ok(Some(Self(folder)));
        }
        crate::skip::skip("a full disk", "mounting one takes root")?;
        Ok(None)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // The server may still hold files: the mount goes with the last of them.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// System calls of a process that fail, until this is dropped.
struct Injected(Child);

impl Injected {
    fn into(process: u32, strace: &PathBuf, calls: &str, error: &str) -> Result<Self> {
        let mut child = Command::new(strace)
            .args(["-f", "-q", "-p", &process.to_string()])
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:error={error}")])
            .args(["-o", "/dev/null"])
            .stderr(Stdio::null())
            .spawn()?;
        // Each thread is traced then.
        let begin = Instant::now();
        while !is_traced(process)? {
            ensure!(
                child.try_wait()?.is_none(),
                "strace may not attach: run this as root"
            );
            ensure!(
                begin.elapsed() < Duration::from_secs(10),
                "strace does not attach"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self(child))
    }
}

impl Drop for Injected {
    fn drop(&mut self) {
        // Asked, not killed: it lets go of the process in an orderly way.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn is_traced(process: u32) -> Result<bool> {
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:"));
        if tracer.context("TracerPid")?.trim() == "0" {
            return Ok(false);
        }
    }
    Ok(true)
}

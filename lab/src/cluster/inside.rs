//! What a pod's own process would see of the network: its proxy takes what it sends.

use std::fs::File;
use std::os::fd::AsFd as _;

use anyhow::{Context as _, Result, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::{Builder, Runtime};

const THREADS: usize = 2;

/// A runtime whose threads are in the network namespace of a process; what is spawned on it
/// connects from there.
pub(super) fn runtime(process: i32) -> Result<Runtime> {
    let place = format!("/proc/{process}/ns/net");
    let namespace = File::open(&place).context(place.clone())?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .on_thread_start(move || {
            // Whether it worked is asked below.
            let _ = move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network));
        })
        .build()?;
    let wanted = std::fs::read_link(&place)?;
    let asked = runtime.spawn(async { std::fs::read_link("/proc/thread-self/ns/net") });
    let found = runtime.block_on(asked)??;
    ensure!(
        found == wanted,
        "a thread is in {}, not in {}",
        found.display(),
        wanted.display()
    );
    Ok(runtime)
}

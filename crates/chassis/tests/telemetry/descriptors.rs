//! What a process does with the files that it may have open.

use std::io::Read as _;
use std::net::TcpStream;

use crate::process::Process;

fn files(process: &Process) -> u32 {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap();
    soft.parse().unwrap()
}

/// The limit is raised before anything is served.
async fn served(process: &Process) {
    process.get(crate::demo::Ask::default(), &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_is_raised_to_what_connections_need() {
    let process = Process::start_with_files(64, 2048, &[("MAX_CONNECTIONS", "1000")]);
    served(&process).await;
    assert_eq!(files(&process), 1512);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_do_not_take_the_last_descriptor() {
    let process = Process::start_with_files(64, 300, &[]);
    served(&process).await;
    let mut held: Vec<_> = (0..400)
        .map(|_| TcpStream::connect(process.address).unwrap())
        .collect();
    // By then all have been accepted, and those that are too many are closed.
    let last = held.last_mut().unwrap();
    last.set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    assert_eq!(last.read(&mut [0; 1]).unwrap(), 0);
    let (status, _) = process.admin("GET", "/livez", "");
    assert_eq!(status, 200);
    drop(held);
    let said = process.finish();
    assert!(
        said.text.contains("\"limit\":300,\"connections\":150"),
        "{}",
        said.text
    );
}

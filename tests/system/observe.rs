//{% capture source %}§{% raw %}
//! What is learned from a running server besides its answers.

use crate::helpers::Server;

impl Server {
    /// The most bytes that were ever resident.
    pub(crate) fn most_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = (status.lines()).find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<usize>().unwrap() << 10
    }

    /// Stops it; returns what it logged after it said where it listens.
    pub(crate) async fn stop_and_read(mut self) -> String {
        let log = self.log.take().unwrap();
        self.stop().await;
        tokio::task::spawn_blocking(|| log.join().unwrap())
            .await
            .unwrap()
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

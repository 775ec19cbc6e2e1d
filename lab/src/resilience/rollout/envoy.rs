//! A real Envoy, told of endpoints as a control plane would. It never retries.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::support::ports::free_port;

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Envoy {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Envoy {
    /// One listener before `endpoints`.
    pub(super) fn start(program: &Path, endpoints: &[String]) -> Result<Self> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        let config = folder.path().join("envoy.yaml");
        fs::write(&config, bootstrap(port, folder.path()))?;
        write(folder.path(), endpoints)?;
        let child = Command::new(program)
            .args([
                "--concurrency",
                "1",
                "--use-dynamic-base-id",
                "-l",
                "error",
                "-c",
            ])
            .arg(&config)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut envoy = Self {
            child,
            folder,
            port,
        };
        let start = Instant::now();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while std::net::TcpStream::connect(address).is_err() {
            ensure!(
                envoy.child.try_wait()?.is_none(),
                "Envoy refuses its configuration"
            );
            ensure!(start.elapsed() < PATIENCE, "Envoy does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(envoy)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn set(&self, endpoints: &[String]) -> Result<()> {
        write(self.folder.path(), endpoints)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn endpoints_file(folder: &Path) -> PathBuf {
    folder.join("endpoints.yaml")
}

/// Envoy takes notice of files that are moved to where it looks.
fn write(folder: &Path, endpoints: &[String]) -> Result<()> {
    let list: Vec<_> = (endpoints.iter())
        .filter_map(|endpoint| endpoint.rsplit_once(':'))
        .map(|(host, port)| {
            format!(
                "      - endpoint: {{ address: {{ socket_address: \
                 {{ address: {host}, port_value: {port} }} }} }}\n"
            )
        })
        .collect();
    let text = format!(
        "resources:\n\
         - \"@type\": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment\n\
         \x20 cluster_name: replicas\n\
         \x20 endpoints:\n\
         \x20 - lb_endpoints:\n{}",
        list.concat()
    );
    let new = folder.join("new");
    fs::write(&new, text)?;
    fs::rename(new, endpoints_file(folder))?;
    Ok(())
}

fn bootstrap(port: u16, folder: &Path) -> String {
    let endpoints = endpoints_file(folder);
    format!(
        r#"
node: {{ id: proof, cluster: proof }}
static_resources:
  listeners:
  - name: ingress
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          codec_type: HTTP2
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: "/" }}
                route: {{ cluster: replicas, timeout: 0s }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: replicas
    type: EDS
    connect_timeout: 2s
    eds_cluster_config:
      eds_config:
        path_config_source: {{ path: "{}", watched_directory: {{ path: "{}" }} }}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}
"#,
        endpoints.display(),
        folder.display()
    )
}

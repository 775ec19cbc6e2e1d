//! One Envoy: a sidecar of a pod or of a caller, or a waypoint.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::call;
use super::control::Addresses;

/// How long it may take until it has its configuration.
const DEADLINE: Duration = Duration::from_mins(1);

/// For whom it works.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) account: String,
    pub(super) ip: IpAddr,
    pub(super) labels: Value,
    /// `proxy.istio.io/config` of the pod.
    pub(super) proxy_config: Value,
}

/// A running Envoy; ends with the value.
pub(super) struct Envoy {
    name: String,
    log: PathBuf,
    admin_file: PathBuf,
    child: Child,
}

impl Envoy {
    pub(super) fn start(
        program: &Path,
        folder: &Path,
        node: &Node,
        control: &Addresses,
    ) -> Result<Self> {
        let file = |kind: &str| folder.join(format!("{}.{kind}", node.name));
        let bootstrap = file("json");
        fs::write(
            &bootstrap,
            serde_json::to_vec_pretty(&self::bootstrap(node, control)?)?,
        )?;
        let log = file("log");
        let admin_file = file("admin");
        let child = Command::new(program)
            .arg("--config-path")
            .arg(&bootstrap)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["--disable-hot-restart", "--concurrency", "1"])
            .args(["--log-level", "info"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self {
            name: node.name.clone(),
            log,
            admin_file,
            child,
        })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it listens on `address`.
    pub(super) async fn listening(&mut self, address: SocketAddr) -> Result<()> {
        self.until(&format!("listen on {address}"), async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await
    }

    /// Waits until `there` is.
    async fn until(&mut self, what: &str, there: impl AsyncFn() -> bool) -> Result<()> {
        let waiting = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    let log = fs::read_to_string(&self.log)?;
                    let last = log.lines().last().unwrap_or_default();
                    bail!("Envoy {} ended with {status}: {last}", self.name);
                }
                if there().await {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(done) => done,
            Err(_) => bail!(
                "Envoy {} does not {what}: {} tells why",
                self.name,
                self.log.display()
            ),
        }
    }

    /// What its admin port says at `path`.
    pub(super) async fn admin(&self, path: &str) -> Result<String> {
        let address = fs::read_to_string(&self.admin_file)?;
        call::get(&format!("http://{address}{path}")).await
    }

    /// The sum of the counters whose name has `part` in it and ends with `end`.
    pub(super) async fn counter(&self, part: &str, end: &str) -> Result<u64> {
        let stats = self.admin("/stats").await?;
        Ok(stats
            .lines()
            .filter_map(|line| line.rsplit_once(": "))
            .filter(|(name, _)| name.contains(part) && name.ends_with(end))
            .filter_map(|(_, value)| value.parse::<u64>().ok())
            .sum())
    }
}

fn bootstrap(node: &Node, control: &Addresses) -> Result<Value> {
    let Node {
        name,
        namespace,
        account,
        ip,
        labels,
        proxy_config,
    } = node;
    let ads = json!({"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"});
    Ok(json!({
        "node": {
            "id": format!("sidecar~{ip}~{name}.{namespace}~{namespace}.svc.cluster.local"),
            "cluster": format!("{name}.{namespace}"),
            "metadata": {
                "CLUSTER_ID": "Kubernetes",
                "INSTANCE_IPS": ip.to_string(),
                "INTERCEPTION_MODE": "NONE",
                "ISTIO_VERSION": "1.31.0",
                "LABELS": labels,
                "NAME": name,
                "NAMESPACE": namespace,
                "PROXY_CONFIG": proxy_config,
                "SERVICE_ACCOUNT": account,
            },
        },
        "admin": {"address": socket("127.0.0.1:0")?},
        "dynamic_resources": {
            "lds_config": ads,
            "cds_config": ads,
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": true,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
            },
        },
        "static_resources": {
            "clusters": [cluster("xds-grpc", &control.xds)?, cluster("sds-grpc", &control.sds)?],
        },
    }))
}

fn cluster(name: &str, address: &str) -> Result<Value> {
    Ok(json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(address)?}}]}],
        },
    }))
}

fn socket(address: &str) -> Result<Value> {
    let address: SocketAddr = address.parse()?;
    Ok(
        json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}}),
    )
}

//! What an Envoy is started with: most have the rest from Istio's control plane,
//! those in a ztunnel's place have all of it.

use std::net::{IpAddr, SocketAddr};

use anyhow::Result;
use serde_json::{Value, json};

use super::control::Addresses;

/// For whom it works.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) account: String,
    pub(super) ip: IpAddr,
    pub(super) labels: Value,
    /// `proxy.istio.io/config` of the pod.
    pub(super) proxy_config: Value,
}

/// As which Istio knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sidecar,
    Waypoint,
}

impl Node {
    fn id(&self) -> String {
        let kind = match self.kind {
            Kind::Sidecar => "sidecar",
            Kind::Waypoint => "waypoint",
        };
        let Self {
            name,
            namespace,
            ip,
            ..
        } = self;
        format!("{kind}~{ip}~{name}.{namespace}~{namespace}.svc.cluster.local")
    }

    /// Waypoints of 1.29.2 and later need a type of filter state that only
    /// Istio's own build of Envoy has.
    fn version(&self) -> &'static str {
        match self.kind {
            Kind::Sidecar => "1.31.0",
            Kind::Waypoint => "1.29.1",
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id(),
            "cluster": format!("{}.{}", self.name, self.namespace),
            "metadata": {
                "CLUSTER_ID": "Kubernetes",
                "INSTANCE_IPS": self.ip.to_string(),
                "INTERCEPTION_MODE": "NONE",
                "ISTIO_VERSION": self.version(),
                "LABELS": self.labels,
                "NAME": self.name,
                "NAMESPACE": self.namespace,
                "PROXY_CONFIG": self.proxy_config,
                "SERVICE_ACCOUNT": self.account,
            },
        })
    }
}

/// For one that the control plane tells what to do.
pub(super) fn told(node: &Node, control: &Addresses) -> Result<Value> {
    let ads = json!({"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"});
    Ok(json!({
        "node": node.json(),
        "admin": {"address": socket("127.0.0.1:0".parse()?)},
        "bootstrap_extensions": [extension(
            "envoy.bootstrap.internal_listener",
            "bootstrap.internal_listener.v3.InternalListener",
            &json!({}),
        )],
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
            "clusters": [
                cluster("xds-grpc", control.xds.parse()?),
                cluster("sds-grpc", control.sds.parse()?),
            ],
        },
    }))
}

/// For a ztunnel's way out: what is sent to `from` goes through a tunnel that
/// ends at `to` and is asked for `target` there.
pub(super) fn way_out(
    node: &Node,
    control: &Addresses,
    from: SocketAddr,
    to: SocketAddr,
    target: &str,
) -> Result<Value> {
    let proxy = extension(
        "envoy.filters.network.tcp_proxy",
        "filters.network.tcp_proxy.v3.TcpProxy",
        &json!({
            "stat_prefix": "out",
            "cluster": "tunnel",
            "tunneling_config": {"hostname": target},
        }),
    );
    let mut tunnel = cluster("tunnel", to);
    let tls = "transport_sockets.tls.v3.UpstreamTlsContext";
    tunnel["transport_socket"] = extension("tls", tls, &json!({"common_tls_context": identity()}));
    fixed(node, control, from, &json!({"filters": [proxy]}), &tunnel)
}

/// For a ztunnel's way in: tunnels of members of the mesh end at `from`, and
/// what comes out of them goes to the application.
pub(super) fn way_in(
    node: &Node,
    control: &Addresses,
    from: SocketAddr,
    app: SocketAddr,
) -> Result<Value> {
    let connect = json!([{"upgrade_type": "CONNECT"}]);
    let route = json!({
        "match": {"connect_matcher": {}},
        "route": {
            "cluster": "app",
            "timeout": "0s",
            "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
        },
    });
    let proxy = extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        &json!({
            "stat_prefix": "in",
            "codec_type": "HTTP2",
            "stream_idle_timeout": "0s",
            "http2_protocol_options": {"allow_connect": true},
            "upgrade_configs": connect,
            "route_config": {"virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [route]},
            ]},
            "http_filters": [extension(
                "envoy.filters.http.router",
                "filters.http.router.v3.Router",
                &json!({}),
            )],
        }),
    );
    let tls = extension(
        "tls",
        "transport_sockets.tls.v3.DownstreamTlsContext",
        &json!({"common_tls_context": identity(), "require_client_certificate": true}),
    );
    let chain = json!({"filters": [proxy], "transport_socket": tls});
    let app = json!({
        "name": "app",
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": assignment("app", app),
    });
    fixed(node, control, from, &chain, &app)
}

fn fixed(
    node: &Node,
    control: &Addresses,
    listen: SocketAddr,
    chain: &Value,
    upstream: &Value,
) -> Result<Value> {
    Ok(json!({
        "node": node.json(),
        "admin": {"address": socket("127.0.0.1:0".parse()?)},
        "static_resources": {
            "listeners": [{"name": "in", "address": socket(listen), "filter_chains": [chain]}],
            "clusters": [upstream, cluster("sds-grpc", control.sds.parse()?)],
        },
    }))
}

/// The node's certificate and whom it believes.
fn identity() -> Value {
    let secret = |name: &str| {
        json!({"name": name, "sds_config": {
            "resource_api_version": "V3",
            "initial_fetch_timeout": "0s",
            "api_config_source": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": true,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "sds-grpc"}}],
            },
        }})
    };
    json!({
        "alpn_protocols": ["h2"],
        // As ztunnel does; waypoints take nothing less.
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_3",
            "tls_maximum_protocol_version": "TLSv1_3",
        },
        "tls_certificate_sds_secret_configs": [secret("default")],
        "validation_context_sds_secret_config": secret("ROOTCA"),
    })
}

fn extension(name: &str, kind: &str, config: &Value) -> Value {
    let mut config = config.clone();
    config["@type"] = format!("type.googleapis.com/envoy.extensions.{kind}").into();
    json!({"name": name, "typed_config": config})
}

/// One that speaks HTTP/2.
fn cluster(name: &str, address: SocketAddr) -> Value {
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            options: {
                "@type": format!("type.googleapis.com/{options}"),
                "explicit_http_config": {"http2_protocol_options": {"allow_connect": true}},
            },
        },
        "load_assignment": assignment(name, address),
    })
}

fn assignment(cluster: &str, address: SocketAddr) -> Value {
    json!({
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(address)}}]}],
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

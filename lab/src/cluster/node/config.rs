//! Files that the node's programs read.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{DNS, HOST, NAME, PROXY, SOCKET};
use crate::cluster::image::PAUSE;
use crate::kubernetes::kubeconfig_of;

const NETWORK: &str = "10.88.0.0/16";
/// The first address of a pod.
const FIRST: &str = "10.88.1.1";

/// Writes all of them into `folder`.
pub(super) fn write(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("network"))?;
    for (name, text) in [
        ("containerd.toml", containerd(folder)),
        ("network/10-node.conflist", network(folder).to_string()),
        ("kubelet.json", kubelet(folder).to_string()),
        ("kube-proxy.json", kube_proxy(folder).to_string()),
        ("Corefile", dns(folder)),
        ("pods.conf", format!("nameserver {HOST}\n")),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

fn containerd(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"version = 2
root = "{folder}/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/network"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"#
    )
}

fn network(folder: &Path) -> Value {
    json!({"cniVersion": "0.4.0", "name": "node", "plugins": [
        {
            "type": "bridge", "bridge": "cni0",
            "isGateway": true, "ipMasq": false, "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "dataDir": folder.join("addresses"),
                "ranges": [[{"subnet": NETWORK, "rangeStart": FIRST, "gateway": HOST}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": true}},
    ]})
}

fn kubelet(folder: &Path) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": HOST,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": false,
        "failSwapOn": false,
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        "clusterDNS": [HOST],
        "clusterDomain": "cluster.local",
        "resolvConf": folder.join("pods.conf"),
        "podLogsDir": folder.join("pod-logs"),
        "volumePluginDir": folder.join("volume-plugins"),
        // Images cannot be had again, and the disk is not this node's alone.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
    })
}

fn kube_proxy(folder: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": kubeconfig_of(folder, PROXY.name)},
        "mode": "nftables",
        "bindAddress": HOST,
        "clusterCIDR": NETWORK,
        "hostnameOverride": NAME,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        // The machine's own stay as they are.
        "conntrack": {
            "maxPerCore": 0, "min": 0,
            "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
        },
    })
}

fn dns(folder: &Path) -> String {
    let file = kubeconfig_of(folder, DNS.name);
    format!(
        ".:53 {{\n    errors\n    kubernetes cluster.local in-addr.arpa {{\n        \
         kubeconfig {} proof\n        ttl 5\n    }}\n    cache 5\n}}\n",
        file.display()
    )
}

/// What the DNS may read.
pub(super) fn dns_role(user: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRole",
            "metadata": {"name": user},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["services", "namespaces"],
                    "verbs": ["list", "watch"],
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["list", "watch"],
                },
            ],
        },
        {
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": user},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": user},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]})
}

// Istio's control plane in memory: takes Kubernetes and Istio objects as YAML,
// serves what Istio's own code makes of them to Envoys, and ends with its
// standard input.
//
//	meshlab OBJECTS.yaml MESH.yaml
//
// Its first line of output is where it serves: {"xds": "…", "sds": "…"}. Each
// line of input is a file of objects to add or to replace, which "applied"
// answers; or "workloads", which what ztunnels are told answers, as JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	istiomesh "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "meshlab OBJECTS.yaml MESH.yaml")
		os.Exit(64)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "meshlab:", err)
		os.Exit(1)
	}
}

func run(objectsPath, meshPath string) error {
	config, err := meshConfig(meshPath)
	if err != nil {
		return err
	}
	objects, err := readObjects(objectsPath)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secrets, err := serveSecrets(config.TrustDomain)
	if err != nil {
		return err
	}
	withoutMetadata()
	var failure error
	err = test.Wrap(func(t test.Failer) {
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			KubernetesObjectString: objects.kubernetes + objects.both,
			ConfigString:           objects.istio + objects.both,
			MeshConfig:             config,
			// As installed: what changes together arrives together.
			DebounceTime:    100 * time.Millisecond,
			ListenerBuilder: func() (net.Listener, error) { return listener, nil },
		})
		where, _ := json.Marshal(map[string]string{"xds": listener.Addr().String(), "sds": secrets})
		fmt.Println(string(where))
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			answer := "applied"
			if line := strings.TrimSpace(lines.Text()); line == "workloads" {
				answer, failure = workloads(server)
			} else {
				failure = apply(server, line)
			}
			if failure != nil {
				return
			}
			fmt.Println(answer)
		}
	})
	if failure != nil {
		return failure
	}
	return err
}

// The defaults of an installation with what the file says; without the proxies'
// metrics, which only Istio's own build of Envoy has.
func meshConfig(path string) (*istiomesh.MeshConfig, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return mesh.ApplyMeshConfigDefaults(string(text))
}

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/kube"
)

// Objects by who reads them; each a stream of YAML documents.
type objects struct {
	kubernetes string
	istio      string
	// By the proxies' configuration and by the ztunnels'.
	both string
}

func readObjects(path string) (objects, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return objects{}, err
	}
	var found objects
	for _, document := range strings.Split(string(text), "\n---\n") {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			return objects{}, fmt.Errorf("%s: %w", path, err)
		}
		into := &found.kubernetes
		if strings.HasPrefix(kind.APIVersion, "security.istio.io/") {
			into = &found.both
		} else if strings.Contains(kind.APIVersion, "istio.io/") {
			into = &found.istio
		}
		*into += "\n---\n" + document
	}
	return found, nil
}

// Adds or replaces the objects of a file in the running control plane.
func apply(server *xds.FakeDiscoveryServer, path string) error {
	found, err := readObjects(path)
	if err != nil {
		return err
	}
	configs, _, err := crd.ParseInputs(found.istio + found.both)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, config := range configs {
		if old := server.Store().Get(config.GroupVersionKind, config.Name, config.Namespace); old != nil {
			config.ResourceVersion = old.ResourceVersion
			_, err = server.Store().Update(config)
		} else {
			_, err = server.Store().Create(config)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	client := server.KubeClient()
	for _, document := range strings.Split(found.kubernetes, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, _, err := kube.IstioCodec.UniversalDeserializer().Decode([]byte(document), nil, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch object := object.(type) {
		case *core.Pod:
			err = upsert(client.Kube().CoreV1().Pods(object.Namespace), object)
		case *discovery.EndpointSlice:
			err = upsert(client.Kube().DiscoveryV1().EndpointSlices(object.Namespace), object)
		default:
			err = fmt.Errorf("%s: a %T cannot be changed while running", path, object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type writer[T any] interface {
	Update(context.Context, T, meta.UpdateOptions) (T, error)
	Create(context.Context, T, meta.CreateOptions) (T, error)
}

func upsert[T any](client writer[T], object T) error {
	_, err := client.Update(context.Background(), object, meta.UpdateOptions{})
	if errors.IsNotFound(err) {
		_, err = client.Create(context.Background(), object, meta.CreateOptions{})
	}
	return err
}

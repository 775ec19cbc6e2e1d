package main

import (
	"encoding/json"
	"errors"

	mutation "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_mutation/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/util/protoconv"
	"istio.io/istio/pilot/pkg/xds/filters"
	"istio.io/istio/pilot/test/xds"
)

// Waypoints have two filters for metrics that only Istio's own build of Envoy
// has, and no setting turns them off: in their place come filters that do
// nothing.
func withoutMetadata() {
	nothing := func(instead *hcm.HttpFilter) *hcm.HttpFilter {
		return &hcm.HttpFilter{
			Name: instead.Name,
			ConfigType: &hcm.HttpFilter_TypedConfig{
				TypedConfig: protoconv.MessageToAny(&mutation.HeaderMutation{}),
			},
		}
	}
	filters.WaypointDownstreamMetadataFilter = nothing(filters.WaypointDownstreamMetadataFilter)
	filters.WaypointUpstreamMetadataFilter = nothing(filters.WaypointUpstreamMetadataFilter)
}

// What every ztunnel is told: workloads, services with their waypoints, and the
// policies that it applies itself; on one line.
func workloads(server *xds.FakeDiscoveryServer) (string, error) {
	if server.AmbientIndex == nil {
		return "", errors.New("PILOT_ENABLE_AMBIENT is not true")
	}
	told := struct {
		Addresses []json.RawMessage `json:"addresses"`
		Policies  []json.RawMessage `json:"policies"`
	}{}
	for _, address := range server.AmbientIndex.All() {
		if err := add(&told.Addresses, address.Address); err != nil {
			return "", err
		}
	}
	for _, policy := range server.AmbientIndex.Policies(nil) {
		if err := add(&told.Policies, policy.Authorization); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(told)
	return string(text), err
}

func add(list *[]json.RawMessage, message proto.Message) error {
	text, err := protojson.Marshal(message)
	if err != nil {
		return err
	}
	*list = append(*list, text)
	return nil
}

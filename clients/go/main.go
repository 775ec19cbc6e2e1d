//{% capture source %}§{% raw %}
// Calls the service with the retries of its contract.

// usage: go run . ADDRESS SERVICE_CONFIG
//
// SERVICE_CONFIG is a file written by `cargo contract service-config`; what proto/
// imports is in target/protos, written by `cargo contract protos`.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/bufbuild/protocompile"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run . ADDRESS SERVICE_CONFIG")
	}
	serviceConfig, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	conn, err := grpc.NewClient(
		os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(serviceConfig)),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx := context.Background()
	service, err := load(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := client{conn, service}

	// The same request_id goes with every attempt: the server acts once.
	created, err := client.call(ctx, "CreateOrder", `{
		"order": {
			"customer": "alice",
			"items": [{
				"sku": "widget",
				"quantity": 2,
				"unit_price": {"currency_code": "EUR", "units": 9}
			}]
		},
		"request_id": %q
	}`, uuid.NewString())
	if err != nil {
		os.Exit(1)
	}
	name, etag := field(created, "name"), field(created, "etag")
	_, notFound := client.call(ctx, "GetOrder", `{"name": %q}`, name)

	// Never repeated by itself: only the caller knows whether that is right.
	_, notChanged := client.call(ctx, "UpdateOrder", `{
		"order": {"name": %q, "etag": %q, "note": "by the door"},
		"update_mask": "note"
	}`, name, etag)
	if notFound != nil || notChanged != nil {
		os.Exit(1)
	}
}

// A larger client would generate stubs with protoc-gen-go-grpc.
type client struct {
	conn    *grpc.ClientConn
	service protoreflect.ServiceDescriptor
}

// load reads the .proto, so nothing generated needs to be kept.
func load(ctx context.Context) (protoreflect.ServiceDescriptor, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{"../../proto", "../../target/protos"},
		}),
	}
	files, err := compiler.Compile(ctx, "acme/order/v1/order.proto")
	if err != nil {
		return nil, err
	}
	return files[0].Services().ByName("OrderService"), nil
}

// call prints how it ended.
func (c client) call(ctx context.Context, name protoreflect.Name, format string, values ...any) (protoreflect.Message, error) {
	method := c.service.Methods().ByName(name)
	request := dynamicpb.NewMessage(method.Input())
	if err := protojson.Unmarshal(fmt.Appendf(nil, format, values...), request); err != nil {
		return nil, err
	}
	response := dynamicpb.NewMessage(method.Output())
	path := fmt.Sprintf("/%s/%s", c.service.FullName(), name)
	if err := c.conn.Invoke(ctx, path, request, response); err != nil {
		status := status.Convert(err)
		fmt.Printf("%s: %s %s\n", name, status.Code(), status.Message())
		return nil, err
	}
	fmt.Printf("%s: OK %s\n", name, field(response, "name"))
	return response, nil
}

func field(message protoreflect.Message, name protoreflect.Name) string {
	return message.Get(message.Descriptor().Fields().ByName(name)).String()
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}

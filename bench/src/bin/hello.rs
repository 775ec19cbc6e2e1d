//! Stock tonic's hello.

use std::error::Error;

use bench::hello::greeter_server::{Greeter, GreeterServer};
use bench::hello::{HelloReply, HelloRequest};
use bench::listen;
use tonic::{Request, Response, Status};

struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello {}!", request.into_inner().name);
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let incoming = listen().await?;
    tonic::transport::Server::builder()
        .add_service(GreeterServer::new(Hello))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

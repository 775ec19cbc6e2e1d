//! What the servers share.

use std::error::Error;

use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

/// The greeter's code.
#[allow(missing_docs)]
pub mod hello {
    tonic::include_proto!("helloworld");
}

/// A port of its own, which is printed as the server under measurement prints it.
pub async fn listen() -> Result<TcpIncoming, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("{{\"grpc\":\"{address}\",\"admin\":\"\"}}");
    Ok(TcpIncoming::from(listener).with_nodelay(Some(true)))
}

//! What attempts are sent through.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::transport::Channel as Tonic;
use tower::{Service, ServiceExt};

use crate::balance::Connections;
use crate::connection;
use crate::lent::Lender;
use crate::resolve::Following;

#[cfg(test)]
mod tests;

type BoxError = Box<dyn StdError + Send + Sync>;

/// How often a call moves on from connections that are at their end. Each is left
/// out from then on, so that many are met only where all end at once.
const MOST_MOVES: usize = 16;

/// The way to an upstream; clones share its connections.
#[derive(Debug, Clone)]
pub struct Channel(Way);

#[derive(Debug, Clone)]
enum Way {
    /// One address, or a proxy that balances.
    Single(Tonic),
    /// One of the connections to the addresses behind a name.
    Balanced(Following),
}

/// An attempt under way.
pub type ChannelFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

impl Channel {
    pub(crate) fn single(channel: Tonic) -> Self {
        Self(Way::Single(channel))
    }

    pub(crate) fn balanced(following: Following) -> Self {
        Self(Way::Balanced(following))
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ChannelFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Waiting for a connection is part of the attempt.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ChannelFuture {
        match &self.0 {
            Way::Single(channel) => {
                let sent = channel.clone().oneshot(request);
                Box::pin(async move { Ok(sent.await?) })
            }
            Way::Balanced(following) => {
                let following = following.clone();
                Box::pin(async move { balanced(following.connections(), request).await })
            }
        }
    }
}

/// Sends by a connection that is up. One that turns out to be at its end has done
/// nothing with the request, which goes by another.
async fn balanced(
    connections: &Connections,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    let (head, body) = request.into_parts();
    let lender = Lender::new(body);
    let mut moves = 0;
    loop {
        let connection = connections.pick().await?;
        let request = Request::from_parts(head.clone(), lender.lend());
        match connection.send(request).await {
            Err(error) if connection::is_over(&error) && moves < MOST_MOVES => {
                tracing::debug!("a connection is over: by another");
                moves += 1;
            }
            outcome => return Ok(outcome?),
        }
    }
}

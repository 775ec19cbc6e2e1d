//! `grpc.health.v1.Health`, true to its specification.
//!
//! tonic-health's own service ends a Watch of an unknown service with
//! `NOT_FOUND`; the specification wants `SERVICE_UNKNOWN` on an open stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chassis_core::health::{Health, State};
use chassis_grpc::status;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health as Rpc, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Answers health checks from a [`Health`].
#[derive(Debug)]
pub struct HealthService(Health);

impl HealthService {
    /// The service, which answers from `health` and makes itself known to it.
    #[must_use]
    pub fn server(health: Health) -> HealthServer<Self> {
        health.add_service(<HealthServer<Self> as tonic::server::NamedService>::NAME);
        HealthServer::new(Self(health)).max_decoding_message_size(4096)
    }
}

#[tonic::async_trait]
impl Rpc for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match status_of(&self.0, &service, self.0.state()) {
            ServingStatus::ServiceUnknown => Err(status::not_found(
                "SERVICE_UNKNOWN",
                "no such service is offered here",
            )),
            known => Ok(Response::new(response(known))),
        }
    }

    type WatchStream = Watch;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(Watch {
            service: request.into_inner().service,
            health: self.0.clone(),
            states: WatchStream::new(self.0.changes()),
            last: None,
            ended: false,
        }))
    }
}

/// Status changes of one service, the present status first; ends with
/// UNAVAILABLE when the process drains.
#[derive(Debug)]
pub struct Watch {
    service: String,
    health: Health,
    states: WatchStream<State>,
    last: Option<ServingStatus>,
    ended: bool,
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            let Some(state) = ready!(Pin::new(&mut self.states).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let now = status_of(&self.health, &self.service, state);
            if self.last != Some(now) {
                self.last = Some(now);
                // A client that comes while the process drains learns it first.
                if state.is_draining() {
                    self.states = WatchStream::new(self.health.changes());
                }
                return Poll::Ready(Some(Ok(response(now))));
            }
            if state.is_draining() {
                self.ended = true;
                return Poll::Ready(Some(Err(status::draining())));
            }
        }
    }
}

fn status_of(health: &Health, service: &str, state: State) -> ServingStatus {
    if !health.knows(service) {
        ServingStatus::ServiceUnknown
    } else if state.is_ready() {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

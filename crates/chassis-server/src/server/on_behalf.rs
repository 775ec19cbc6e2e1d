//! A call's work is done for its tenant: whatever its handler asks of upstreams, while it
//! answers and while its stream is read, is asked for that one.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis_core::call_info::CallInfo;
use chassis_core::rpc::Kind;
use chassis_identity::tenant::{self, Tenant};
use http::Request;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::router::RpcFuture;

/// Carries out `request` by `service`, for the tenant that it was admitted for.
pub(super) fn call(
    request: Request<Body>,
    service: impl FnOnce(Request<Body>) -> RpcFuture,
) -> RpcFuture {
    let tenant = request.extensions().get::<Tenant>().cloned();
    let info = request.extensions().get::<CallInfo>();
    let streams = info.is_some_and(|info| info.rpc.kind() == Kind::Stream);
    let call = tenant::scope_sync(tenant.clone(), || service(request));
    let call = tenant::scope(tenant.clone(), call);
    if !streams {
        return Box::pin(call);
    }
    Box::pin(async move {
        let answer = call.await?;
        Ok(answer.map(|body| Body::new(Behalf { body, tenant })))
    })
}

/// A stream of answers, made for its tenant as long as it lasts.
struct Behalf {
    body: Body,
    tenant: Option<Tenant>,
}

impl http_body::Body for Behalf {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        tenant::scope_sync(this.tenant.clone(), || {
            Pin::new(&mut this.body).poll_frame(cx)
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use tower::Service;

use super::{Ending, EndingBody, Last};

/// A service whose calls end with a status before their connection is cut.
#[derive(Debug, Clone)]
pub struct Endings<S>(S);

impl<S> Endings<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S, A, B> Service<Request<A>> for Endings<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<EndingBody<B>>;
    type Error = S::Error;
    type Future = EndingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let ending = request.extensions().get::<Ending>();
        EndingFuture {
            last: Last::new(ending.cloned().unwrap_or_default()),
            call: Some(self.0.call(request)),
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that ends before its connection does.
    #[derive(Debug)]
    pub struct EndingFuture<F> {
        #[pin]
        call: Option<F>,
        #[pin]
        last: Last,
    }
}

impl<F, B, E> Future for EndingFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<EndingBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(call) = this.call.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        if let Poll::Ready(answer) = call.poll(cx) {
            let ending = &this.last.ending;
            let answer = answer?.map(|body| EndingBody::new(body, ending.clone()));
            return Poll::Ready(Ok(answer));
        }
        let status = ready!(this.last.poll(cx));
        // Drops the work where it waits.
        this.call.set(None);
        Poll::Ready(Ok(status.into_http().map(|()| EndingBody::empty())))
    }
}

//! A body that comes back from whoever has not read of it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// Has the body until it is read.
#[derive(Debug)]
pub(crate) struct Lender(Arc<Mutex<Option<Body>>>);

impl Lender {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    /// The body, for whoever reads it first.
    pub(crate) fn lend(&self) -> Body {
        Body::new(Lent {
            from: Arc::clone(&self.0),
            taken: None,
        })
    }
}

#[derive(Debug)]
struct Lent {
    from: Arc<Mutex<Option<Body>>>,
    taken: Option<Body>,
}

impl Lent {
    fn look<T>(&self, at: impl FnOnce(&Body) -> T) -> Option<T> {
        match &self.taken {
            Some(body) => Some(at(body)),
            None => (self.from.lock().unwrap_or_else(PoisonError::into_inner))
                .as_ref()
                .map(at),
        }
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.taken.is_none() {
            let taken = self
                .from
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            self.taken = taken;
        }
        match &mut self.taken {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.look(http_body::Body::is_end_stream).unwrap_or(true)
    }

    fn size_hint(&self) -> SizeHint {
        self.look(http_body::Body::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    #[tokio::test]
    async fn what_was_not_read_of_is_there_for_the_next_and_what_was_is_not() {
        let lender = Lender::new(Body::new(Full::new(Bytes::from_static(b"all"))));
        drop(lender.lend());
        let mut second = lender.lend();
        assert_eq!(second.size_hint().exact(), Some(3));
        let frame = second.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "all");
        assert!(second.is_end_stream());
        assert!(lender.lend().frame().await.is_none());
    }
}

//! A connection's stream, which comes back when hyper is done with it, and is closed so
//! that the answer arrives that was given last: a lingering close.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use super::unread::Unread;

/// How long a connection is read on, once its own side is closed, while something comes.
const LINGER: Duration = Duration::from_secs(10);
/// How long while nothing does.
const QUIET: Duration = Duration::from_secs(1);

/// A stream for hyper.
#[derive(Debug)]
pub(super) struct Lent {
    stream: Option<TcpStream>,
    unread: Unread,
    back: Option<oneshot::Sender<TcpStream>>,
    /// How long its reader may take nothing.
    send_timeout: Duration,
    /// While its reader is waited for.
    stalls: Option<Pin<Box<Sleep>>>,
}

/// Who has lent it.
#[derive(Debug)]
pub(super) struct Lender {
    unread: Unread,
    back: oneshot::Receiver<TcpStream>,
}

/// Lends `stream`, and tells what of it is not read. Its reader takes something of what
/// is written within `send_timeout`.
pub(super) fn lend(stream: TcpStream, unread: &Unread, send_timeout: Duration) -> (Lent, Lender) {
    let (give, back) = oneshot::channel();
    let lent = Lent {
        stream: Some(stream),
        unread: unread.clone(),
        back: Some(give),
        send_timeout,
        stalls: None,
    };
    let unread = unread.clone();
    (lent, Lender { unread, back })
}

impl Lender {
    /// Closes it, once it is back: where something is unread, its own side first.
    pub(super) async fn close(self) {
        let Ok(mut stream) = self.back.await else {
            return;
        };
        if !self.unread.is_some() {
            return;
        }
        let reading = async {
            stream.shutdown().await?;
            let mut dropped = vec![0; 16 << 10];
            while tokio::time::timeout(QUIET, stream.read(&mut dropped)).await?? > 0 {}
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(LINGER, reading).await;
    }
}

impl Lent {
    fn stream(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.get_mut().stream.as_mut();
        (stream.map(Pin::new)).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What a write came to, or an error where it waits for too long.
    fn in_time<T>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let this = self.get_mut();
        if written.is_ready() {
            this.stalls = None;
            return written;
        }
        let send_timeout = this.send_timeout;
        let stalls = this
            .stalls
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(send_timeout)));
        ready!(stalls.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Nobody waits for it where connections are cut.
            let _ = back.send(stream);
        }
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, unread) = (buffer.filled().len(), self.unread.clone());
        ready!(self.stream()?.poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            unread.came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lent {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream()?.poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.as_mut().stream()?;
        let written = stream.poll_write_vectored(context, slices);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}

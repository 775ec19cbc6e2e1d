//! A connection whose HTTP/2 preface has been seen.
//!
//! hyper waits for the preface without a limit, and its keepalive begins only
//! after it: a client that says nothing would hold the connection for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use chassis_core::listener::close;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every HTTP/2 client says first (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that hands out the preface again before what follows it.
#[derive(Debug)]
pub(super) struct Prefaced<T> {
    inner: T,
    replayed: usize,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Prefaced<T> {
    /// Reads the preface. Closes the connection if the client says something else.
    ///
    /// # Errors
    /// `InvalidData` as soon as the client says something else, `UnexpectedEof`
    /// if it leaves before, and whatever reading gives.
    pub(super) async fn read(mut inner: T) -> io::Result<Self> {
        let mut seen = [0; PREFACE.len()];
        let mut filled = 0;
        while filled < seen.len() {
            let count = inner.read(&mut seen[filled..]).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += count;
            if seen[..filled] != PREFACE[..filled] {
                close(inner).await;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not HTTP/2"));
            }
        }
        Ok(Self { inner, replayed: 0 })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Prefaced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.replayed < PREFACE.len() {
            let rest = &PREFACE[self.replayed..];
            let count = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..count]);
            self.replayed += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Prefaced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn preface_is_read_in_pieces_and_replayed() {
        let (mut client, server) = tokio::io::duplex(64);
        let reading = tokio::spawn(Prefaced::read(server));
        client.write_all(&PREFACE[..5]).await.unwrap();
        tokio::task::yield_now().await;
        client.write_all(&PREFACE[5..]).await.unwrap();
        client.write_all(b"frames").await.unwrap();
        drop(client);
        let mut io = reading.await.unwrap().unwrap();
        let mut all = Vec::new();
        io.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [&PREFACE[..], b"frames"].concat());
    }

    #[tokio::test]
    async fn another_protocol_is_refused_at_its_first_bytes() {
        let (mut client, server) = tokio::io::duplex(64);
        client.write_all(b"GET").await.unwrap();
        let error = Prefaced::read(server).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

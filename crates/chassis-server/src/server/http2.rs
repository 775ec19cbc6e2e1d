//! HTTP/2 as this server speaks it: every limit set.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::TokioTimer;

use super::coalesce::WriteCoalescer;
use super::executor::CallExecutor;
use crate::server::ServerSettings;

/// What a client may send of one call, and of all on one connection, before it
/// is read: the server holds as much for each connection. Enough for a gigabit
/// at a millisecond's distance, in bytes.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 128 << 10;
/// What is taken of one answer before it is sent, in bytes.
const SEND_BUFFER: usize = 64 << 10;

/// The limits of each connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Http2 {
    keepalive_interval: Duration,
    keepalive_timeout: Duration,
    max_streams: u32,
    max_header_bytes: u32,
    write_coalescing: bool,
}

impl Http2 {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            keepalive_interval: settings.connections.keepalive_interval,
            keepalive_timeout: settings.connections.keepalive_timeout,
            max_streams: settings.connections.max_concurrent_streams,
            max_header_bytes: u32::try_from(settings.connections.max_header_bytes)
                .unwrap_or(u32::MAX),
            write_coalescing: settings.connections.write_coalescing,
        }
    }

    /// What wakes a connection.
    pub(super) fn coalescer(self) -> WriteCoalescer {
        WriteCoalescer::new(self.write_coalescing)
    }

    /// For the connection that is woken by `coalescer`.
    pub(super) fn builder(self, coalescer: &Arc<WriteCoalescer>) -> Builder<CallExecutor> {
        let mut http2 = Builder::new(CallExecutor::new(coalescer));
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(self.keepalive_interval)
            .keep_alive_timeout(self.keepalive_timeout)
            .max_concurrent_streams(self.max_streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(self.max_header_bytes)
            // Bounds what a client can make this server remember by provoking
            // errors (CVE-2023-44487 and its kin).
            .max_local_error_reset_streams(1024)
            // A client may give up every call that it may have open: after a
            // stall of this server many do, in one go.
            .max_pending_accept_reset_streams(self.max_streams as usize)
            .auto_date_header(false);
        http2
    }
}

use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::values::{bytes, positive_duration};

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
}

/// How large messages are, one by one and together.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct MessageSettings {
    /// Largest request message, after decompression.
    #[arg(
        long,
        env = "MAX_REQUEST_BYTES",
        value_name = "BYTES",
        default_value = "4MiB",
        value_parser = bytes
    )]
    pub max_request_bytes: usize,

    /// What a request message may take in memory once it is decoded, beyond
    /// twice its size: many small parts take more than they weigh on the wire,
    /// an empty line of a list perhaps a hundred bytes. What would take more is
    /// refused with `RESOURCE_EXHAUSTED` before it is decoded.
    #[arg(
        long,
        env = "MAX_DECODED_BYTES",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = bytes
    )]
    pub max_decoded_bytes: usize,

    /// Bytes of request messages that may be on their way at once, over all
    /// connections, and what they are decoded to until their calls are
    /// answered; calls that bring more are refused with `RESOURCE_EXHAUSTED`.
    /// Up to 4KiB of a call do not count.
    #[arg(
        long,
        env = "MAX_RECEIVING_BYTES",
        value_name = "BYTES",
        default_value = "10MiB",
        value_parser = bytes
    )]
    pub max_receiving_bytes: usize,

    /// Largest response message.
    #[arg(
        long,
        env = "MAX_RESPONSE_BYTES",
        value_name = "BYTES",
        default_value = "16MiB",
        value_parser = bytes
    )]
    pub max_response_bytes: usize,

    /// Bytes of answers that may wait at once to be taken by their callers, over
    /// all connections. While there are as many, streams wait and large answers
    /// are refused with `RESOURCE_EXHAUSTED`; a quarter more, and so are calls.
    #[arg(
        long,
        env = "MAX_SENDING_BYTES",
        value_name = "BYTES",
        default_value = "16MiB",
        value_parser = bytes
    )]
    pub max_sending_bytes: usize,

    /// How long a caller may take nothing of what waits for it before its call,
    /// or its connection, is ended; no more than a second while
    /// --max-sending-bytes wait.
    #[arg(
        long,
        env = "SEND_TIMEOUT",
        value_name = "DURATION",
        default_value = "20s",
        value_parser = positive_duration
    )]
    pub send_timeout: Duration,

    /// How request messages may be compressed (cargo feature `gzip`). What they
    /// are inflated to counts as if it had been sent.
    #[arg(
        long,
        env = "ACCEPT_COMPRESSION",
        value_name = "KIND",
        default_value = "none"
    )]
    pub accept_compression: Compression,

    /// How messages of 1KiB and more are compressed for callers that take it
    /// (cargo feature `gzip`).
    #[arg(
        long,
        env = "SEND_COMPRESSION",
        value_name = "KIND",
        default_value = "none"
    )]
    pub send_compression: Compression,
}

impl MessageSettings {
    pub(super) fn validate(&self) -> Result<(), Fatal> {
        if self.max_receiving_bytes < 2 * self.max_request_bytes {
            return Err(Fatal::usage(format!(
                "--max-receiving-bytes {} is less than twice --max-request-bytes {}: one message of \
                 the largest size would be refused, which is there twice while it is decoded; raise \
                 the former or lower the latter",
                self.max_receiving_bytes, self.max_request_bytes,
            )));
        }
        if self.max_sending_bytes < self.max_response_bytes {
            return Err(Fatal::usage(format!(
                "--max-sending-bytes {} is less than --max-response-bytes {}: one message of the \
                 largest size would be refused; raise the former or lower the latter",
                self.max_sending_bytes, self.max_response_bytes,
            )));
        }
        Ok(())
    }
}

//! Durations as gRPC and as people write them.

use std::time::Duration;

/// The JSON form of `google.protobuf.Duration`, always with nine decimals:
/// grpc-js misreads shorter fractions.
#[must_use]
pub fn json(duration: Duration) -> String {
    format!("{}.{:09}s", duration.as_secs(), duration.subsec_nanos())
}

/// `50 ms`, `5 s`, `1.5 s`; exact for whole milliseconds.
#[must_use]
pub fn prose(duration: Duration) -> String {
    let millis = duration.subsec_millis();
    match (duration.as_secs(), millis) {
        (0, _) => format!("{millis} ms"),
        (seconds, 0) => format!("{seconds} s"),
        (seconds, _) => {
            let fraction = format!("{millis:03}");
            format!("{seconds}.{} s", fraction.trim_end_matches('0'))
        }
    }
}

//! Which attempt of a call a request is.

use tonic::metadata::MetadataMap;

/// Sent by a gRPC client that retries (gRFC A6): how often it tried before.
pub const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";
/// Sent by Envoy where the route asks for it: which attempt this is.
pub const ENVOY_ATTEMPT: &str = "x-envoy-attempt-count";

/// How often this call was tried before: a client that retries puts it in the
/// request's extensions, from its second attempt on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousAttempts(pub u32);

/// The number of this attempt, from 1; client and proxy each count their own.
///
/// Headers that are no number count as absent.
#[must_use]
pub fn number(metadata: &MetadataMap) -> u32 {
    let header = |name| metadata.get(name)?.to_str().ok()?.parse::<u32>().ok();
    let by_client = header(PREVIOUS_ATTEMPTS).map_or(1, |previous| previous.saturating_add(1));
    let by_proxy = header(ENVOY_ATTEMPT).unwrap_or(1);
    by_client.max(by_proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_one() {
        for (name, value, expected) in [
            ("other", "7", 1),
            (PREVIOUS_ATTEMPTS, "0", 1),
            (PREVIOUS_ATTEMPTS, "1", 2),
            (PREVIOUS_ATTEMPTS, "4294967295", u32::MAX),
            (PREVIOUS_ATTEMPTS, "-1", 1),
            (ENVOY_ATTEMPT, "1", 1),
            (ENVOY_ATTEMPT, "3", 3),
            (ENVOY_ATTEMPT, "many", 1),
        ] {
            let mut metadata = MetadataMap::new();
            metadata.insert(name, value.parse().unwrap());
            assert_eq!(number(&metadata), expected, "{name}: {value}");
        }
    }
}

//! Which headers go on to an upstream, and which come back.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Of a caller without gRPC: who it is, in what trace, how long it waits.
const PASSED: [&str; 12] = [
    "authorization",
    "accept-language",
    "b3",
    "baggage",
    "grpc-timeout",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
];

/// What a caller of REST may say to a handler begins so.
const METADATA: &str = "grpc-metadata-";

/// What meshes' proxies say of a caller, and services of its tenant: from outside it is a
/// lie.
const IDENTITY: [&str; 5] = [
    chassis::tenant::HEADER,
    "x-forwarded-client-cert",
    "l5d-client-id",
    "l5d-reqinfo",
    "x-client-trace-id",
];

/// What belongs to one connection, or to the protocol that a message came by.
const OF_THE_WAY: [&str; 24] = [
    "accept",
    "accept-encoding",
    "connect-accept-encoding",
    "connect-content-encoding",
    "connect-protocol-version",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "grpc-accept-encoding",
    "grpc-encoding",
    "host",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-grpc-web",
];

/// Takes out what nobody outside of the mesh may say.
pub(crate) fn distrust(headers: &mut HeaderMap) {
    let lies: Vec<HeaderName> = headers
        .keys()
        .filter(|name| IDENTITY.contains(&name.as_str()) || name.as_str().starts_with("x-envoy-"))
        .cloned()
        .collect();
    for name in lies {
        headers.remove(name);
    }
}

/// What the outermost of `trusted` proxies says: each appends who called it.
pub(crate) fn forwarded_for(headers: &HeaderMap, trusted: usize) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter();
    let named: Vec<_> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let at = named.len().checked_sub(trusted)?;
    named.get(at)?.trim().parse().ok()
}

/// What goes on of a request of REST.
pub(crate) fn of_rest(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        let text = name.as_str();
        if PASSED.contains(&text) || text == "x-request-id" || text == "connect-timeout-ms" {
            out.append(name, value.clone());
        } else if let Some(rest) = text.strip_prefix(METADATA)
            && !rest.starts_with("grpc-")
            && !PASSED.contains(&rest)
            && let Ok(name) = HeaderName::from_bytes(rest.as_bytes())
            && !is_of_the_way(&name)
        {
            out.append(name, value.clone());
        }
    }
    distrust(&mut out);
    out
}

/// What goes on of a request of Connect: its metadata.
pub(crate) fn of_connect(headers: &HeaderMap) -> HeaderMap {
    let mut out = headers.clone();
    for name in OF_THE_WAY {
        out.remove(name);
    }
    out
}

fn is_of_the_way(name: &HeaderName) -> bool {
    OF_THE_WAY.contains(&name.as_str())
}

/// The metadata of an answer, less what gRPC says there itself.
pub(crate) fn metadata(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    headers.iter().filter(|(name, _)| {
        let text = name.as_str();
        !is_of_the_way(name)
            && !matches!(
                text,
                "grpc-status" | "grpc-message" | "grpc-status-details-bin" | "date"
            )
    })
}

/// What callers in a browser may read of an answer.
pub(crate) fn exposed() -> Vec<HeaderName> {
    let names = [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-encoding",
        "connect-content-encoding",
        "x-request-id",
    ];
    let mut names: Vec<_> = names.map(HeaderName::from_static).into();
    names.extend([header::ETAG, header::RETRY_AFTER]);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn nobody_outside_says_who_calls() {
        let mut all = headers(&[
            ("x-forwarded-client-cert", "URI=spiffe://a"),
            ("l5d-client-id", "a"),
            ("x-envoy-attempt-count", "3"),
            ("x-tenant", "acme"),
            ("authorization", "Bearer a"),
        ]);
        distrust(&mut all);
        assert_eq!(all.len(), 1);
        let rest = of_rest(&headers(&[
            ("grpc-metadata-x-forwarded-client-cert", "a"),
            ("grpc-metadata-x-tenant", "a"),
            ("grpc-metadata-tenant", "a"),
            ("grpc-metadata-authorization", "b"),
            ("grpc-metadata-grpc-timeout", "1S"),
            ("cookie", "secret"),
            ("x-request-id", "1"),
        ]));
        let mut names: Vec<_> = rest.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["tenant", "x-request-id"]);
    }

    #[test]
    fn only_trusted_proxies_say_who_called() {
        let mut headers = HeaderMap::new();
        let says = "1.1.1.1, 2.2.2.2, 3.3.3.3".parse().unwrap();
        headers.insert("x-forwarded-for", says);
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(forwarded_for(&headers, 0), None);
        assert_eq!(forwarded_for(&headers, 1), ip("3.3.3.3"));
        assert_eq!(forwarded_for(&headers, 2), ip("2.2.2.2"));
        assert_eq!(forwarded_for(&headers, 4), None);
    }
}

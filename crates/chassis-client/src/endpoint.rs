use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::mesh::Provider;
use http::Uri;
use tonic::transport::Endpoint as Tonic;

use super::channel::Channel;
use super::resolve::Following;
use crate::ClientSettings;
use crate::tls::Renewals;

/// Pings only while calls are open: servers that count pings (grpc-go) close
/// connections that are pinged idle.
const KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where an upstream is.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
}

impl Endpoint {
    pub(super) fn parse(flag: &str, text: &str) -> Result<Self, Fatal> {
        let refuse = |why: &str| {
            Fatal::usage(format!(
                "{flag} is not an upstream: {why}; write it as http://host:port or \
                 https://host:port"
            ))
        };
        let uri: Uri = text.parse().map_err(|_| refuse("it is not a URI"))?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(refuse("its scheme is neither http nor https")),
            None => return Err(refuse("it has no scheme")),
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| refuse("it has no host"))?.to_owned();
        let port = uri.port_u16().filter(|port| *port != 0);
        let port = port.ok_or_else(|| refuse("it has no port"))?;
        let plain = uri.path().trim_end_matches('/').is_empty()
            && uri.query().is_none()
            && !uri.authority().is_some_and(|it| it.as_str().contains('@'));
        if !plain {
            return Err(refuse("it has more than host and port"));
        }
        Ok(Self { uri, host, port })
    }

    /// Whether it is called under TLS.
    pub(super) fn is_secured(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    pub(super) fn host_and_port(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }

    /// A channel over every address of the host, or over the host itself where
    /// it is an address or a mesh balances. Under TLS always the former: there
    /// each address can be connected anew when certificates change.
    pub(super) fn connect(
        self,
        settings: &ClientSettings,
        mesh: Provider,
        tls: Option<Renewals>,
    ) -> Channel {
        let one = tls.is_none() && (mesh != Provider::None || self.is_address());
        let timeout = settings.upstream_connect_timeout;
        if one {
            let origin = configured(Tonic::from(self.uri), timeout);
            return Channel::single(origin.connect_lazy());
        }
        let (name, port) = (self.bare_host().to_owned(), self.port);
        let resolve = move || {
            let name = name.clone();
            async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) }
        };
        let (uri, host) = (self.uri, self.host.clone());
        let at = move |address: SocketAddr, tls: Option<&Renewals>| {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let target = Tonic::from_shared(format!("{scheme}://{address}")).ok()?;
            let target = configured(target, timeout).origin(uri.clone());
            match tls {
                Some(tls) => tls.apply(target, &host),
                None => Some(target),
            }
        };
        let interval = settings.upstream_resolve_interval;
        Channel::balanced(Following::start(self.host, resolve, interval, tls, at))
    }

    fn is_address(&self) -> bool {
        self.bare_host().parse::<IpAddr>().is_ok()
    }

    /// An address of version 6 without its brackets.
    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

fn configured(endpoint: Tonic, connect_timeout: Duration) -> Tonic {
    endpoint
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_an_upstream() {
        for right in [
            "http://things:50051",
            "http://10.0.0.1:80/",
            "http://[::1]:80",
            "https://things:443",
        ] {
            Endpoint::parse("--things-endpoint", right).unwrap();
        }
        for wrong in [
            "",
            "things",
            "things:50051",
            "http://things",
            "http://things:0",
            "http://things:99999",
            "unix:///run/things",
            "http://things:1/path",
            "http://me@things:1",
        ] {
            let fatal = Endpoint::parse("--things-endpoint", wrong).unwrap_err();
            assert_eq!(fatal.code, 64);
            assert!(fatal.to_string().contains("--things-endpoint"), "{fatal}");
        }
    }
}

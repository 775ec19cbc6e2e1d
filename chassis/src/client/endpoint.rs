use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Uri;
use tonic::transport::{Channel, Endpoint as Tonic};

use super::resolve::Addresses;
use crate::exit::Fatal;
use crate::mesh::Provider;
use crate::settings::ClientSettings;

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
                "{flag} `{text}` is not an upstream: {why}; write it as http://host:port"
            ))
        };
        let uri: Uri = text.parse().map_err(|_| refuse("it is not a URI"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(refuse("TLS is the mesh's part")),
            Some(_) => return Err(refuse("its scheme is not http")),
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

    pub(super) fn host_and_port(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }

    /// A channel over every address of the host, or over the host itself where
    /// it is an address or a mesh balances.
    pub(super) fn connect(
        self,
        settings: &ClientSettings,
        mesh: Provider,
    ) -> (Channel, Option<Addresses>) {
        let one = mesh != Provider::None || self.is_address();
        let timeout = settings.upstream_connect_timeout;
        let origin = configured(Tonic::from(self.uri.clone()), timeout);
        if one {
            return (origin.connect_lazy(), None);
        }
        let (channel, changes) = Channel::balance_channel(64);
        let uri = self.uri.clone();
        let at = move |address: SocketAddr| {
            let target = Tonic::from_shared(format!("http://{address}")).ok()?;
            Some(configured(target, timeout).origin(uri.clone()))
        };
        let addresses = Addresses::follow(
            self.host,
            self.port,
            settings.upstream_resolve_interval,
            changes,
            at,
        );
        (channel, Some(addresses))
    }

    fn is_address(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
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
            "https://things:443",
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

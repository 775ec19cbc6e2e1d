//! The address of a broker.

use std::fmt;
use std::str::FromStr;

use store::Invalid;

/// Where events are published: `nats://HOST:PORT`, or `tls`; several servers of one
/// cluster with commas between. What is secret in it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Broker {
    #[cfg(feature = "nats")]
    pub(crate) servers: Vec<async_nats::ServerAddr>,
}

impl FromStr for Broker {
    type Err = Invalid;

    #[cfg(feature = "nats")]
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let servers = text.split(',').map(|server| {
            let wrong = || {
                Invalid::new(
                    "must be nats://HOST:PORT or tls://HOST:PORT; in a login before HOST, what is \
                     no letter or digit is written as in a URL (%2F for /, %40 for @)",
                )
            };
            if !server.starts_with("nats://") && !server.starts_with("tls://") {
                return Err(wrong());
            }
            let server: async_nats::ServerAddr = server.parse().map_err(|_| wrong())?;
            let url = server.clone().into_inner();
            if server.host().is_empty() {
                return Err(wrong());
            }
            // What follows the port is the rest of a login whose slash cuts it.
            if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some()
            {
                return Err(wrong());
            }
            Ok(server)
        });
        let servers = servers.collect::<Result<_, _>>()?;
        Ok(Self { servers })
    }

    #[cfg(not(feature = "nats"))]
    fn from_str(_: &str) -> Result<Self, Invalid> {
        Err(Invalid::new(
            "is for a server built with NATS: cargo build --features nats",
        ))
    }
}

impl fmt::Display for Broker {
    #[cfg(feature = "nats")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, server) in self.servers.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let (scheme, host, port) = (server.scheme(), server.host(), server.port());
            write!(f, "{comma}{scheme}://{host}:{port}")?;
        }
        Ok(())
    }

    #[cfg(not(feature = "nats"))]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, feature = "nats"))]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let broker: Broker = "nats://me:hunter2@a:1,tls://hunter2@b".parse().unwrap();
        assert_eq!(broker.to_string(), "nats://a:1,tls://b:4222");
        let broker: Broker = "nats://me:hunter2@x@a:1".parse().unwrap();
        assert_eq!(broker.to_string(), "nats://a:1");
        assert_eq!(format!("{broker:?}"), "nats://a:1");
        for wrong in [
            "",
            "a:1",
            "http://a",
            "nats://",
            "nats://a,",
            "nats://me:hunt/er2@a:1",
            "nats://me:12/hunter2@a:1",
            "nats://me:12?hunter2@a:1",
            "nats://me:12#hunter2@a:1",
        ] {
            let Invalid(why) = wrong.parse::<Broker>().unwrap_err();
            assert!(!why.contains("hunt"), "{why}");
        }
    }
}

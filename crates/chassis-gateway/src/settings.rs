//! What is set of the edge, beside what every service has.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use chassis::exit::Fatal;
use chassis::settings::{SecretUrl, positive_duration};
use http::HeaderValue;

use crate::files::POLICY;

/// Where upstreams are, who may call from where, and how often.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Edge")]
pub struct GatewaySettings {
    /// Where an upstream is: `order=http://orders:50051`; several with commas. The
    /// name is a service's (`acme.order.v1.OrderService`), or the last part of its
    /// package before the version (`order`). `ORDER_ENDPOINT` says the same.
    #[arg(
        long,
        env = "UPSTREAMS",
        value_name = "NAME=URL",
        value_delimiter = ',',
        value_parser = address
    )]
    pub upstream: Vec<Address>,

    /// Origins whose pages may call (CORS): `https://shop.example`, several with
    /// commas; `*` is every page. Without it, only pages of the gateway's own origin.
    #[arg(
        long,
        env = "CORS_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ',',
        value_parser = origin
    )]
    pub cors_origins: Vec<HeaderValue>,

    /// Calls a second that one caller may make: the subject of its token, or else its
    /// address (of IPv6 its /64). Without it, as many as it likes.
    #[arg(long, env = "RATE_LIMIT", value_name = "CALLS")]
    pub rate_limit: Option<NonZeroU32>,

    /// Calls that one caller may make at once; as many as in a second if not set.
    #[arg(
        long,
        env = "RATE_BURST",
        value_name = "CALLS",
        requires = "rate_limit"
    )]
    pub rate_burst: Option<NonZeroU32>,

    /// Proxies in front that append to `x-forwarded-for` who called them. With fewer
    /// than there are, callers would share a rate limit; with more, they could choose
    /// theirs.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "COUNT",
        default_value_t = 0
    )]
    pub trusted_proxies: usize,

    /// A folder of files to serve where no rpc is: a web page and what belongs to it.
    /// A path without an extension that is not there is its index.html. Files with a
    /// hash in their name are kept by browsers, all others are asked for again.
    #[arg(long, env = "STATIC_DIR", value_name = "PATH")]
    pub static_dir: Option<PathBuf>,

    /// What that page may load and do (Content-Security-Policy): by default nothing
    /// but what comes from the gateway, and WebAssembly.
    #[arg(
        long,
        env = "CONTENT_SECURITY_POLICY",
        value_name = "POLICY",
        default_value = POLICY,
        value_parser = policy
    )]
    pub content_security_policy: HeaderValue,

    /// How often a stream of events says that it is still there, so that no proxy
    /// takes it for dead.
    #[arg(
        long,
        env = "EVENT_HEARTBEAT",
        value_name = "DURATION",
        default_value = "15s",
        value_parser = positive_duration
    )]
    pub event_heartbeat: Duration,
}

/// An upstream and where it is.
#[derive(Debug, Clone)]
pub struct Address {
    name: String,
    url: SecretUrl,
}

fn address(text: &str) -> Result<Address, &'static str> {
    let (name, url) = text
        .split_once('=')
        .filter(|(name, url)| !name.is_empty() && !url.is_empty())
        .ok_or("write it as NAME=URL, such as order=http://orders:50051")?;
    Ok(Address {
        name: name.trim().to_owned(),
        url: url.trim().to_owned().into(),
    })
}

/// A policy is a line that begins with a directive: an empty one would allow all.
fn policy(text: &str) -> Result<HeaderValue, &'static str> {
    const FORM: &str = "a policy is directives with semicolons between them, such as default-src \
                        'self'; connect-src 'self' https://login.example";
    let is_directive = |part: &str| {
        let name = part.split_whitespace().next().unwrap_or_default();
        name.contains('-') && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'-')
    };
    let mut parts = text.split(';').filter(|part| !part.trim().is_empty());
    let is_policy = parts.next().is_some_and(is_directive) && parts.all(is_directive);
    match HeaderValue::from_str(text) {
        Ok(policy) if is_policy => Ok(policy),
        _ => Err(FORM),
    }
}

fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    const FORM: &str = "an origin is scheme://host or scheme://host:port, or * for all";
    let is_origin = text == "*"
        || text.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some()
                && !text.ends_with('/')
                && uri.path().trim_matches('/').is_empty()
        });
    if is_origin {
        HeaderValue::from_str(text).map_err(|_| FORM)
    } else {
        Err(FORM)
    }
}

/// What upstreams are called by: the last part of the package before the version.
pub(crate) fn short_name(service: &str) -> &str {
    let mut parts = service.rsplit('.').skip(1);
    let is_version = |part: &str| {
        let rest = part.strip_prefix('v').unwrap_or_default();
        rest.starts_with(|letter: char| letter.is_ascii_digit())
    };
    match parts.next() {
        Some(last) if is_version(last) => parts.next().unwrap_or(last),
        Some(last) => last,
        None => service,
    }
}

impl GatewaySettings {
    /// Where the upstream of `service` is, and the setting that says so, or that
    /// would.
    pub(crate) fn address(
        &self,
        service: &str,
        environment: &HashMap<String, String>,
    ) -> (Option<SecretUrl>, String) {
        let short = short_name(service);
        let variable = format!("{}_ENDPOINT", short.to_ascii_uppercase());
        let exact = self.upstream.iter().find(|it| it.name == service);
        let named = exact.or_else(|| self.upstream.iter().find(|it| it.name == short));
        if let Some(address) = named {
            return (
                Some(address.url.clone()),
                format!("--upstream {}", address.name),
            );
        }
        let url = environment.get(&variable).filter(|url| !url.is_empty());
        match url {
            Some(url) => (Some(url.clone().into()), variable),
            None => (None, format!("--upstream {short}")),
        }
    }

    /// Refuses upstreams that nothing exposed needs.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names them.
    pub(crate) fn validate(&self, services: &[chassis::contract::Service]) -> Result<(), Fatal> {
        let known = |name: &str| {
            services
                .iter()
                .any(|it| it.name == name || short_name(it.name) == name)
        };
        if let Some(address) = self.upstream.iter().find(|it| !known(&it.name)) {
            let names: Vec<_> = services.iter().map(|it| short_name(it.name)).collect();
            return Err(Fatal::usage(format!(
                "--upstream {}: no service that is exposed is called so; there are {}: correct \
                 the name, or name the service in proto/offered.conf",
                chassis::printable::printable(&address.name),
                names.join(", ")
            )));
        }
        if let Some(dir) = &self.static_dir
            && !dir.join("index.html").is_file()
        {
            return Err(Fatal::usage(format!(
                "--static-dir {}: it has no index.html; name the folder of the built page",
                dir.display()
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_have_short_names() {
        assert_eq!(short_name("acme.order.v1.OrderService"), "order");
        assert_eq!(short_name("acme.order.v1beta1.OrderService"), "order");
        assert_eq!(short_name("shop.Cart"), "shop");
        assert_eq!(short_name("Cart"), "Cart");
    }

    #[test]
    fn origins_have_no_path() {
        for right in ["*", "https://shop.example", "http://localhost:8080"] {
            assert!(origin(right).is_ok(), "{right}");
        }
        for wrong in [
            "shop.example",
            "https://shop.example/",
            "https://a/b",
            "ftp://a",
            "",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_policy_says_something() {
        for right in [POLICY, "default-src 'none'", "sandbox-x; default-src *;"] {
            assert!(policy(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            " ; ",
            "'self'",
            "default-src 'self'\nx: y",
            "Default-Src a",
        ] {
            assert!(policy(wrong).is_err(), "{wrong}");
        }
    }

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        gateway: GatewaySettings,
    }

    #[test]
    fn an_upstream_is_set_by_its_service_its_name_or_a_variable() {
        use clap::Parser as _;
        const SERVICE: &str = "acme.order.v1.OrderService";
        let both = format!("--upstream=order=http://a:1,{SERVICE}=http://b:1");
        let set = |words: &[&str]| Cli::try_parse_from(words).unwrap().gateway;
        let environment = [("ORDER_ENDPOINT".to_owned(), "http://c:1".to_owned())].into();
        let url = |settings: &GatewaySettings| {
            let (url, setting) = settings.address(SERVICE, &environment);
            (url.unwrap().expose().to_owned(), setting)
        };
        assert_eq!(url(&set(&["x", &both])).0, "http://b:1");
        assert_eq!(
            url(&set(&["x", "--upstream=order=http://a:1"])).0,
            "http://a:1"
        );
        let (by_variable, setting) = url(&set(&["x"]));
        assert_eq!(
            (by_variable.as_str(), setting.as_str()),
            ("http://c:1", "ORDER_ENDPOINT")
        );
        let (none, setting) = set(&["x"]).address(SERVICE, &HashMap::new());
        assert!(none.is_none());
        assert_eq!(setting, "--upstream order");
    }
}

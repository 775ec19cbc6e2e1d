//! Where the database is, with its password kept out of everything printed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::Trust;
use crate::error::Invalid;
use crate::metrics::Database;

/// What a connection may take to come about, if the URL says nothing.
const CONNECT: Duration = Duration::from_secs(5);
/// What the conventions leave out.
const USUAL_PORT: u16 = 5432;
/// Until a peer that does not acknowledge counts as gone, if the URL says nothing.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE`, as libpq has it.
/// Of `sslmode` it has `disable`, `prefer` (the default), `require` and
/// `verify-full`; with `sslrootcert` the host is always verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    config: Arc<Config>,
    trust: Trust,
    shown: String,
}

impl Url {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// As telemetry names it: the database that connections begin with, and the
    /// host, if there is but one.
    pub(crate) fn database(&self) -> Database {
        let address = match self.config.get_hosts() {
            [Host::Tcp(host)] => Some(host.clone()),
            [Host::Unix(path)] => Some(path.display().to_string()),
            _ => None,
        };
        let port = self.config.get_ports().first().copied();
        Database {
            system: "postgresql",
            namespace: (self.config.get_dbname().or(self.config.get_user())).map(str::to_owned),
            port: port.filter(|port| address.is_some() && *port != USUAL_PORT),
            address,
            collection: None,
        }
    }

    /// Connects as `application`, unless the URL names another.
    pub(super) fn named(&self, application: &str) -> Self {
        let mut url = self.clone();
        if url.config.get_application_name().is_none() {
            Arc::make_mut(&mut url.config).application_name(application);
        }
        url
    }

    /// What making a connection may take.
    pub(super) fn patience(&self) -> Duration {
        let told = self.config.get_connect_timeout();
        told.copied().unwrap_or(CONNECT)
    }
}

impl FromStr for Url {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // The parser also takes pairs, and of those it repeats names.
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(Invalid::new("must be postgres://USER@HOST/DATABASE"));
        }
        let (text, ours) = split(text);
        let (verify, trust) = trust(&ours)?;
        // The parser names the option that is wrong and never its value.
        let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
            let why = error.into_source();
            let why = why.map_or_else(|| "is no URL".to_owned(), |why| why.to_string());
            Invalid(format!("must be postgres://USER@HOST/DATABASE: {why}"))
        })?;
        if config.get_hosts().is_empty() {
            return Err(Invalid::new(
                "must name a host: postgres://USER@HOST/DATABASE",
            ));
        }
        let shown = shown(&text);
        // A second one ends the password only in the eyes of whoever wrote it.
        if shown.matches('@').count() > 1 {
            return Err(Invalid::new(
                "must have each @ of its user and password as %40: the first one ends them",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        // Of several, the one that can be written to.
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if verify {
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self {
            config: Arc::new(config),
            trust,
            shown,
        })
    }
}

/// Takes the options out that the parser does not know: those of [`trust`].
fn split(text: &str) -> (String, Vec<(&str, &str)>) {
    // A question mark before the host is part of the password.
    let host = text.find('@').unwrap_or_default();
    let Some(mark) = text[host..].find('?') else {
        return (text.to_owned(), Vec::new());
    };
    let (start, options) = (&text[..host + mark], &text[host + mark + 1..]);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for option in options.split('&') {
        match option.split_once('=') {
            Some(("sslrootcert", path)) => ours.push(("sslrootcert", path)),
            Some(("sslmode", "verify-full")) => ours.push(("sslmode", "verify-full")),
            _ => theirs.push(option),
        }
    }
    (format!("{start}?{}", theirs.join("&")), ours)
}

/// Whom to believe, and whether that needs TLS in any case.
fn trust(options: &[(&str, &str)]) -> Result<(bool, Trust), Invalid> {
    let roots = options.iter().find(|(name, _)| *name == "sslrootcert");
    match roots {
        None if options.is_empty() => Ok((false, Trust::Anyone)),
        None => Err(Invalid::new(
            "has sslmode=verify-full and needs sslrootcert=PATH, the certificates to believe",
        )),
        Some((_, path)) => {
            let trust = Trust::Roots(path.into());
            trust
                .connector()
                .map_err(|why| Invalid(format!("has {why}")))?;
            Ok((true, trust))
        }
    }
}

/// Without the password and the options. Credentials end where the parser ends
/// them: at the first `@`.
fn shown(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("postgres", text));
    let (name, place) = match rest.split_once('@') {
        Some((who, place)) => (who.split(':').next().unwrap_or_default(), place),
        None => ("", rest),
    };
    let at = if name.is_empty() { "" } else { "@" };
    let place = place.split('?').next().unwrap_or_default();
    format!("{scheme}://{name}{at}{place}")
}

/// Without the password.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://me:hunter2:@db-1:6432,db-2/shop?connect_timeout=3";

    #[test]
    fn the_password_is_not_shown() {
        let url: Url = URL.parse().unwrap();
        assert_eq!(url.to_string(), "postgres://me@db-1:6432,db-2/shop");
        assert_eq!(url.patience(), Duration::from_secs(3));
        assert!(!format!("{url:?} {:?}", url.config()).contains("hunter2"));
        for (text, shown) in [
            (
                "postgres://me:hunt/er?2@db/shop?a=b",
                "postgres://me@db/shop",
            ),
            ("postgresql://db/shop", "postgresql://db/shop"),
            ("postgres://:hunter2@db/shop", "postgres://db/shop"),
        ] {
            assert_eq!(super::shown(text), shown);
        }
    }

    #[test]
    fn telemetry_names_database_and_host() {
        for (text, namespace, address, port) in [
            ("postgres://me:hunter2@db/shop", "shop", Some("db"), None),
            ("postgres://me@db:5432/shop", "shop", Some("db"), None),
            ("postgres://me@db:6432/shop", "shop", Some("db"), Some(6432)),
            ("postgres://me@db", "me", Some("db"), None),
            // Which of them it is, only the connection knows.
            ("postgres://me@db-1:6432,db-2:6432/shop", "shop", None, None),
        ] {
            let database = text.parse::<Url>().unwrap().database();
            assert_eq!(database.system, "postgresql");
            assert_eq!(database.namespace.as_deref(), Some(namespace), "{text}");
            assert_eq!(database.address.as_deref(), address, "{text}");
            assert_eq!(database.port, port, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (text, word) in [
            (
                "postgres://me:hunter2@db/shop?connect_timeout=hunter2",
                "connect_timeout",
            ),
            ("postgres://me:hunter2@db/shop?nonsense=hunter2", "nonsense"),
            ("postgres://me:hunter2@db:hunter2/shop", "port"),
            ("postgres:///shop?password=hunter2", "host"),
            ("postgres:me:hunter2=x@db/shop", "postgres://"),
            ("postgres://me:x@hunter2@db/shop", "%40"),
            (
                "postgres://me:x?sslrootcert=hunter2@db/shop?nonsense=x",
                "nonsense",
            ),
            ("postgres://me:hunter2@db/shop?sslmode=verify-ca", "sslmode"),
            (
                "postgres://me:hunter2@db/shop?sslmode=verify-full",
                "sslrootcert",
            ),
            (
                "postgres://me:hunter2@db/shop?sslrootcert=/none",
                "sslrootcert /none",
            ),
        ] {
            let Invalid(why) = text.parse::<Url>().unwrap_err();
            assert!(why.contains(word), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}

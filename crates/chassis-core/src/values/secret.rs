use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use http::Uri;

/// A URL that may hold a login, as it was given; whoever uses it judges it.
///
/// Printed, by `Display` and `Debug` alike, it is scheme, host and port alone,
/// and `[redacted]` where it is not plain which part those are.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Box<str>);

impl SecretUrl {
    /// All of it. What is made of it must not be printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn place(&self) -> Option<String> {
        let uri: Uri = self.0.parse().ok()?;
        // A login whose slash was not encoded.
        let rest = uri.path_and_query().map_or("", |rest| rest.as_str());
        if rest.contains('@') {
            return None;
        }
        let (scheme, host) = (uri.scheme_str()?, uri.host()?);
        Some(match uri.port_u16() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        })
    }
}

impl From<String> for SecretUrl {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl FromStr for SecretUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.place().as_deref().unwrap_or("[redacted]"))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_is_printed() {
        for (text, shown) in [
            ("http://things:50051", "http://things:50051"),
            (
                "https://me:hunter2@things:443/hunter2",
                "https://things:443",
            ),
            ("http://hunter2@[::1]:1?hunter2", "http://[::1]:1"),
            ("http://me:hunt/er2@things:443", "[redacted]"),
            ("http://me:12/hunter2@things:443", "[redacted]"),
            ("http://me:12?hunter2@things:443", "[redacted]"),
            ("hunter2", "[redacted]"),
            ("", "[redacted]"),
        ] {
            let Ok(url) = text.parse::<SecretUrl>();
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(format!("{url:?}"), shown, "{text}");
            assert_eq!(url.expose(), text);
        }
    }
}

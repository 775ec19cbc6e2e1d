//! Who calls, by the word of the mesh's proxy.

use http::{HeaderMap, HeaderName};

use crate::mesh::Provider;

static FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-client-cert");
static LINKERD: HeaderName = HeaderName::from_static("l5d-client-id");

/// Which proxy's word on the caller's identity counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum IdentitySource {
    /// None: identity headers are anyone's invention.
    #[default]
    None,
    /// Istio and Envoy: `x-forwarded-client-cert`, last element.
    ForwardedClientCert,
    /// Linkerd: `l5d-client-id`.
    LinkerdClientId,
}

impl From<Provider> for IdentitySource {
    fn from(mesh: Provider) -> Self {
        match mesh {
            Provider::None => Self::None,
            Provider::Istio | Provider::IstioAmbient => Self::ForwardedClientCert,
            Provider::Linkerd => Self::LinkerdClientId,
        }
    }
}

impl IdentitySource {
    /// Whether the proxy vouches for a caller at all.
    pub(super) fn vouches(self, headers: &HeaderMap) -> bool {
        match self {
            Self::None => false,
            Self::ForwardedClientCert => headers.contains_key(&FORWARDED),
            Self::LinkerdClientId => headers.contains_key(&LINKERD),
        }
    }

    /// The caller's name: a SPIFFE id, or a Linkerd identity.
    pub(super) fn caller(self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::None => None,
            Self::ForwardedClientCert => {
                let last = headers.get_all(&FORWARDED).iter().next_back()?;
                uri(last.to_str().ok()?)
            }
            Self::LinkerdClientId => Some(headers.get(&LINKERD)?.to_str().ok()?.to_owned()),
        }
    }
}

/// `URI` of the last element. Values may be quoted and then hold separators.
fn uri(header: &str) -> Option<String> {
    let mut found = None;
    let mut pair = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for character in header.chars().chain([';']) {
        match character {
            _ if escaped => {
                pair.push(character);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' | ',' if !quoted => {
                if let Some((key, value)) = pair.split_once('=')
                    && key.trim().eq_ignore_ascii_case("uri")
                    && !value.is_empty()
                {
                    found = Some(value.to_owned());
                }
                pair.clear();
                if character == ',' {
                    found = None;
                }
            }
            _ => pair.push(character),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_element_counts() {
        for (header, expected) in [
            (
                "By=spiffe://x/b;Hash=1;URI=spiffe://x/a",
                Some("spiffe://x/a"),
            ),
            (
                "URI=spiffe://x/forged,URI=spiffe://x/a",
                Some("spiffe://x/a"),
            ),
            ("URI=spiffe://x/forged,Hash=1", None),
            (
                r#"Subject="CN=a,O=\"b;URI=spiffe://forged\"";URI=spiffe://x/a"#,
                Some("spiffe://x/a"),
            ),
            (r#"Subject="URI=forged""#, None),
            ("", None),
            ("URI=", None),
        ] {
            assert_eq!(uri(header).as_deref(), expected, "{header}");
        }
    }
}

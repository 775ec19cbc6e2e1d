use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use super::account::{ServiceAccount, is_spiffe, is_uri};
use super::{Provider, forwarded};

const LINKERD: &str = "l5d-client-id";

/// Who calls, by the word of the mesh's proxy or by a certificate; in the
/// extensions of a request whose caller is known.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Caller(Arc<str>);

impl Caller {
    /// The caller that `provider`'s proxy vouches for in `headers`.
    ///
    /// Without a mesh the headers are anyone's invention. So they are in
    /// ambient mode: its node proxy passes on what the caller wrote.
    #[must_use]
    pub fn of(provider: Provider, headers: &HeaderMap) -> Option<Self> {
        match provider {
            Provider::None | Provider::IstioAmbient => None,
            Provider::Istio => Self::named(&forwarded::uri(headers)?),
            Provider::Linkerd => {
                // Linkerd's proxy removes what a caller wrote, so there is one.
                let mut values = headers.get_all(LINKERD).iter();
                let (Some(one), None) = (values.next(), values.next()) else {
                    return None;
                };
                Self::named(one.to_str().ok()?.trim())
            }
        }
    }

    /// The caller whose name, which somebody vouches for, is `id`. One that is
    /// meant as a URI names somebody only if it is a SPIFFE id, to the letter.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        let names = if is_uri(id) {
            is_spiffe(id)
        } else {
            !id.is_empty()
        };
        names.then(|| Self(id.into()))
    }

    /// A SPIFFE id, a name as Linkerd gives it, or one in DNS.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The account the caller runs under, if its id tells.
    #[must_use]
    pub fn service_account(&self) -> Option<ServiceAccount<'_>> {
        ServiceAccount::of(&self.0)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.id()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, http::HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn only_the_declared_mesh_is_believed() {
        let both = headers(&[
            (
                "x-forwarded-client-cert",
                "By=spiffe://x/b;URI=spiffe://x/ns/shop/sa/web",
            ),
            (
                LINKERD,
                "web.shop.serviceaccount.identity.linkerd.cluster.local",
            ),
        ]);
        assert_eq!(Caller::of(Provider::None, &both), None);
        assert_eq!(Caller::of(Provider::IstioAmbient, &both), None);
        for provider in [Provider::Istio, Provider::Linkerd] {
            let caller = Caller::of(provider, &both).unwrap();
            let account = caller.service_account().unwrap();
            assert_eq!((account.namespace, account.name), ("shop", "web"));
        }
        for provider in [Provider::Istio, Provider::Linkerd] {
            assert_eq!(Caller::of(provider, &HeaderMap::new()), None);
        }
    }

    #[test]
    fn a_name_that_is_said_twice_or_malformed_is_nobodys() {
        const WEB: &str = "web.shop.serviceaccount.identity.linkerd.cluster.local";
        let twice: HeaderMap = [WEB, "spiffe://x/ns/shop/sa/web"]
            .map(|value| {
                let name = http::HeaderName::from_static(LINKERD);
                (name, http::HeaderValue::from_static(value))
            })
            .into_iter()
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        assert_eq!(Caller::of(Provider::Linkerd, &twice), None);
        for id in [
            "",
            "SPIFFE://x/ns/shop/sa/web",
            "spiffe://x/%6es/a",
            "https://x",
        ] {
            assert_eq!(Caller::named(id), None, "{id}");
        }
    }
}

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use super::{Provider, forwarded};

const LINKERD: &str = "l5d-client-id";

/// Who calls, by the word of the mesh's proxy or by a certificate; in the
/// extensions of a request whose caller is known.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Caller(Arc<str>);

/// A Kubernetes service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceAccount<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl Caller {
    /// The caller that `provider`'s proxy vouches for in `headers`.
    ///
    /// Without a mesh the headers are anyone's invention. So they are in
    /// ambient mode: its node proxy passes on what the caller wrote.
    #[must_use]
    pub fn of(provider: Provider, headers: &HeaderMap) -> Option<Self> {
        let id = match provider {
            Provider::None | Provider::IstioAmbient => return None,
            Provider::Istio => forwarded::uri(headers)?,
            // Linkerd's proxy removes what a caller wrote, so there is one.
            Provider::Linkerd => headers.get(LINKERD)?.to_str().ok()?.trim().into(),
        };
        (!id.is_empty()).then_some(Self(id))
    }

    /// The caller whose certificate, which an authority vouches for, bears `id`.
    #[cfg(feature = "tls")]
    pub(crate) fn certified(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self(id.into()))
    }

    /// A SPIFFE id, a name as Linkerd gives it, or one in DNS.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The account the caller runs under, if its id tells.
    #[must_use]
    pub fn service_account(&self) -> Option<ServiceAccount<'_>> {
        spiffe(&self.0)
            .or_else(|| linkerd(&self.0))
            .or_else(|| service(&self.0))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.id()).finish()
    }
}

/// `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME`
fn spiffe(id: &str) -> Option<ServiceAccount<'_>> {
    let path = id.strip_prefix("spiffe://")?;
    let mut parts = path.split('/').skip(1);
    match [(); 5].map(|()| parts.next()) {
        [Some("ns"), Some(namespace), Some("sa"), Some(name), None] => account(namespace, name),
        _ => None,
    }
}

/// `NAME.NAMESPACE.serviceaccount.identity.LINKERD-NAMESPACE.TRUST-DOMAIN`
fn linkerd(id: &str) -> Option<ServiceAccount<'_>> {
    let mut parts = id.split('.');
    match [(); 4].map(|()| parts.next()) {
        [
            Some(name),
            Some(namespace),
            Some("serviceaccount"),
            Some("identity"),
        ] => account(namespace, name),
        _ => None,
    }
}

/// `NAME.NAMESPACE.svc`, which cert-manager writes for a Service; it counts as
/// the account of that name.
fn service(id: &str) -> Option<ServiceAccount<'_>> {
    if id.contains('/') {
        return None;
    }
    let mut parts = id.split('.');
    match [(); 3].map(|()| parts.next()) {
        [Some(name), Some(namespace), Some("svc")] => account(namespace, name),
        _ => None,
    }
}

fn account<'a>(namespace: &'a str, name: &'a str) -> Option<ServiceAccount<'a>> {
    (!namespace.is_empty() && !name.is_empty()).then_some(ServiceAccount { namespace, name })
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
    fn ids_of_another_form_have_no_account() {
        for id in [
            "spiffe://x/ns/shop/sa/web/more",
            "spiffe://x/ns//sa/web",
            "spiffe://x/web",
            "web.shop.serviceaccount",
            ".shop.serviceaccount.identity.l.x",
            "web",
        ] {
            assert_eq!(Caller(id.into()).service_account(), None, "{id}");
        }
    }
}

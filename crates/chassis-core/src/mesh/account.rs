//! Which service account a name is of, in each form that names take. A name
//! counts as a whole: what is not exactly of a form has no account.

use super::domain::is_domain;

/// The longest SPIFFE id.
const LONGEST: usize = 2048;

/// A Kubernetes service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceAccount<'a> {
    /// Where namespaces and names are unique. `None` where the name says none:
    /// it is of this cluster's then.
    pub trust_domain: Option<&'a str>,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl<'a> ServiceAccount<'a> {
    pub(super) fn of(id: &'a str) -> Option<Self> {
        if is_uri(id) {
            return spiffe(id);
        }
        linkerd(id).or_else(|| service(id))
    }

    fn new(trust_domain: Option<&'a str>, namespace: &'a str, name: &'a str) -> Option<Self> {
        let is_whole = trust_domain.is_none_or(is_domain) && is_label(namespace) && is_name(name);
        is_whole.then_some(Self {
            trust_domain,
            namespace,
            name,
        })
    }
}

/// Whether it is meant as a URI, rather than a name in DNS.
pub(super) fn is_uri(id: &str) -> bool {
    id.contains([':', '/'])
}

/// Whether `id` is a SPIFFE id, to the letter: in lower case, with no part of it
/// encoded, empty or relative, and nothing after its path.
pub(super) fn is_spiffe(id: &str) -> bool {
    let Some((domain, path)) = (id.strip_prefix("spiffe://")).map(|rest| {
        let end = rest.find('/').unwrap_or(rest.len());
        rest.split_at(end)
    }) else {
        return false;
    };
    let is_segment = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
    };
    let is_path = path.is_empty() || path.split('/').skip(1).all(is_segment);
    id.len() <= LONGEST && is_domain(domain) && is_path
}

/// `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME`
fn spiffe(id: &str) -> Option<ServiceAccount<'_>> {
    if !is_spiffe(id) {
        return None;
    }
    let mut parts = id.strip_prefix("spiffe://")?.split('/');
    match [(); 6].map(|()| parts.next()) {
        [
            Some(domain),
            Some("ns"),
            Some(namespace),
            Some("sa"),
            Some(name),
            None,
        ] => ServiceAccount::new(Some(domain), namespace, name),
        _ => None,
    }
}

/// `NAME.NAMESPACE.serviceaccount.identity.LINKERD-NAMESPACE.TRUST-DOMAIN`; a
/// name may have dots, a namespace has none.
fn linkerd(id: &str) -> Option<ServiceAccount<'_>> {
    // The last, since a name may look like the rest.
    let (account, issuer) = id.rsplit_once(".serviceaccount.identity.")?;
    let (name, namespace) = account.rsplit_once('.')?;
    let (control_plane, domain) = issuer.split_once('.')?;
    if !is_label(control_plane) {
        return None;
    }
    ServiceAccount::new(Some(domain), namespace, name)
}

/// `NAME.NAMESPACE.svc`, which cert-manager writes for a Service, and
/// `NAME.NAMESPACE.svc.TRUST-DOMAIN`; it counts as the account of that name.
fn service(id: &str) -> Option<ServiceAccount<'_>> {
    let mut parts = id.splitn(4, '.');
    match [(); 4].map(|()| parts.next()) {
        [Some(name), Some(namespace), Some("svc"), domain] => {
            ServiceAccount::new(domain, namespace, name)
        }
        _ => None,
    }
}

/// Kubernetes' name of a namespace (RFC 1123).
fn is_label(text: &str) -> bool {
    is_name(text) && !text.contains('.') && text.len() <= 63
}

/// Kubernetes' name of an account: labels with dots between.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parts(id: &str) -> (Option<&str>, &str, &str) {
        let account = ServiceAccount::of(id).expect(id);
        (account.trust_domain, account.namespace, account.name)
    }

    #[test]
    fn every_form_tells_trust_domain_namespace_and_name() {
        let of = |domain| (Some(domain), "shop", "web");
        for (id, expected) in [
            ("spiffe://example.org/ns/shop/sa/web", of("example.org")),
            (
                "web.shop.serviceaccount.identity.linkerd.cluster.local",
                of("cluster.local"),
            ),
            (
                "web.shop.serviceaccount.identity.l5d-system.example.org",
                of("example.org"),
            ),
            ("web.shop.svc", (None, "shop", "web")),
            ("web.shop.svc.cluster.local", of("cluster.local")),
            (
                "spiffe://x/ns/shop/sa/web.v2",
                (Some("x"), "shop", "web.v2"),
            ),
            (
                "web.v2.shop.serviceaccount.identity.l.x",
                (Some("x"), "shop", "web.v2"),
            ),
            // An account whose name looks like another's identity.
            (
                "web.shop.serviceaccount.identity.linkerd.cluster.evil.serviceaccount.identity.linkerd.cluster.local",
                (
                    Some("cluster.local"),
                    "evil",
                    "web.shop.serviceaccount.identity.linkerd.cluster",
                ),
            ),
        ] {
            assert_eq!(parts(id), expected, "{id}");
        }
    }

    #[test]
    fn what_is_not_exactly_of_a_form_has_no_account() {
        for id in [
            "",
            "web",
            "spiffe://x/web",
            "spiffe://x",
            "spiffe://x/ns/shop/sa/web/more",
            "spiffe://x/ns/shop/sa/web/",
            "spiffe://x//ns/shop/sa/web",
            "spiffe://x/ns//sa/web",
            "spiffe://x/ns/./sa/web",
            "spiffe://x/a/../ns/shop/sa/web",
            "spiffe:///ns/shop/sa/web",
            "spiffe://X/ns/shop/sa/web",
            "SPIFFE://x/ns/shop/sa/web",
            "spiffe://x/NS/shop/sa/web",
            "spiffe://x/ns/shop/sa/Web",
            "spiffe://x/ns/shop/sa/w%65b",
            "spiffe://x/ns/shop/sa/web%2f",
            "spiffe://x/ns/shop/sa/web?a",
            "spiffe://x/ns/shop/sa/web#a",
            "spiffe://x:1/ns/shop/sa/web",
            "spiffe://me@x/ns/shop/sa/web",
            "spiffe:x/ns/shop/sa/web",
            " spiffe://x/ns/shop/sa/web",
            "https://x/ns/shop/sa/web",
            "web.shop.serviceaccount",
            "web.shop.serviceaccount.identity.l",
            "web.shop.serviceaccount.identity.l.",
            "web.shop.serviceaccount.identity..x",
            "web.shop.serviceaccount.identity.l.X",
            "Web.shop.serviceaccount.identity.l.x",
            ".shop.serviceaccount.identity.l.x",
            "shop.serviceaccount.identity.l.x",
            "web.shop.svc.",
            "web.shop.SVC",
            "WEB.shop.svc",
            "web..svc",
            "a.web.shop.svc",
        ] {
            assert_eq!(ServiceAccount::of(id), None, "{id}");
        }
    }
}

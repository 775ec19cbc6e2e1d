//! Which service accounts have the roles that the contract names.

use std::str::FromStr;
use std::sync::Arc;

use chassis_core::contract::Method;
use chassis_core::mesh::{Caller, ServiceAccount, TrustDomain};
use chassis_grpc::status;
use tonic::{Code, Status};

/// Which service accounts have which role of the contract's `allowed_callers`.
///
/// Written as `role=namespace/account,namespace/*;role=…`. Accounts are of the
/// trust domain of [`Roles::within`]; those of another are written in full:
/// `spiffe://trust-domain/ns/namespace/sa/account`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    all: Arc<[Role]>,
    home: TrustDomain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Role {
    name: String,
    members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// `None`: the one of this service.
    trust_domain: Option<String>,
    namespace: String,
    /// `None`: every account of the namespace.
    account: Option<String>,
}

impl Roles {
    /// The same roles in a service of that trust domain; `cluster.local` if it
    /// is not told.
    #[must_use]
    pub fn within(self, home: TrustDomain) -> Self {
        Self { home, ..self }
    }

    /// Whether `caller` may call `method`; one without a contract is for every
    /// known caller.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for an unknown caller, `PERMISSION_DENIED` for one
    /// that has none of the roles asked for.
    pub fn check(&self, caller: Option<&Caller>, method: Option<&Method>) -> Result<(), Status> {
        let Some(caller) = caller else {
            return Err(status::error(
                Code::Unauthenticated,
                status::DOMAIN,
                "UNKNOWN_CALLER",
                "nobody that this server believes says who calls",
            ));
        };
        let allowed = method.map_or(&[][..], |method| method.allowed_callers);
        if allowed.is_empty() || self.has_any(caller, allowed) {
            return Ok(());
        }
        Err(status::error(
            Code::PermissionDenied,
            status::DOMAIN,
            "CALLER_NOT_ALLOWED",
            "this caller has none of the roles the method asks for",
        ))
    }

    /// Whether `caller` has the role of that `name`.
    #[must_use]
    pub fn has(&self, caller: &Caller, name: &str) -> bool {
        self.has_any(caller, &[name])
    }

    /// The roles that `methods` ask for and nobody has.
    pub fn missing(
        &self,
        methods: impl Iterator<Item = &'static Method>,
    ) -> impl Iterator<Item = &'static str> {
        methods
            .flat_map(|method| method.allowed_callers)
            .copied()
            .filter(|name| !self.all.iter().any(|role| role.name == *name))
    }

    fn has_any(&self, caller: &Caller, names: &[&str]) -> bool {
        caller.service_account().is_some_and(|account| {
            self.all
                .iter()
                .filter(|role| names.contains(&role.name.as_str()))
                .flat_map(|role| &role.members)
                .any(|member| member.is(account, self.home.as_str()))
        })
    }
}

impl Member {
    fn is(&self, account: ServiceAccount<'_>, home: &str) -> bool {
        let domain = self.trust_domain.as_deref().unwrap_or(home);
        account.trust_domain.unwrap_or(home) == domain
            && self.namespace == account.namespace
            && self
                .account
                .as_ref()
                .is_none_or(|name| name == account.name)
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let roles = text
            .split(';')
            .map(str::trim)
            .filter(|role| !role.is_empty())
            .map(role)
            .collect::<Result<Vec<_>, _>>()?;
        if roles.is_empty() {
            return Err("no role: write role=namespace/account,namespace/*;role=…".to_owned());
        }
        Ok(Self {
            all: roles.into(),
            home: TrustDomain::default(),
        })
    }
}

fn role(text: &str) -> Result<Role, String> {
    let (name, members) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is no role: write role=namespace/account"))?;
    let members = members
        .split(',')
        .map(member)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Role {
        name: named(name)?.to_owned(),
        members,
    })
}

fn member(text: &str) -> Result<Member, String> {
    const FORMS: &str = "write namespace/account, namespace/* or \
                         spiffe://trust-domain/ns/namespace/sa/account";
    let text = text.trim();
    let wrong = || format!("`{text}` is no account: {FORMS}");
    let (trust_domain, namespace, account) = match text.strip_prefix("spiffe://") {
        None => {
            let (namespace, account) = text.split_once('/').ok_or_else(wrong)?;
            (None, namespace, account)
        }
        Some(rest) => {
            let parts: Vec<&str> = rest.split('/').collect();
            let [domain, "ns", namespace, "sa", account] = parts[..] else {
                return Err(wrong());
            };
            if !is_trust_domain(domain) {
                return Err(wrong());
            }
            (Some(domain.to_owned()), namespace, account)
        }
    };
    let account = match account.trim() {
        "*" => None,
        name => Some(named(name)?.to_owned()),
    };
    Ok(Member {
        trust_domain,
        namespace: named(namespace)?.to_owned(),
        account,
    })
}

fn is_trust_domain(text: &str) -> bool {
    text.parse::<TrustDomain>().is_ok()
}

/// Kubernetes' names, and the contract's.
fn named(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if text.is_empty() || !text.bytes().all(allowed) {
        return Err(format!(
            "`{text}` is no name: letters, digits, `-`, `.` and `_`"
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use chassis_core::contract::Idempotency;
    use chassis_core::mesh::Provider;
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn caller(id: &'static str) -> Caller {
        let mut headers = HeaderMap::new();
        headers.insert("l5d-client-id", HeaderValue::from_static(id));
        Caller::of(Provider::Linkerd, &headers).unwrap()
    }

    fn method(allowed_callers: &'static [&'static str]) -> Method {
        Method {
            path: "/demo.v1.Things/Get",
            idempotency: Idempotency::Unsafe,
            server_streaming: false,
            client_streaming: false,
            timeout: None,
            per_attempt_timeout: None,
            retry: None,
            allowed_callers,
            request: None,
        }
    }

    #[test]
    fn roles_are_checked_by_account() {
        let roles: Roles = "writer=shop/web, batch/*; reader=audit/bot"
            .parse()
            .unwrap();
        let code = |id, allowed| {
            let caller = (!str::is_empty(id)).then(|| caller(id));
            roles
                .check(caller.as_ref(), Some(&method(allowed)))
                .map_err(|status| status.code())
        };
        let web = "spiffe://cluster.local/ns/shop/sa/web";
        assert_eq!(code(web, &["writer"]), Ok(()));
        assert_eq!(code(web, &["reader"]), Err(Code::PermissionDenied));
        assert_eq!(code(web, &["reader", "writer"]), Ok(()));
        assert_eq!(code(web, &[]), Ok(()));
        assert_eq!(code(web, &["nobody"]), Err(Code::PermissionDenied));
        assert_eq!(
            code("spiffe://cluster.local/ns/batch/sa/any", &["writer"]),
            Ok(())
        );
        assert_eq!(
            code("spiffe://cluster.local/ns/shop/sa/other", &["writer"]),
            Err(Code::PermissionDenied)
        );
        assert_eq!(code("else", &["writer"]), Err(Code::PermissionDenied));
        assert_eq!(code("", &[]), Err(Code::Unauthenticated));
        assert_eq!(code("", &["writer"]), Err(Code::Unauthenticated));
    }

    #[test]
    fn an_account_of_another_trust_domain_is_another() {
        let roles: Roles = "writer=shop/web,spiffe://partner.test/ns/shop/sa/*"
            .parse()
            .unwrap();
        let home = roles.clone().within("example.org".parse().unwrap());
        for (roles, id, expected) in [
            (&roles, "spiffe://cluster.local/ns/shop/sa/web", true),
            (&roles, "spiffe://example.org/ns/shop/sa/web", false),
            (&roles, "spiffe://evil.test/ns/shop/sa/web", false),
            (&roles, "spiffe://partner.test/ns/shop/sa/bot", true),
            (&home, "spiffe://example.org/ns/shop/sa/web", true),
            (&home, "spiffe://cluster.local/ns/shop/sa/web", false),
            (
                &roles,
                "web.shop.serviceaccount.identity.linkerd.cluster.local",
                true,
            ),
            (
                &roles,
                "web.shop.serviceaccount.identity.linkerd.evil.test",
                false,
            ),
            (
                &roles,
                "web.shop.serviceaccount.identity.linkerd.evil.cluster.local",
                false,
            ),
            (&roles, "web.shop.svc", true),
            (&home, "web.shop.svc", true),
            (&roles, "web.shop.svc.cluster.local", true),
            (&home, "web.shop.svc.cluster.local", false),
            (&roles, "web.shop.svc.evil.test", false),
        ] {
            let allowed = roles.check(Some(&caller(id)), Some(&method(&["writer"])));
            assert_eq!(allowed.is_ok(), expected, "{id}");
        }
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for wrong in [
            "",
            ";",
            "writer",
            "writer=",
            "writer=web",
            "=a/b",
            "w=a/",
            "w=/b",
            "w=a/b,",
            "w=*/b",
            "w=a/b c",
            "w=spiffe://x/ns/a",
            "w=spiffe://x/ns/a/sa/b/c",
            "w=spiffe://X/ns/a/sa/b",
            "w=spiffe://*/ns/a/sa/b",
            "w=https://x/ns/a/sa/b",
        ] {
            assert!(wrong.parse::<Roles>().is_err(), "{wrong}");
        }
    }
}

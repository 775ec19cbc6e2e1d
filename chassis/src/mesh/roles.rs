use std::str::FromStr;
use std::sync::Arc;

use tonic::{Code, Status};

use super::{Caller, ServiceAccount};
use crate::contract::Method;
use crate::status;

/// Which service accounts have which role of the contract's `allowed_callers`.
///
/// Written as `role=namespace/account,namespace/*;role=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(Arc<[Role]>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Role {
    name: String,
    members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    namespace: String,
    /// `None`: every account of the namespace.
    account: Option<String>,
}

impl Roles {
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
    pub(crate) fn missing(
        &self,
        methods: impl Iterator<Item = &'static Method>,
    ) -> impl Iterator<Item = &'static str> {
        methods
            .flat_map(|method| method.allowed_callers)
            .copied()
            .filter(|name| !self.0.iter().any(|role| role.name == *name))
    }

    fn has_any(&self, caller: &Caller, names: &[&str]) -> bool {
        caller.service_account().is_some_and(|account| {
            self.0
                .iter()
                .filter(|role| names.contains(&role.name.as_str()))
                .any(|role| role.members.iter().any(|member| member.is(account)))
        })
    }
}

impl Member {
    fn is(&self, account: ServiceAccount<'_>) -> bool {
        self.namespace == account.namespace
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
        Ok(Self(roles.into()))
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
    let (namespace, account) = text
        .split_once('/')
        .ok_or_else(|| format!("`{text}` is no account: write namespace/account or namespace/*"))?;
    let account = match account.trim() {
        "*" => None,
        name => Some(named(name)?.to_owned()),
    };
    Ok(Member {
        namespace: named(namespace)?.to_owned(),
        account,
    })
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
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::contract::Idempotency;
    use crate::mesh::Provider;

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
        let web = "spiffe://x/ns/shop/sa/web";
        assert_eq!(code(web, &["writer"]), Ok(()));
        assert_eq!(code(web, &["reader"]), Err(Code::PermissionDenied));
        assert_eq!(code(web, &["reader", "writer"]), Ok(()));
        assert_eq!(code(web, &[]), Ok(()));
        assert_eq!(code(web, &["nobody"]), Err(Code::PermissionDenied));
        assert_eq!(code("spiffe://x/ns/batch/sa/any", &["writer"]), Ok(()));
        assert_eq!(
            code("spiffe://x/ns/shop/sa/other", &["writer"]),
            Err(Code::PermissionDenied)
        );
        assert_eq!(code("else", &["writer"]), Err(Code::PermissionDenied));
        assert_eq!(code("", &[]), Err(Code::Unauthenticated));
        assert_eq!(code("", &["writer"]), Err(Code::Unauthenticated));
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
        ] {
            assert!(wrong.parse::<Roles>().is_err(), "{wrong}");
        }
    }
}

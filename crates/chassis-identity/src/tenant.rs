//! On whose behalf a call is, where one deployment serves many who must not learn of
//! each other: its tenant.
//!
//! Who says so is a setting: a claim of the caller's token, or the namespace of its
//! account. A call whose tenant nobody says is refused before a handler sees it; of all
//! others the [`Tenant`] is in the extensions of the request. Health and reflection are
//! nobody's.

mod settings;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chassis_core::mesh::{Caller, TrustDomain};
use chassis_grpc::status;
use http::Extensions;
use tonic::{Code, Status};

use crate::jwt::Claims;
#[cfg(feature = "rates")]
use crate::rate::{RateLimit, Refusal};

pub use settings::TenantSettings;

/// What a tenant is told that has no call left.
#[cfg(feature = "rates")]
const TOO_OFTEN: Refusal = Refusal {
    reason: "TENANT_RATE_LIMITED",
    message: "this tenant calls too often; wait as long as RetryInfo says",
};

/// Whom a call is for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Most bytes of a name.
    pub const MAX_LEN: usize = 128;

    /// One of that name: letters, digits, `-`, `.`, `_`, `:`.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(allowed) {
            return Err("must be 1 to 128 letters, digits, `-`, `.`, `_` and `:`");
        }
        Ok(Self(name.into()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenant").field(&self.as_str()).finish()
    }
}

/// Who says whom a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantBy {
    /// That claim of its token, a text.
    Claim(String),
    /// The namespace of its caller's account, in the server's trust domain.
    Namespace,
}

impl FromStr for TenantBy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            None if text == "namespace" => Ok(Self::Namespace),
            Some(("claim", name)) if !name.is_empty() => Ok(Self::Claim(name.to_owned())),
            _ => Err("write namespace, or claim:NAME with the name of a token's claim"),
        }
    }
}

/// Tells tenants, and how often each may call.
#[derive(Debug, Clone)]
pub struct Tenants {
    by: TenantBy,
    home: TrustDomain,
    #[cfg(feature = "rates")]
    rate: Option<RateLimit>,
}

impl Tenants {
    /// Puts the call's tenant into `extensions`, where its caller or claims are.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if nobody says who calls, `PERMISSION_DENIED` if nobody says
    /// for whom, `RESOURCE_EXHAUSTED` if that one calls too often.
    pub fn admit(&self, extensions: &mut Extensions) -> Result<(), Status> {
        let tenant = match &self.by {
            TenantBy::Claim(name) => claimed(extensions.get(), name)?,
            TenantBy::Namespace => self.living(extensions.get())?,
        };
        #[cfg(feature = "rates")]
        if let Some(rate) = &self.rate {
            rate.check(tenant.as_str())?;
        }
        extensions.insert(tenant);
        Ok(())
    }

    /// The tenant in whose namespace the caller lives. An equal name in another trust
    /// domain is another namespace.
    fn living(&self, caller: Option<&Caller>) -> Result<Tenant, Status> {
        let Some(caller) = caller else {
            return Err(status::error(
                Code::Unauthenticated,
                status::DOMAIN,
                "UNKNOWN_CALLER",
                "nobody that this server believes says who calls",
            ));
        };
        let home = self.home.as_str();
        (caller.service_account())
            .filter(|account| account.trust_domain.unwrap_or(home) == home)
            .and_then(|account| Tenant::parse(account.namespace).ok())
            .ok_or_else(|| unknown("this caller has no service account here whose namespace would say for whom it calls"))
    }
}

fn claimed(claims: Option<&Claims>, name: &str) -> Result<Tenant, Status> {
    let claim = claims.and_then(|claims| claims.get(name)?.as_str());
    let Some(claim) = claim else {
        let why = format!(
            "the token has no claim `{name}` that is a text, which says for whom this call is"
        );
        return Err(unknown(&why));
    };
    Tenant::parse(claim).map_err(|why| unknown(&format!("the token's claim `{name}` {why}")))
}

fn unknown(why: &str) -> Status {
    status::error(
        Code::PermissionDenied,
        status::DOMAIN,
        "TENANT_UNKNOWN",
        why,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenants(by: &str) -> Tenants {
        Tenants {
            by: by.parse().unwrap(),
            home: TrustDomain::default(),
            #[cfg(feature = "rates")]
            rate: None,
        }
    }

    fn told(by: &str, extensions: Extensions) -> Result<String, Code> {
        let mut extensions = extensions;
        let admitted = tenants(by).admit(&mut extensions);
        let tenant = extensions.get::<Tenant>().map(ToString::to_string);
        assert_eq!(admitted.is_ok(), tenant.is_some());
        admitted.map_err(|status| status.code())?;
        Ok(tenant.unwrap_or_default())
    }

    #[test]
    fn a_claim_says_it() {
        let of = |claims: serde_json::Value| {
            let mut extensions = Extensions::new();
            extensions.insert(Claims::new(claims.as_object().cloned().unwrap()));
            told("claim:org", extensions)
        };
        assert_eq!(of(json!({"org": "shop"})), Ok("shop".to_owned()));
        for wrong in [
            json!({}),
            json!({"org": ""}),
            json!({"org": ["shop"]}),
            json!({"org": 7}),
            json!({"org": "shop other"}),
            json!({"org": "shop/other"}),
            json!({"org": "a".repeat(129)}),
        ] {
            assert_eq!(of(wrong), Err(Code::PermissionDenied));
        }
        let none = told("claim:org", Extensions::new());
        assert_eq!(none, Err(Code::PermissionDenied));
    }

    #[test]
    fn a_namespace_says_it_in_its_trust_domain() {
        let of = |id: &str| {
            let mut extensions = Extensions::new();
            if let Some(caller) = Caller::named(id) {
                extensions.insert(caller);
            }
            told("namespace", extensions)
        };
        let shop = Ok("shop".to_owned());
        assert_eq!(of("spiffe://cluster.local/ns/shop/sa/web"), shop);
        assert_eq!(
            of("web.shop.serviceaccount.identity.linkerd.cluster.local"),
            shop
        );
        assert_eq!(
            of("spiffe://evil.test/ns/shop/sa/web"),
            Err(Code::PermissionDenied)
        );
        assert_eq!(of("somebody"), Err(Code::PermissionDenied));
        assert_eq!(of(""), Err(Code::Unauthenticated));
    }
}

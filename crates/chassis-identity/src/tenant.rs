//! On whose behalf a call is, where one deployment serves many who must not learn of
//! each other: its tenant.
//!
//! Who says so is a setting: a claim of the caller's token, the namespace of its
//! account, or a caller that may speak for tenants. A call whose tenant nobody says is
//! refused before a handler sees it; of all others the [`Tenant`] is in the extensions
//! of the request. Health and reflection are nobody's.

mod settings;

use std::str::FromStr;

use chassis_core::mesh::{Caller, TrustDomain};
use chassis_grpc::status;
use http::{HeaderMap, Request};
use tonic::{Code, Status};

use crate::accounts::Accounts;
use crate::jwt::Claims;
#[cfg(feature = "rates")]
use crate::rate::{RateLimit, Refusal};

pub use chassis_core::tenant::{HEADER, Scoped, Tenant, current, scope, scope_sync};
pub use settings::TenantSettings;

/// What a tenant is told that has no call left.
#[cfg(feature = "rates")]
const TOO_OFTEN: Refusal = Refusal {
    reason: "TENANT_RATE_LIMITED",
    message: "this tenant calls too often; wait as long as RetryInfo says",
};

/// Who says whom a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantBy {
    /// That claim of its token, a text.
    Claim(String),
    /// The namespace of its caller's account, in the server's trust domain.
    Namespace,
    /// Its caller, in [`HEADER`], if it is one that may speak for tenants.
    Header,
}

impl FromStr for TenantBy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            None if text == "namespace" => Ok(Self::Namespace),
            None if text == "header" => Ok(Self::Header),
            Some(("claim", name)) if !name.is_empty() => Ok(Self::Claim(name.to_owned())),
            _ => Err("write namespace, header, or claim:NAME with the name of a token's claim"),
        }
    }
}

/// Tells tenants, and how often each may call.
#[derive(Debug, Clone)]
pub struct Tenants {
    by: TenantBy,
    home: TrustDomain,
    /// Who may speak for tenants.
    callers: Option<Accounts>,
    #[cfg(feature = "rates")]
    rate: Option<RateLimit>,
}

impl Tenants {
    /// Puts the call's tenant into the extensions of `request`, where its caller or
    /// claims are; returns it, too.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if nobody says who calls, `PERMISSION_DENIED` if nobody says
    /// for whom, `RESOURCE_EXHAUSTED` if that one calls too often.
    pub fn admit<B>(&self, request: &mut Request<B>) -> Result<Tenant, Status> {
        let extensions = request.extensions();
        let tenant = match &self.by {
            TenantBy::Claim(name) => claimed(extensions.get(), name)?,
            TenantBy::Namespace => self.living(extensions.get())?,
            TenantBy::Header => self.told(extensions.get(), request.headers())?,
        };
        #[cfg(feature = "rates")]
        if let Some(rate) = &self.rate {
            rate.check(tenant.as_str())?;
        }
        request.extensions_mut().insert(tenant.clone());
        Ok(tenant)
    }

    /// The tenant in whose namespace the caller lives. An equal name in another trust
    /// domain is another namespace.
    fn living(&self, caller: Option<&Caller>) -> Result<Tenant, Status> {
        let caller = caller.ok_or_else(unknown_caller)?;
        let home = self.home.as_str();
        (caller.service_account())
            .filter(|account| account.trust_domain.unwrap_or(home) == home)
            .and_then(|account| Tenant::parse(account.namespace).ok())
            .ok_or_else(|| unknown("this caller has no service account here whose namespace would say for whom it calls"))
    }
}

impl Tenants {
    /// What the caller says, if it may: of anybody else the header is an invention.
    fn told(&self, caller: Option<&Caller>, headers: &HeaderMap) -> Result<Tenant, Status> {
        let caller = caller.ok_or_else(unknown_caller)?;
        if !self.callers.as_ref().is_some_and(|it| it.include(caller)) {
            return Err(unknown(
                "this caller is none of those that may say for whom they call",
            ));
        }
        let mut said = headers.get_all(HEADER).iter();
        let (Some(one), None) = (said.next(), said.next()) else {
            return Err(unknown(
                "the call does not say once, in `x-tenant`, for whom it is",
            ));
        };
        let tenant = one.to_str().map(Tenant::parse);
        tenant
            .unwrap_or(Err("must be text"))
            .map_err(|why| unknown(&format!("`x-tenant` {why}")))
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

fn unknown_caller() -> Status {
    status::error(
        Code::Unauthenticated,
        status::DOMAIN,
        "UNKNOWN_CALLER",
        "nobody that this server believes says who calls",
    )
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
mod tests;

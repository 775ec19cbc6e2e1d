//! From who calls to whose resources are there for them.

use chassis::jwt::{ClaimRules, Claims};
use chassis::mesh::Caller;
use chassis::status;
use chassis::tenant::Tenant;
use tonic::{Code, Request, Status};

use crate::owner::{OwnerName, Requester};
use store::Invalid;

/// Service accounts that see everything.
pub use chassis::mesh::Accounts as Overseers;

/// Who names a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// The mesh's proxy or a certificate. Callers that neither names are one,
    /// and nobody.
    #[default]
    ByCaller,
    /// The subject of its token.
    ByToken,
}

/// Tells requesters. By default they are named by mesh or certificate, and see
/// what is theirs.
#[derive(Debug, Clone, Default)]
pub struct Requesters {
    naming: Naming,
    everybody_sees_all: bool,
    overseers: Option<Overseers>,
    overseer_claims: Option<ClaimRules>,
}

impl Requesters {
    /// Named by `naming`; besides `overseers`, and those whose token says so, all
    /// see everything if `everybody_sees_all`. Where calls have tenants, everything is
    /// that of the tenant.
    #[must_use]
    pub fn new(
        naming: Naming,
        everybody_sees_all: bool,
        overseers: Option<Overseers>,
        overseer_claims: Option<ClaimRules>,
    ) -> Self {
        Self {
            naming,
            everybody_sees_all,
            overseers,
            overseer_claims,
        }
    }

    /// Who sent `request`.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if tokens name callers and this one's does not.
    pub fn of<T>(&self, request: &Request<T>) -> Result<Requester, Status> {
        let extensions = request.extensions();
        let (caller, claims) = (extensions.get::<Caller>(), extensions.get::<Claims>());
        let owner = match self.naming {
            Naming::ByCaller => OwnerName::parse(caller.map_or("", Caller::id)),
            Naming::ByToken => claims
                .and_then(subject)
                .ok_or_else(|| Invalid::new("must be there"))
                .and_then(|subject| OwnerName::parse(&subject)),
        };
        let tenant = extensions.get::<Tenant>().cloned();
        let owner = owner.and_then(|owner| match &tenant {
            None => Ok(owner),
            // Everybody of a tenant sees what is the tenant's: it owns.
            Some(tenant) if self.everybody_sees_all => OwnerName::default().within(tenant),
            Some(tenant) => owner.within(tenant),
        });
        let owner = owner.map_err(|Invalid(why)| unnamed(self.naming, &why))?;
        let oversees = |overseers: &Overseers| caller.is_some_and(|it| overseers.include(it));
        let claims_to = |rules: &ClaimRules| claims.is_some_and(|it| rules.allow(it));
        Ok(Requester {
            owner,
            sees_all: (self.everybody_sees_all && tenant.is_none())
                || self.overseers.as_ref().is_some_and(oversees)
                || self.overseer_claims.as_ref().is_some_and(claims_to),
            tenant,
        })
    }
}

/// Unique with its issuer, whose name no mesh or certificate gives a caller: those
/// hold no space.
fn subject(claims: &Claims) -> Option<String> {
    let subject = claims.subject().filter(|subject| !subject.is_empty())?;
    Some(format!("{} {subject}", claims.issuer()))
}

fn unnamed(naming: Naming, why: &str) -> Status {
    let (reason, what) = match naming {
        Naming::ByCaller => ("UNKNOWN_CALLER", "the caller's name"),
        Naming::ByToken => ("TOKEN_INVALID", "the token's subject (sub)"),
    };
    let message = format!("{what} {why}: it says whose what is created is");
    status::error(Code::Unauthenticated, status::DOMAIN, reason, &message)
}

//! What is whose, and what is there for whoever asks.

use chassis::tenant::Tenant;
use serde::{Deserialize, Serialize};
use store::Invalid;

/// What names of owners begin with where there are tenants. Whom nobody's tenant names
/// is called otherwise: by a URI, a name in DNS, or a token's issuer.
const TENANT: &str = "tenant/";

/// Who placed one, as somebody that is believed names them.
///
/// The default is nobody: what callers place whom nobody names, and what was
/// placed before owners were kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnerName(String);

impl OwnerName {
    /// Most bytes a name may have: as many as a SPIFFE id.
    pub const MAX_LEN: usize = 2_048;

    /// Checks the length. An empty name is nobody's.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        if name.len() > Self::MAX_LEN {
            return Err(Invalid::new("must have at most 2,048 bytes"));
        }
        Ok(Self(name.to_owned()))
    }

    /// That name, as of that tenant; of nobody: the tenant itself. Equal names of two
    /// tenants are two owners.
    pub fn within(self, tenant: &Tenant) -> Result<Self, Invalid> {
        if self.is_nobody() {
            return Self::parse(&format!("{TENANT}{tenant}"));
        }
        Self::parse(&format!("{TENANT}{tenant} {}", self.0))
    }

    /// Whether it is one of that tenant.
    #[must_use]
    pub fn is_of(&self, tenant: &Tenant) -> bool {
        let rest = self.0.strip_prefix(TENANT);
        let rest = rest.and_then(|rest| rest.strip_prefix(tenant.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }

    /// The tenant whose it is, if it is one's.
    #[must_use]
    pub fn tenant(&self) -> Option<Tenant> {
        let rest = self.0.strip_prefix(TENANT)?;
        let name = rest.split_once(' ').map_or(rest, |(name, _)| name);
        Tenant::parse(name).ok()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody is meant.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for OwnerName {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::parse(&name)
    }
}

impl From<OwnerName> for String {
    fn from(owner: OwnerName) -> Self {
        owner.0
    }
}

/// Who asks. The default is a caller whom nobody names, and who sees what
/// nobody owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// Whose what they place is, and under whose name their request ids are.
    pub owner: OwnerName,
    /// Whether all is there for them, and not only what is theirs: all of their
    /// tenant, where there are tenants.
    pub sees_all: bool,
    /// For whom they ask, where there are tenants.
    pub tenant: Option<Tenant>,
}

/// Whose is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// Everybody's.
    All,
    /// Of all owners of one tenant.
    OfTenant(Tenant),
    /// One's alone.
    One(OwnerName),
}

impl Owners {
    /// Whether it is meant, if it is `owner`'s.
    #[must_use]
    pub fn include(&self, owner: &OwnerName) -> bool {
        match self {
            Self::All => true,
            Self::OfTenant(tenant) => owner.is_of(tenant),
            Self::One(one) => one == owner,
        }
    }

    /// What names of a tenant's begin with, as any tenant's do, and the first word of
    /// those of this one.
    pub(crate) fn names(tenant: &Tenant) -> (&'static str, String) {
        (TENANT, format!("{TENANT}{tenant}"))
    }
}

impl Requester {
    /// Whether what is `owner`'s is there for them.
    #[must_use]
    pub fn sees(&self, owner: &OwnerName) -> bool {
        match &self.tenant {
            _ if !self.sees_all => self.owner == *owner,
            Some(tenant) => owner.is_of(tenant),
            None => true,
        }
    }

    /// Whose is there for them.
    #[must_use]
    pub fn owners(&self) -> Owners {
        match &self.tenant {
            _ if !self.sees_all => Owners::One(self.owner.clone()),
            Some(tenant) => Owners::OfTenant(tenant.clone()),
            None => Owners::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that are near to each other, each of which is one tenant's alone.
    #[test]
    fn no_owner_is_of_two_tenants() {
        let tenants = ["a", "ab", "a-b", "a.b", "a:b", "A"].map(|it| Tenant::parse(it).unwrap());
        for tenant in &tenants {
            for name in ["", "web", "a b", "tenant/ab x", "\u{1}"] {
                let owner = OwnerName::parse(name).unwrap().within(tenant).unwrap();
                assert_eq!(owner.tenant().as_ref(), Some(tenant));
                for other in &tenants {
                    let is_its = other == tenant;
                    assert_eq!(owner.is_of(other), is_its, "{owner:?} {other}");
                    let (prefix, word) = Owners::names(other);
                    assert!(owner.as_str().starts_with(prefix), "{owner:?}");
                    let first = owner.as_str().split(' ').next();
                    assert_eq!(first == Some(&word), is_its, "{owner:?} {other}");
                }
            }
        }
        for name in ["", "web", "spiffe://tenant/a", "tenant/", "tenant/a/b x"] {
            assert_eq!(OwnerName::parse(name).unwrap().tenant(), None, "{name}");
        }
        let longest = OwnerName::parse(&"x".repeat(OwnerName::MAX_LEN)).unwrap();
        assert!(longest.within(&tenants[0]).is_err());
    }
}

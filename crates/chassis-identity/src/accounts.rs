//! Service accounts that a setting names.

use std::str::FromStr;

use chassis_core::mesh::{Caller, TrustDomain};

use crate::roles::Roles;

/// Some service accounts, written as `namespace/account,namespace/*`. They are of the
/// trust domain of [`Accounts::within`]; those of another are written in full, as in
/// [`Roles`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts(Roles);

impl Accounts {
    const ROLE: &str = "named";

    /// The same accounts, of that trust domain.
    #[must_use]
    pub fn within(self, home: TrustDomain) -> Self {
        Self(self.0.within(home))
    }

    /// Whether `caller` is one of them.
    #[must_use]
    pub fn include(&self, caller: &Caller) -> bool {
        self.0.has(caller, Self::ROLE)
    }
}

impl FromStr for Accounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains([';', '=']) {
            return Err("no accounts: write namespace/account,namespace/*".to_owned());
        }
        format!("{}={text}", Self::ROLE).parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_not_roles() {
        assert!("shop/support,ops/*".parse::<Accounts>().is_ok());
        for wrong in ["", "support", "shop/support;x=a/b", "operator=shop/support"] {
            assert!(wrong.parse::<Accounts>().is_err(), "{wrong}");
        }
    }
}

use std::num::NonZeroU32;

use chassis_core::exit::Fatal;
use chassis_core::mesh::TrustDomain;

use super::{TenantBy, Tenants};
use crate::accounts::Accounts;

/// Whom calls are for, where one deployment serves many.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Tenants")]
pub struct TenantSettings {
    /// Who says for which tenant a call is: `claim:NAME`, a claim of the token, where
    /// tokens are checked here; `namespace`, that of the caller's account in
    /// --trust-domain, where a mesh's proxy or a certificate tells; or `header`, the
    /// callers of --tenant-callers, in `x-tenant`. Nothing of one
    /// tenant is there for another, and calls without one are refused. Without it
    /// there are no tenants.
    #[arg(long = "tenant", env = "TENANT", value_name = "WHO")]
    pub tenant: Option<TenantBy>,

    /// Service accounts that say in `x-tenant` for whom they call, and are believed:
    /// `namespace/account,namespace/*`, of --trust-domain. Services of this template
    /// write it where they know the tenant. Everybody else is refused.
    #[arg(long, env = "TENANT_CALLERS", value_name = "ACCOUNTS")]
    pub tenant_callers: Option<Accounts>,

    /// Calls a second that each tenant may make of one process; any number if not
    /// set.
    #[arg(long, env = "TENANT_RATE_LIMIT", value_name = "CALLS")]
    pub tenant_rate_limit: Option<NonZeroU32>,

    /// Calls that each tenant may make at once; as many as in a second if not set.
    #[arg(long, env = "TENANT_RATE_BURST", value_name = "CALLS")]
    pub tenant_rate_burst: Option<NonZeroU32>,
}

impl TenantSettings {
    /// Refuses what nobody would tell: `tokens` are checked here, and `callers` named.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the setting, the reason and the remedy.
    pub fn validate(&self, tokens: bool, callers: bool) -> Result<(), Fatal> {
        let burst = self.tenant_rate_burst.is_some();
        match &self.tenant {
            None if self.tenant_rate_limit.is_some() || burst => Err(Fatal::usage(
                "--tenant-rate-limit needs --tenant, which says for whom calls are; set it too, or \
                 leave the limit out",
            )),
            _ if burst && self.tenant_rate_limit.is_none() => Err(Fatal::usage(
                "--tenant-rate-burst needs --tenant-rate-limit, the calls of a second; set it too, \
                 or leave the burst out",
            )),
            Some(TenantBy::Claim(_)) if !tokens => Err(Fatal::usage(
                "--tenant claim needs tokens that are checked here: set --jwt-issuer and \
                 --jwt-jwks-file, or leave it out",
            )),
            Some(TenantBy::Namespace) if !callers => Err(Fatal::usage(
                "--tenant namespace needs to know who calls, which the proxies of istio and \
                 linkerd tell, or a caller's certificate; set --mesh to one of them, or \
                 --tls-client-ca, or leave it out",
            )),
            Some(TenantBy::Header) if !callers => Err(Fatal::usage(
                "--tenant header needs to know who calls, or anybody could write x-tenant: the \
                 proxies of istio and linkerd tell, or a caller's certificate; set --mesh to one \
                 of them, or --tls-client-ca, or leave it out",
            )),
            Some(TenantBy::Header) if self.tenant_callers.is_none() => Err(Fatal::usage(
                "--tenant header needs --tenant-callers, the accounts whose x-tenant is believed; \
                 set it too, or leave it out",
            )),
            by if self.tenant_callers.is_some() && *by != Some(TenantBy::Header) => {
                Err(Fatal::usage(
                    "--tenant-callers needs --tenant header: nobody else reads what they say; set \
                     it, or leave the callers out",
                ))
            }
            _ if self.tenant_rate_limit.is_some() && !cfg!(feature = "rates") => Err(Fatal::usage(
                "--tenant-rate-limit needs the cargo feature `rates`, which this program was \
                     built without; build it with `--features rates` or leave the setting out",
            )),
            _ => Ok(()),
        }
    }

    /// Who tells tenants, of the accounts of `home`; `None` where there are none.
    #[must_use]
    pub fn tenants(&self, home: &TrustDomain) -> Option<Tenants> {
        Some(Tenants {
            by: self.tenant.clone()?,
            home: home.clone(),
            callers: (self.tenant_callers.clone()).map(|callers| callers.within(home.clone())),
            #[cfg(feature = "rates")]
            rate: self.rate(),
        })
    }

    #[cfg(feature = "rates")]
    fn rate(&self) -> Option<crate::rate::RateLimit> {
        let rate = self.tenant_rate_limit?;
        let burst = self.tenant_rate_burst.unwrap_or(rate);
        Some(crate::rate::RateLimit::new(rate, burst, super::TOO_OFTEN))
    }
}

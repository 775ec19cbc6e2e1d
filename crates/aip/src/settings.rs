//! What is whose, and who sees that of others.

use chassis::exit::Fatal;
use chassis::jwt::ClaimRules;
use chassis::settings::ServerSettings;

use crate::grpc::{Naming, Overseers, Requesters};

/// Whose what callers create is.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Owners")]
pub struct OwnerSettings {
    /// Who owns what a call creates, and sees it alone.
    #[arg(long, env = "OWNER", value_name = "WHO", default_value = "auto")]
    pub owner: OwnedBy,

    /// Service accounts that see what everybody owns, of their tenant if there are
    /// tenants:
    /// `namespace/account,namespace/*`, of --trust-domain. They still need the
    /// role that a method asks for.
    #[arg(long, env = "OVERSEERS", value_name = "ACCOUNTS")]
    pub overseers: Option<Overseers>,

    /// What a token says of callers that see what everybody owns:
    /// `{"role": ["admin"]}`. Only where tokens are checked here.
    #[arg(long, env = "OVERSEER_CLAIMS", value_name = "JSON")]
    pub overseer_claims: Option<ClaimRules>,
}

/// By whose word an owner is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OwnedBy {
    /// The token's subject where tokens are checked here; else the caller, where
    /// a mesh's proxy or a certificate tells. Where neither is, all callers are
    /// one.
    #[default]
    Auto,
    /// The caller, by the mesh's proxy or its certificate.
    Caller,
    /// The token's subject (`sub`), of its issuer.
    TokenSubject,
    /// Off: who creates is kept, but everybody sees everything. Where there are
    /// tenants, what is created is the tenant's, and everybody of it sees it.
    None,
}

impl OwnerSettings {
    /// Who asks, by what `server` believes.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the setting if nobody would tell what it asks for.
    pub fn requesters(&self, server: &ServerSettings) -> Result<Requesters, Fatal> {
        let (callers, tokens) = (server.names_callers(), server.jwt.is_on());
        let needs_callers = |setting: &str| {
            Fatal::usage(format!(
                "{setting} needs to know who calls, which the proxies of istio and linkerd tell, or \
                 a caller's certificate; set --mesh to one of them, or --tls-client-ca, or leave it out"
            ))
        };
        let needs_tokens = |setting: &str| {
            Fatal::usage(format!(
                "{setting} needs tokens that are checked here: set --jwt-issuer and \
                 --jwt-jwks-file, or leave it out"
            ))
        };
        if self.overseers.is_some() && !callers {
            return Err(needs_callers("--overseers"));
        }
        if self.overseer_claims.is_some() && !tokens {
            return Err(needs_tokens("--overseer-claims"));
        }
        let naming = match self.owner {
            OwnedBy::Caller if !callers => return Err(needs_callers("--owner caller")),
            OwnedBy::TokenSubject if !tokens => return Err(needs_tokens("--owner token-subject")),
            OwnedBy::TokenSubject => Naming::ByToken,
            OwnedBy::Auto | OwnedBy::None if tokens => Naming::ByToken,
            OwnedBy::Auto | OwnedBy::Caller | OwnedBy::None => Naming::ByCaller,
        };
        let home = &server.trust_domain;
        let overseers = self.overseers.clone();
        Ok(Requesters::new(
            naming,
            self.owner == OwnedBy::None,
            overseers.map(|overseers| overseers.within(home.clone())),
            self.overseer_claims.clone(),
        ))
    }
}

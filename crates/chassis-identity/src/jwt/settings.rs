use std::path::PathBuf;
use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::values::{duration, positive_duration};
use clap::builder::NonEmptyStringValueParser;

use super::ClaimRules;

/// Clocks are not further apart than this.
const MOST_LEEWAY: Duration = Duration::from_mins(5);

/// Tokens that callers must show (JWT), where no mesh checks them. Needs the
/// cargo feature `jwt`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Tokens without Istio")]
pub struct JwtSettings {
    /// Who issues the tokens, as their `iss` says. With it every call must show
    /// one (`authorization: Bearer …`), but for health and reflection.
    #[arg(
        long,
        env = "JWT_ISSUER",
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub jwt_issuer: Option<String>,

    /// The issuer's public keys: a file with the JWK Set that it publishes. No
    /// keys are fetched from a URL.
    #[arg(long, env = "JWT_JWKS_FILE", value_name = "PATH")]
    pub jwt_jwks_file: Option<PathBuf>,

    /// For whom a token must be, as its `aud` says: one of these, which commas
    /// separate. Without it, for anyone.
    #[arg(
        long,
        env = "JWT_AUDIENCE",
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub jwt_audience: Vec<String>,

    /// Claims that a token must have, and the values that pass:
    /// `{"role": ["admin", "user"]}`, or inside of another
    /// `{"realm_access": {"roles": ["admin"]}}`.
    #[arg(long, env = "JWT_CLAIMS", value_name = "JSON")]
    pub jwt_claims: Option<ClaimRules>,

    /// How far the issuer's clock may be from this one; at most 5m.
    #[arg(
        long,
        env = "JWT_LEEWAY",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = leeway
    )]
    pub jwt_leeway: Duration,

    /// How often the file is looked at; changed keys count from then on.
    #[arg(
        long,
        env = "JWT_RELOAD_INTERVAL",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = positive_duration
    )]
    pub jwt_reload_interval: Duration,

    /// How long the last keys still count when the file cannot be read, or holds
    /// no JWK Set; then every token is refused and the server is not ready. A
    /// set without keys counts at once, and refuses every token.
    #[arg(
        long,
        env = "JWT_KEYS_GRACE",
        value_name = "DURATION",
        default_value = "15m",
        value_parser = duration
    )]
    pub jwt_keys_grace: Duration,
}

impl JwtSettings {
    /// Whether calls must show a token.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.jwt_issuer.is_some()
    }

    /// Refuses values that contradict each other.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the settings, the reason and the remedy.
    pub fn validate(&self) -> Result<(), Fatal> {
        let (issuer, file) = ("--jwt-issuer", "--jwt-jwks-file");
        let set = [
            (issuer, self.is_on()),
            (file, self.jwt_jwks_file.is_some()),
            ("--jwt-audience", !self.jwt_audience.is_empty()),
            ("--jwt-claims", self.jwt_claims.is_some()),
        ];
        let Some((first, _)) = set.iter().find(|(_, is_set)| *is_set) else {
            return Ok(());
        };
        if !cfg!(feature = "jwt") {
            return Err(Fatal::usage(format!(
                "{first} needs the cargo feature `jwt`, which this program was built without; \
                 build it with `--features jwt` or leave the setting out"
            )));
        }
        let missing = set[..2].iter().find(|(_, is_set)| !is_set);
        if let Some((missing, _)) = missing {
            return Err(Fatal::usage(format!(
                "{first} needs {missing}: a token is checked against its issuer and by its \
                 issuer's keys; name both"
            )));
        }
        Ok(())
    }
}

fn leeway(text: &str) -> Result<Duration, String> {
    let parsed = duration(text)?;
    if parsed > MOST_LEEWAY {
        return Err("at most 5m: an expired token is good for as long".to_owned());
    }
    Ok(parsed)
}

//! Tokens that callers show (RFC 7519), where no mesh checks them.
//!
//! A token is believed if a key of the issuer signed it, it is for this
//! service and its time is now; then its claims are in the extensions of the
//! request, as [`Claims`]. Keys come from a file that is read anew when it
//! changes; they are never fetched.
//!
//! Without the cargo feature `jwt` the settings refuse what they cannot do.

mod claims;
#[cfg(feature = "jwt")]
mod issuer;
#[cfg(feature = "jwt")]
mod keys;
#[cfg(not(feature = "jwt"))]
mod none;
#[cfg(feature = "jwt")]
mod refusal;
mod rules;
mod settings;
#[cfg(feature = "jwt")]
mod signature;
#[cfg(feature = "jwt")]
mod verifier;

pub use claims::Claims;
pub use rules::ClaimRules;
pub use settings::JwtSettings;

#[cfg(feature = "jwt")]
pub use issuer::{Issuer, Tokens};
#[cfg(not(feature = "jwt"))]
pub use none::{Issuer, Tokens};

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The part of a mesh, or the realm of an authority, that names are unique in:
/// `cluster.local` where nobody chose another.
///
/// Lower-case letters, digits, `-`, `_` and `.`, at most 255, as SPIFFE has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TrustDomain(Arc<str>);

impl TrustDomain {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TrustDomain {
    fn default() -> Self {
        Self("cluster.local".into())
    }
}

impl FromStr for TrustDomain {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_domain(text) {
            return Err(
                "a trust domain is lower-case letters, digits, `-`, `_` and `.`, as in \
                 cluster.local",
            );
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` can be a trust domain's name.
pub(super) fn is_domain(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
    };
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

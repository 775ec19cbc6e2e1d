//! What a certificate says: whose it is, and until when.

use std::time::{Duration, SystemTime};

use chassis_core::mesh::Caller;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// The year 9000: by then every certificate has expired.
const LATE: Duration = Duration::from_hours(7_030 * 365 * 24);

/// Who shows this certificate: its SPIFFE id, or else its first name in DNS.
///
/// SPIFFE allows one URI in a certificate: where one of several is an id, or
/// the id is not one to the letter, the certificate names nobody.
pub(super) fn caller(certificate: &CertificateDer<'_>) -> Option<Caller> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let is_id = |uri: &str| {
        let scheme = uri.split(':').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("spiffe")
    };
    if !parsed.valid_uri_names().any(is_id) {
        return Caller::named(&name(certificate)?);
    }
    let mut uris = parsed.valid_uri_names();
    match (uris.next(), uris.next()) {
        (Some(id), None) => Caller::named(id),
        _ => None,
    }
}

/// Its first name in DNS that is not a pattern.
pub fn name(certificate: &CertificateDer<'_>) -> Option<String> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let mut names = parsed.valid_dns_names().filter(|name| !name.contains('*'));
    names.next().map(str::to_owned)
}

/// When it expires. The library tells this only in the error it gives at a
/// later time.
pub(super) fn expires(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let late = UnixTime::since_unix_epoch(LATE);
    let verified =
        parsed.verify_for_usage(&[], &[], &[], late, KeyUsage::server_auth(), None, None);
    match verified {
        Err(Error::CertExpired { not_after, .. }) => {
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

//! Why connections do not get through their handshake, counted.

use std::io;

use chassis_telemetry::metrics::{Counter, Metrics};
use tokio_rustls::rustls::{CertificateError, Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It took too long.
    Timeout,
    /// What came is not TLS.
    Plain,
    /// The caller shows no certificate, and must.
    NoCertificate,
    Expired,
    /// Nobody we know vouches for the caller's certificate, or it is none.
    NotTrusted,
    /// The caller does not trust this server, or found another fault.
    Refused,
    /// No common version, cipher or protocol.
    Protocol,
    /// The connection broke.
    Closed,
}

const ALL: [(Reason, &str); 8] = [
    (Reason::Timeout, "timeout"),
    (Reason::Plain, "plain"),
    (Reason::NoCertificate, "no_certificate"),
    (Reason::Expired, "expired"),
    (Reason::NotTrusted, "not_trusted"),
    (Reason::Refused, "refused"),
    (Reason::Protocol, "protocol"),
    (Reason::Closed, "closed"),
];

impl Reason {
    pub(super) fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            None => Self::Closed,
            Some(Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => Self::Expired,
            Some(Error::InvalidCertificate(_)) => Self::NotTrusted,
            Some(Error::AlertReceived(_)) => Self::Refused,
            Some(_) => Self::Protocol,
        }
    }

    pub(super) fn name(self) -> &'static str {
        let found = ALL.iter().find(|(reason, _)| *reason == self);
        found.map_or("", |(_, name)| name)
    }
}

/// One counter for each reason.
#[derive(Debug, Clone)]
pub(super) struct Failures([(Reason, Counter); ALL.len()]);

impl Failures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self(ALL.map(|(reason, name)| (reason, metrics.failed_handshakes(name))))
    }

    pub(super) fn count(&self, reason: Reason) {
        if let Some((_, counter)) = self.0.iter().find(|(of, _)| *of == reason) {
            counter.add(1);
        }
    }
}

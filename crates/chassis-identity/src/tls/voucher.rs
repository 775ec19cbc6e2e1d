//! For how long a certificate vouches for the caller that showed it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};

use super::certificate;
use super::server::Port;

/// The longest that is slept without a look at the clock, which may be set.
const NAP: Duration = Duration::from_hours(1);

/// A caller's certificate, while its connection lasts.
#[derive(Debug)]
pub struct Voucher {
    /// With those between it and an authority.
    chain: Vec<CertificateDer<'static>>,
    /// By whom it was checked last.
    authorities: Option<Arc<[u8]>>,
    current: watch::Receiver<Port>,
}

impl Voucher {
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        authorities: Option<Arc<[u8]>>,
        current: watch::Receiver<Port>,
    ) -> Self {
        Self {
            chain,
            authorities,
            current,
        }
    }

    /// Waits until the certificate, or one that vouches for it, has expired, or
    /// no authority vouches for it any more. Cancel safe.
    pub async fn ended(&mut self) {
        loop {
            let port = self.current.borrow_and_update().clone();
            let now = SystemTime::now();
            let mut ends: Vec<_> = self.chain.iter().filter_map(certificate::expires).collect();
            let has_passed = ends.iter().any(|end| *end <= now);
            if (has_passed || port.authorities != self.authorities) && !self.is_good(&port) {
                return;
            }
            self.authorities.clone_from(&port.authorities);
            drop(port);
            ends.retain(|end| *end > now);
            let next = ends.into_iter().min();
            let left = next.and_then(|end| end.duration_since(now).ok());
            // Its last second is its own.
            let left = left.map_or(NAP, |left| (left + Duration::from_secs(1)).min(NAP));
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                changed = self.current.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            }
        }
    }

    fn is_good(&self, port: &Port) -> bool {
        let (Some(verifier), Some((own, between))) = (&port.verifier, self.chain.split_first())
        else {
            return false;
        };
        let now = UnixTime::now();
        verifier.verify_client_cert(own, between, now).is_ok()
    }
}

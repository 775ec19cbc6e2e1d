//! PEM files, and what can be wrong with them.

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Content;
use crate::exit::Fatal;

impl Content {
    /// All certificates of the file; at least one.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Fatal> {
        let found = CertificateDer::pem_slice_iter(&self.bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| self.source.wrong(&error, "write the file anew"))?;
        if found.is_empty() {
            return Err(self.source.wrong(
                &"it holds no certificate",
                "it begins with -----BEGIN CERTIFICATE-----",
            ));
        }
        Ok(found)
    }

    /// The first private key of the file.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, Fatal> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|_| {
            self.source.wrong(
                &"it holds no private key",
                "it begins with -----BEGIN PRIVATE KEY-----, and not encrypted",
            )
        })
    }

    /// The certificates of the file as authorities.
    pub fn authorities(&self) -> Result<RootCertStore, Fatal> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots.add(certificate).map_err(|error| {
                let why = format!("a certificate in it is malformed ({error})");
                self.source.wrong(&why, "write the file anew")
            })?;
        }
        Ok(roots)
    }
}

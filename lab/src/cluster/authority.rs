//! Who vouches for the service's port and for its callers, where no mesh does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::settings::ClientTlsSettings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use serde_json::json;

use super::kube::Kube;

/// The Secret with the service's certificate.
pub(super) const SECRET: &str = "certificates";

/// It, and where the callers' files are.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    /// A new one, with files in `folder`.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::create_dir_all(folder)?;
        Ok(Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?,
            folder: folder.to_owned(),
        })
    }

    /// Makes or replaces the Secret [`SECRET`], with a certificate for `host` that is
    /// good until `year`.
    pub(super) fn vouch(&self, kube: &Kube, namespace: &str, host: &str, year: i32) -> Result<()> {
        let (certificate, key) = self.certificate(host, year)?;
        let data = [
            ("ca.crt", self.issuer.pem()),
            ("tls.crt", certificate),
            ("tls.key", key),
        ]
        .map(|(name, text)| (name.to_owned(), json!(STANDARD.encode(text))));
        kube.apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": namespace},
            "data": data.into_iter().collect::<serde_json::Map<_, _>>(),
        }))
    }

    /// What a caller shows and believes.
    pub(super) fn caller(&self) -> Result<ClientTlsSettings> {
        let (certificate, key) = self.certificate("caller", 2090)?;
        let write = |name: &str, text: &str| -> Result<Option<PathBuf>> {
            let file = self.folder.join(name);
            fs::write(&file, text)?;
            Ok(Some(file))
        };
        let mut settings = ClientTlsSettings::default();
        settings.upstream_tls_ca = write("ca.crt", &self.issuer.pem())?;
        settings.upstream_tls_cert = write("tls.crt", &certificate)?;
        settings.upstream_tls_key = write("tls.key", &key)?;
        Ok(settings)
    }

    /// A certificate and its key, in PEM.
    fn certificate(&self, name: &str, year: i32) -> Result<(String, String)> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

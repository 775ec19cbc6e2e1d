//! Who each service is, where no mesh says it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// The name in DNS of all of them: they are on one machine.
const HOST: &str = "localhost";

/// Certificates of accounts in the namespace `shop`, and the authority that vouches for
/// them, in one folder.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes one for each of `accounts`.
    pub(super) fn make(folder: &Path, accounts: &[&str]) -> Result<Self> {
        let this = Self {
            folder: folder.to_owned(),
        };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        std::fs::write(this.file("ca.crt"), authority.pem())?;
        for account in accounts {
            let mut params = CertificateParams::new(vec![HOST.to_owned()])?;
            let id = format!("spiffe://cluster.local/ns/shop/sa/{account}");
            (params.subject_alt_names).push(SanType::URI(id.as_str().try_into()?));
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &authority)?;
            std::fs::write(this.file(&format!("{account}.crt")), certificate.pem())?;
            std::fs::write(this.file(&format!("{account}.key")), key.serialize_pem())?;
        }
        Ok(this)
    }

    /// How `account` serves: for callers who show a certificate, two of whom may say for
    /// which tenant they call.
    pub(crate) fn serve(&self, account: &str) -> Vec<String> {
        vec![
            format!("--tls-cert={}", self.shown(&format!("{account}.crt"))),
            format!("--tls-key={}", self.shown(&format!("{account}.key"))),
            format!("--tls-client-ca={}", self.shown("ca.crt")),
            "--tenant=header".to_owned(),
            "--tenant-callers=shop/order-service,shop/shop-gateway".to_owned(),
        ]
    }

    /// How `account` calls, for the tenant of its caller's token.
    pub(crate) fn call(&self, account: &str) -> Vec<String> {
        vec![
            format!("--upstream-tls-ca={}", self.shown("ca.crt")),
            format!(
                "--upstream-tls-cert={}",
                self.shown(&format!("{account}.crt"))
            ),
            format!(
                "--upstream-tls-key={}",
                self.shown(&format!("{account}.key"))
            ),
            format!("--upstream-tls-name={HOST}"),
            "--tenant=claim:org".to_owned(),
        ]
    }

    /// How one calls as `account`, or without a certificate.
    pub(super) fn client(&self, account: Option<&str>) -> Result<ClientTlsConfig> {
        let read = |name: &str| std::fs::read(self.file(name));
        let config = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read("ca.crt")?))
            .domain_name(HOST);
        Ok(match account {
            None => config,
            Some(account) => config.identity(Identity::from_pem(
                read(&format!("{account}.crt"))?,
                read(&format!("{account}.key"))?,
            )),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn shown(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

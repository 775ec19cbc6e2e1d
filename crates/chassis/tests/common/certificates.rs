//! Authorities, and the certificates they issue.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType, date_time_ymd,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Names with `://` in them become URIs, all others are DNS'.
    pub(crate) fn issue(&self, names: &[&str]) -> Pair {
        self.issue_until(names, 2999)
    }

    /// Valid to the first day of `year`.
    pub(crate) fn issue_until(&self, names: &[&str], year: i32) -> Pair {
        self.issue_with(names, |params| params.not_after = date_time_ymd(year, 1, 1))
    }

    /// Valid for so long from now on.
    #[allow(dead_code, reason = "not of all tests")]
    pub(crate) fn issue_for(&self, names: &[&str], time: Duration) -> Pair {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let end = date_time_ymd(1970, 1, 1) + since.unwrap() + time;
        self.issue_with(names, |params| params.not_after = end)
    }

    fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2001, 1, 1);
        change(&mut params);
        params.subject_alt_names = (names.iter())
            .map(|name| {
                let text = (*name).try_into().unwrap();
                if name.contains("://") {
                    SanType::URI(text)
                } else {
                    SanType::DnsName(text)
                }
            })
            .collect();
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// What a caller without a certificate trusts.
    pub(crate) fn trusted(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.pem()))
            .domain_name("localhost")
    }

    /// With a certificate.
    pub(crate) fn trusted_by(&self, own: &Pair) -> ClientTlsConfig {
        self.trusted()
            .identity(Identity::from_pem(&own.certificate, &own.key))
    }
}

/// A folder as Kubernetes mounts a Secret: files are links through `..data`,
/// which is swapped.
pub(crate) struct Mounted {
    folder: tempfile::TempDir,
    version: std::cell::Cell<u32>,
}

impl Mounted {
    pub(crate) fn new(pair: &Pair, authorities: &str) -> Self {
        let mounted = Self {
            folder: tempfile::tempdir().unwrap(),
            version: 0.into(),
        };
        mounted.write(pair, authorities);
        for name in ["tls.crt", "tls.key", "ca.crt"] {
            let target = Path::new("..data").join(name);
            std::os::unix::fs::symlink(target, mounted.path(name)).unwrap();
        }
        mounted
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Swaps all files at once.
    pub(crate) fn write(&self, pair: &Pair, authorities: &str) {
        let version = self.version.get() + 1;
        self.version.set(version);
        let name = format!("..{version}");
        let data = self.path(&name);
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("tls.crt"), &pair.certificate).unwrap();
        std::fs::write(data.join("tls.key"), &pair.key).unwrap();
        std::fs::write(data.join("ca.crt"), authorities).unwrap();
        std::os::unix::fs::symlink(&name, self.path("..new")).unwrap();
        std::fs::rename(self.path("..new"), self.path("..data")).unwrap();
    }
}

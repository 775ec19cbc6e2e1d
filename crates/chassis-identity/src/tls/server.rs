//! TLS on the gRPC port.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use chassis_core::exit::Fatal;
use chassis_core::listener::close;
use chassis_core::peer::Security;
use chassis_core::reload::{Content, LoadedFiles, Source, WatchedFiles};
use chassis_telemetry::metrics::{FileNames, Metrics};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

use super::certificate;
use super::failure::{Failures, Reason};
use super::voucher::Voucher;
use super::{Accepted, Stream};
use crate::tls::{TlsMode, TlsSettings, TlsVersion};

/// The only protocol spoken (RFC 9113, 3.2).
const ALPN: &[u8] = b"h2";
/// How every connection under TLS begins: a record that holds a handshake.
const HANDSHAKE: u8 = 22;

/// What is told of the files.
const FILES: FileNames = FileNames {
    age: "tls.server.files.age",
    failures: "tls.server.files.failures",
};

/// What the files make of the port.
#[derive(Debug, Clone)]
pub(super) struct Port {
    config: Arc<ServerConfig>,
    expires: Option<SystemTime>,
    /// Checks callers' certificates.
    pub(super) verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// What the verifier was made of.
    pub(super) authorities: Option<Arc<[u8]>>,
}

/// TLS as it was loaded.
#[derive(Debug)]
pub struct ServerTls {
    loaded: LoadedFiles<Port>,
    settings: TlsSettings,
}

impl ServerTls {
    /// Reads the files; `None` where TLS is off.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file and what is wrong with it.
    pub fn load(settings: &TlsSettings) -> Result<Option<Self>, Fatal> {
        let (Some(certificate), Some(key)) = (&settings.tls_cert, &settings.tls_key) else {
            return Ok(None);
        };
        let mut sources = vec![
            Source::new("--tls-cert", certificate),
            Source::new("--tls-key", key),
        ];
        sources.extend(
            (settings.tls_client_ca.as_deref()).map(|path| Source::new("--tls-client-ca", path)),
        );
        let (mode, oldest) = (settings.tls_mode, settings.tls_min_version);
        let loaded = LoadedFiles::load("certificates", sources, move |files| {
            port(files, mode, oldest)
        })?;
        let settings = settings.clone();
        Ok(Some(Self { loaded, settings }))
    }

    /// Watches the files from now on.
    #[must_use]
    pub fn start(self, metrics: &Metrics) -> Acceptor {
        let mut warned = None;
        let watched = (self.loaded).watch(self.settings.tls_reload_interval, move |port, _| {
            let expired = port.expires.filter(|at| *at <= SystemTime::now());
            if let Some(at) = expired
                && warned != expired
            {
                let at = humantime::format_rfc3339_seconds(at);
                tracing::warn!(expired = %at, "the certificate of --tls-cert has expired; callers refuse it");
            }
            warned = expired;
        });
        let current = watched.current.clone();
        metrics.observe_expiry(move || current.borrow().expires);
        metrics.observe_checks(&FILES, &watched.checks);
        Acceptor {
            watched,
            is_permissive: self.settings.tls_mode == TlsMode::Permissive,
            failures: Failures::new(metrics),
        }
    }
}

fn port(files: &[Content], mode: TlsMode, oldest: TlsVersion) -> Result<Port, Fatal> {
    let [certificate, key, authorities @ ..] = files else {
        return Err(Fatal::software("certificate and key were not read"));
    };
    let chain = certificate.certificates()?;
    let expires = chain.first().and_then(certificate::expires);
    let versions: &[&SupportedProtocolVersion] = match oldest {
        TlsVersion::V12 => &[&TLS13, &TLS12],
        TlsVersion::V13 => &[&TLS13],
    };
    let broken = |error| Fatal::software(format!("TLS cannot be set up: {error}"));
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(broken)?;
    let authorities = authorities.first();
    let verifier = authorities.map(|of| verifier(of, mode)).transpose()?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key.key()?)
        .map_err(|error| {
            let remedy = "name the key that belongs to the certificate of --tls-cert";
            key.source.wrong(&error, remedy)
        })?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    if verifier.is_some() {
        // A session that is resumed is not asked for its certificate again, and
        // each gives tickets for the next: it would outlive it without end.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Port {
        config: Arc::new(config),
        expires,
        verifier,
        authorities: authorities.map(|of| Arc::clone(&of.bytes)),
    })
}

fn verifier(authorities: &Content, mode: TlsMode) -> Result<Arc<dyn ClientCertVerifier>, Fatal> {
    let roots = Arc::new(authorities.authorities()?);
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
    let builder = match mode {
        TlsMode::Strict => builder,
        TlsMode::Permissive => builder.allow_unauthenticated(),
    };
    (builder.build()).map_err(|error| authorities.source.wrong(&error, "write the file anew"))
}

/// Takes connections through their handshake. Each has its own task, and how
/// many there are is bounded by the limit on connections: a tighter one would
/// let those that stall keep the others out.
#[derive(Debug, Clone)]
pub struct Acceptor {
    watched: WatchedFiles<Port>,
    is_permissive: bool,
    failures: Failures,
}

impl Acceptor {
    /// The connection, if it keeps to the rules and is done by `deadline`.
    pub async fn accept(&self, stream: TcpStream, deadline: Instant) -> Option<Accepted> {
        let result = tokio::time::timeout_at(deadline, self.handshake(stream)).await;
        let refused = match result {
            Ok(Ok(accepted)) => return Some(accepted),
            Ok(Err(refused)) => refused,
            Err(_) => Refused::new(Reason::Timeout, io::ErrorKind::TimedOut.into()),
        };
        let Refused { reason, error, .. } = &refused;
        self.failures.count(*reason);
        tracing::debug!(reason = reason.name(), %error, "TLS handshake");
        if let Some(stream) = refused.stream {
            close(stream).await;
        }
        None
    }

    async fn handshake(&self, stream: TcpStream) -> Result<Accepted, Refused> {
        let mut first = [0];
        let seen = stream.peek(&mut first).await;
        if seen.map_err(|error| Refused::new(Reason::Closed, error))? == 0 {
            let error = io::ErrorKind::UnexpectedEof.into();
            return Err(Refused::new(Reason::Closed, error));
        }
        if first[0] != HANDSHAKE {
            if self.is_permissive {
                return Ok(Accepted::plain(stream));
            }
            let refused = Refused::new(Reason::Plain, io::Error::other("not TLS"));
            return Err(refused.with(stream));
        }
        let port = self.watched.current.borrow().clone();
        let accepting = TlsAcceptor::from(port.config)
            .accept(stream)
            .into_fallible();
        let stream = accepting.await.map_err(|(error, stream)| {
            // The alert that says why was sent, and must arrive.
            Refused::new(Reason::of(&error), error).with(stream)
        })?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(ALPN) {
            let error = io::Error::other("ALPN without h2");
            return Err(Refused::new(Reason::Protocol, error));
        }
        let chain = session.peer_certificates().unwrap_or_default();
        let certificate = chain.first();
        let security = match certificate {
            Some(_) => Security::MutualTls,
            None => Security::Tls,
        };
        let voucher = certificate.map(|_| {
            let chain = chain.iter().cloned().map(CertificateDer::into_owned);
            let current = self.watched.current.clone();
            Voucher::new(chain.collect(), port.authorities, current)
        });
        Ok(Accepted {
            caller: certificate.and_then(certificate::caller),
            voucher,
            security,
            stream: Stream::Secured(Box::new(stream)),
        })
    }
}

/// A connection without a handshake.
struct Refused {
    reason: Reason,
    error: io::Error,
    /// What is to be closed without a reset.
    stream: Option<TcpStream>,
}

impl Refused {
    fn new(reason: Reason, error: io::Error) -> Self {
        let stream = None;
        Self {
            reason,
            error,
            stream,
        }
    }

    fn with(self, stream: TcpStream) -> Self {
        let stream = Some(stream);
        Self { stream, ..self }
    }
}

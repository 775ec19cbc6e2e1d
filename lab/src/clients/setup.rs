//! The servers that the packages call.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::tree;

use crate::support::server::{self, Server};

const ISSUER: &str = "https://issuer.invalid";

/// How calls get there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// As beside a mesh's proxy.
    Plain,
    /// With a token.
    Tls,
}

impl Transport {
    pub(super) const ALL: [Self; 2] = [Self::Plain, Self::Tls];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "TLS",
        }
    }
}

/// Servers: of each transport one, and one whose inventory says nothing.
pub(super) struct Setup {
    plain: [Server; 2],
    tls: [Server; 2],
    authority: String,
    token: String,
    /// What the API's messages are, for those whose language does not say so.
    pub(super) descriptors: PathBuf,
    /// Takes connections, and says nothing.
    _inventory: TcpListener,
    _folder: TempDir,
}

impl Setup {
    pub(super) fn start() -> Result<Self> {
        let binary = server::build(&["--features", "jwt,tls"])?;
        let inventory = TcpListener::bind("127.0.0.1:0")?;
        let silent = format!("http://{}", inventory.local_addr()?);
        let folder = TempDir::new()?;
        let file = |name: &str, text: &str| -> Result<String> {
            let path: PathBuf = folder.path().join(name);
            fs::write(&path, text)?;
            Ok(path.display().to_string())
        };
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let authority = made.cert.pem();
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let public = BASE64.encode(key.der_bytes());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": public}]});
        let aging = [
            ("MAX_CONNECTION_AGE", "1s".to_owned()),
            ("MAX_CONNECTION_AGE_GRACE", "1s".to_owned()),
            ("HANDSHAKE_TIMEOUT", "1s".to_owned()),
        ];
        let secured = [
            ("TLS_CERT", file("tls.crt", &authority)?),
            (
                "TLS_KEY",
                file("tls.key", &made.signing_key.serialize_pem())?,
            ),
            ("JWT_ISSUER", ISSUER.to_owned()),
            ("JWT_JWKS_FILE", file("jwks.json", &keys.to_string())?),
        ];
        let descriptors = folder.path().join("api.bin");
        let protos = contract::Protos::compile(tree::root().join("proto"));
        let protos = protos.map_err(|error| anyhow!("{error}"))?;
        fs::write(&descriptors, protos.pool().encode_to_vec())?;
        let inventory_endpoint = [("INVENTORY_ENDPOINT", silent)];
        let start = |variables: &[&[(&str, String)]]| {
            Server::start_as(&mut Command::new(&binary), &variables.concat())
        };
        Ok(Self {
            plain: [start(&[&aging])?, start(&[&inventory_endpoint])?],
            tls: [
                start(&[&aging, &secured])?,
                start(&[&inventory_endpoint, &secured])?,
            ],
            authority,
            token: token(&key)?,
            descriptors,
            _inventory: inventory,
            _folder: folder,
        })
    }

    /// Where a first call goes.
    pub(super) fn address(&self) -> String {
        address(&self.plain[0])
    }

    /// What a runner is told.
    pub(super) fn of(&self, transport: Transport) -> Value {
        let [server, silent] = match transport {
            Transport::Plain => &self.plain,
            Transport::Tls => &self.tls,
        };
        let tls = transport == Transport::Tls;
        json!({
            "address": address(server),
            "silent": address(silent),
            "authority": tls.then_some(&self.authority),
            "descriptors": self.descriptors,
            "token": tls.then_some(&self.token),
        })
    }
}

/// By name: the certificate is of one.
fn address(server: &Server) -> String {
    server.address().replace("127.0.0.1", "localhost")
}

/// Of somebody who may call for an hour.
fn token(key: &KeyPair) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let segment = |value: &Value| BASE64.encode(value.to_string());
    let header = segment(&json!({"alg": "EdDSA", "kid": "1"}));
    let claims = json!({"iss": ISSUER, "sub": "alice", "exp": now.as_secs() + 3600});
    let content = format!("{header}.{}", segment(&claims));
    let signature = key.sign(content.as_bytes())?;
    Ok(format!("{content}.{}", BASE64.encode(signature)))
}

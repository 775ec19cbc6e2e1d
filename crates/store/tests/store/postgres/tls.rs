//! The way to the database, kept private.

use std::path::Path;
use std::process::{Command, Stdio};

use store::postgres::{Options, PostgresStore, Url};
use store::{OpenError, Store};
use tempfile::TempDir;

use crate::parcel::Parcel;
use crate::samples;
use crate::support::Server;

/// Makes two authorities, and a certificate by the first for `localhost` alone.
const CERTIFICATES: &str = "
for ca in ours theirs; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
        -subj /CN=$ca -keyout $ca.key -out $ca.pem
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\
    -subj /CN=database -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' >extensions
openssl x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 \\
    -extfile extensions -out server.crt
";

/// OpenSSL comes with Debian's PostgreSQL.
fn make_files(folder: &Path) {
    let made = Command::new("sh")
        .args(["-ec", CERTIFICATES])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success(), "openssl made no certificates");
}

async fn open(url: &str) -> Result<PostgresStore<Parcel>, OpenError> {
    let url: Url = url.parse().unwrap();
    PostgresStore::<Parcel>::open(&url, &Options::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_is_believed_is_talked_to() {
    let what = "TLS to PostgreSQL";
    let Some(server) = Server::start(what, &std::env::temp_dir(), false).unwrap() else {
        return;
    };
    let plain = server.database().unwrap();
    let localhost = plain.replace("127.0.0.1", "localhost");
    // Nothing but TLS will do, and there is none.
    let error = open(&format!("{plain}?sslmode=require"))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("TLS"), "{error}");

    let folder = TempDir::new().unwrap();
    make_files(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    server.stop().unwrap();
    server
        .use_tls(&file("server.crt"), &file("server.key"))
        .unwrap();
    server.begin().unwrap();
    let ours = format!("sslrootcert={}", file("ours.pem"));
    for url in [
        format!("{plain}?sslmode=require"),
        format!("{localhost}?sslmode=verify-full&{ours}"),
        format!("{localhost}?{ours}"),
        plain.clone(),
    ] {
        let store = open(&url).await.unwrap();
        store.create(samples::parcel("alice"), None).await.unwrap();
        store.close().await;
    }
    let error = open(&format!("{plain}?sslmode=disable")).await;
    let error = error.err().unwrap();
    assert!(error.to_string().contains("no encryption"), "{error}");

    let theirs = format!("sslrootcert={}", file("theirs.pem"));
    for url in [
        format!("{localhost}?sslmode=verify-full&{theirs}"),
        // Another name than the certificate's.
        format!("{plain}?sslmode=verify-full&{ours}"),
        format!("{localhost}?sslmode=require&{theirs}"),
    ] {
        let error = open(&url).await.err().unwrap();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

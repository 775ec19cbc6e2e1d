//! How a connection is made.

use std::future::poll_fn;

use tokio::task::JoinHandle;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault;
use super::sessions::Sessions;
use super::url::Url;
use crate::error::{Error, OpenError};

/// Said first to every connection with a session of its own. The limit is for what has no deadline of its
/// own. Statements are made for the isolation named here: a stricter one would
/// have them conflict. An answer that was not synced could be lost: no default
/// of the database may say so.
const SETUP: &str = "SET statement_timeout = 10000; \
    SET default_transaction_isolation = 'read committed'; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// What [`SETUP`] allows one statement.
pub(super) const LIMIT_MILLIS: u32 = 10_000;

/// A connection that is ready for statements; ends when the client is dropped.
pub(super) async fn connect(url: &Url, sessions: Sessions) -> Result<Client, Error> {
    let (client, connection) = open(url).await?;
    tokio::spawn(drive(connection, |_| {}));
    ready(client, url, sessions).await
}

/// As [`connect()`]; `hear` gets the text of every notification. The task ends with
/// the connection.
pub(super) async fn listen(
    url: &Url,
    sessions: Sessions,
    hear: impl Fn(&str) + Send + 'static,
) -> Result<(Client, JoinHandle<()>), Error> {
    let (client, connection) = open(url).await?;
    let task = tokio::spawn(drive(connection, hear));
    Ok((ready(client, url, sessions).await?, task))
}

/// A connection that was told nothing.
pub(super) async fn plain(url: &Url) -> Result<Client, OpenError> {
    let tls = url.trust().connector();
    let tls = tls.map_err(|why| OpenError::unreachable(url, &why))?;
    let connected = tokio::time::timeout(url.patience(), url.config().connect(tls)).await;
    let Ok(connected) = connected else {
        let why = format!("no answer within {:?}", url.patience());
        return Err(OpenError::unreachable(url, &why));
    };
    let (client, connection) = connected.map_err(|error| OpenError::from_postgres(url, &error))?;
    // Whoever waits for an answer learns of its end.
    tokio::spawn(async { drop(connection.await) });
    Ok(client)
}

/// What carries a connection's messages.
type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

async fn open(url: &Url) -> Result<(Client, Wire), Error> {
    let tls = url.trust().connector();
    let tls = tls.map_err(|why| Error::Unavailable(why.into()))?;
    within(url, url.config().connect(tls)).await
}

async fn ready(client: Client, url: &Url, sessions: Sessions) -> Result<Client, Error> {
    if sessions == Sessions::Own {
        within(url, client.batch_execute(SETUP)).await?;
    }
    Ok(client)
}

async fn within<T>(
    url: &Url,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(url.patience(), work).await {
        Ok(done) => done.map_err(|error| fault::connecting(&error)),
        Err(_) => Err(fault::silent(url.patience())),
    }
}

/// Carries messages until the connection ends; whoever uses it learns why.
async fn drive(mut connection: Wire, hear: impl Fn(&str)) {
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(news) = message {
            hear(news.payload());
        }
    }
}

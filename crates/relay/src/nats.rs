//! NATS `JetStream`: a message is there when a stream has acknowledged it, and a
//! repeated one is dropped by its id within the stream's duplicate window.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::{self, Context, stream};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use chassis::exit::Fatal;
use chassis::file;
use store::Cause;
use tokio::sync::Mutex;

use crate::event::Message;
use crate::headers;
use crate::publish::{PublishError, Publisher};
use crate::settings::RelaySettings;

/// What connecting may take. A server speaks first, and a proxy on the way may
/// wait for the client to, 10 s at Linkerd: that is waited out.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// What an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a stream that is made here knows the ids of its messages.
const DUPLICATES: Duration = Duration::from_mins(10);

/// Publishes to the stream that takes its subjects.
pub(crate) struct JetStream {
    servers: Vec<ServerAddr>,
    options: Box<dyn Fn() -> ConnectOptions + Send + Sync>,
    subject: String,
    stream: Option<String>,
    connection: Mutex<Option<(Client, Context)>>,
}

impl JetStream {
    /// The one that the settings name, if they do. Connects when first used.
    pub(crate) fn of(
        settings: &RelaySettings,
        application: &'static str,
    ) -> Result<Option<Self>, Fatal> {
        let Some(broker) = &settings.publish_to else {
            return Ok(None);
        };
        let login = Login::of(&broker.servers);
        let credentials = settings
            .publish_credentials
            .as_ref()
            .map(|path| -> Result<_, Fatal> {
                let wrong = |error: std::io::Error| {
                    let path = file::shown(path);
                    Fatal::usage(format!("--publish-credentials {path}: {error}"))
                };
                let text = file::read_text(path).map_err(wrong)?;
                // What the library says of it could repeat it.
                ConnectOptions::with_credentials(&text).map_err(|_| {
                    wrong(std::io::Error::other(
                        "it holds no credentials; write the file anew, as nsc does",
                    ))
                })?;
                Ok(text)
            });
        let credentials = credentials.transpose()?;
        let options = move || {
            let options = ConnectOptions::new()
                .name(application)
                .connection_timeout(CONNECT_TIMEOUT)
                .request_timeout(Some(PATIENCE));
            let options = match &login {
                Login::None => options,
                Login::Token(token) => options.token(token.clone()),
                Login::Password(name, password) => {
                    options.user_and_password(name.clone(), password.clone())
                }
            };
            match &credentials {
                // Read once already.
                Some(text) => options.credentials(text).unwrap_or_default(),
                None => options,
            }
        };
        Ok(Some(Self {
            servers: broker.servers.iter().filter_map(without_login).collect(),
            options: Box::new(options),
            subject: settings.publish_subject.clone().unwrap_or_default(),
            stream: settings.publish_stream.clone(),
            connection: Mutex::default(),
        }))
    }

    /// The library makes a connection that was lost again by itself; what it cannot
    /// send meanwhile must not pile up there.
    async fn connected(&self) -> Result<Context, PublishError> {
        let mut connection = self.connection.lock().await;
        if let Some((client, context)) = connection.as_ref() {
            return match client.connection_state() {
                State::Connected => Ok(context.clone()),
                _ => Err(PublishError::Unreachable("the connection was lost".into())),
            };
        }
        let connecting = (self.options)().connect(&self.servers[..]);
        let client = within(connecting).await?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(PATIENCE);
        if let Some(name) = &self.stream {
            let wanted = stream::Config {
                name: name.clone(),
                subjects: vec![format!("{}.>", self.subject)],
                duplicate_window: DUPLICATES,
                ..stream::Config::default()
            };
            let made = context.get_or_create_stream(wanted).await;
            made.map_err(|error| PublishError::Refused(error.into()))?;
        }
        *connection = Some((client, context.clone()));
        Ok(context)
    }

    async fn forget(&self) {
        *self.connection.lock().await = None;
    }
}

#[async_trait::async_trait]
impl Publisher for JetStream {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let context = self.connected().await?;
        let subject = format!("{}.{}", self.subject, message.topic);
        let headers = headers::of(&message);
        let payload = message.event.payload;
        let sent = context.publish_with_headers(subject.clone(), headers, payload.into());
        let acknowledged = match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(sent)) => sent.await,
            Ok(Err(error)) => Err(error),
            Err(late) => return Err(PublishError::Unreachable(late.into())),
        };
        let Err(error) = acknowledged else {
            return Ok(());
        };
        match error.kind() {
            PublishErrorKind::StreamNotFound => {
                // The next attempt makes it, if one is to be made.
                self.forget().await;
                Err(PublishError::NoStream { subject })
            }
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
                Err(PublishError::Unreachable(error.into()))
            }
            _ => Err(PublishError::Refused(whole(&error))),
        }
    }
}

async fn within<T>(
    work: impl Future<Output = Result<T, async_nats::ConnectError>>,
) -> Result<T, PublishError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                PublishError::Refused(whole(&error))
            }
            _ => PublishError::Unreachable(whole(&error)),
        }),
        Err(late) => Err(PublishError::Unreachable(late.into())),
    }
}

/// With what is behind it.
fn whole(error: &dyn std::error::Error) -> Cause {
    match error.source() {
        Some(source) => format!("{error}: {source}").into(),
        None => error.to_string().into(),
    }
}

/// What stands before the host; of several servers, at the first that has it.
enum Login {
    None,
    Token(String),
    Password(String, String),
}

impl Login {
    fn of(servers: &[ServerAddr]) -> Self {
        let with = servers.iter().find(|server| server.username().is_some());
        match with.map(|server| (server.username(), server.password())) {
            Some((Some(name), Some(password))) => {
                Self::Password(name.to_owned(), password.to_owned())
            }
            Some((Some(token), None)) => Self::Token(token.to_owned()),
            _ => Self::None,
        }
    }
}

/// What the library knows of an address may come to be logged.
fn without_login(server: &ServerAddr) -> Option<ServerAddr> {
    let mut url = server.clone().into_inner();
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    ServerAddr::from_url(url).ok()
}

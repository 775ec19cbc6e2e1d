//! Where events are published.

use std::path::PathBuf;

use store::Invalid;

use crate::broker::Broker;

/// Where events are published.
#[derive(Debug, Clone, clap::Args)]
pub struct RelaySettings {
    /// Where events are published besides: `nats://HOST:PORT`, a server with
    /// `JetStream`, or `tls`, where an authority of the system vouches for it, or
    /// one in the file `SSL_CERT_FILE`; `USER:PASSWORD@` or `TOKEN@` may precede
    /// HOST, and more servers of the cluster follow after commas. Without it,
    /// nowhere.
    #[arg(long, env = "PUBLISH_TO", value_name = "URL", hide_env_values = true)]
    pub publish_to: Option<Broker>,

    /// First part of the subjects that events are published under; the second is
    /// what happened. Whoever flattens this gives it a default.
    #[arg(
        long,
        env = "PUBLISH_SUBJECT",
        value_name = "PREFIX",
        value_parser = subject
    )]
    pub publish_subject: Option<String>,

    /// The stream to make for these subjects if there is none of that name.
    /// Without it there must be one that takes them.
    #[arg(long, env = "PUBLISH_STREAM", value_name = "NAME", value_parser = stream)]
    pub publish_stream: Option<String>,

    /// A file with credentials (JWT and key), as `nsc` writes it.
    #[arg(long, env = "PUBLISH_CREDENTIALS", value_name = "PATH")]
    pub publish_credentials: Option<PathBuf>,
}

/// What every broker takes as a name.
fn is_plain(token: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !token.is_empty() && token.chars().all(plain)
}

fn subject(text: &str) -> Result<String, Invalid> {
    if text.split('.').all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        "must be letters, digits, '-' and '_', in parts with a dot between",
    ))
}

fn stream(text: &str) -> Result<String, Invalid> {
    if is_plain(text) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new("must be letters, digits, '-' and '_'"))
}

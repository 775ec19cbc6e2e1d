//! Settings that every server has and a gateway does not heed: who sets one counts on
//! it, and is told.

use chassis::exit::Fatal;
use chassis::settings::ServerSettings;
use clap::{Args as _, Command, FromArgMatches as _};

/// Refuses what is set and would have no effect.
///
/// # Errors
/// [`Fatal::usage`] that names all of it.
pub(crate) fn refuse(given: &ServerSettings) -> Result<(), Fatal> {
    let default = default()?;
    let [ours, usual] = [given, &default].map(unheeded);
    let set = ours
        .iter()
        .zip(&usual)
        .filter(|(ours, usual)| ours != usual);
    let names: Vec<_> = set.map(|((name, _), _)| *name).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Fatal::usage(format!(
        "a gateway does not heed {}: leave that out; what a caller may cost is bounded by \
         --max-connections, --max-concurrent-requests, --max-open-streams, --max-receiving-bytes, \
         --send-timeout and --rate-limit",
        names.join(", ")
    )))
}

/// What a gateway does not heed, by name.
fn unheeded(settings: &ServerSettings) -> [(&'static str, String); 8] {
    let ServerSettings {
        connections,
        concurrency,
        messages,
        ..
    } = settings;
    let peers = connections.max_connections_per_peer;
    [
        ("--max-connections-per-peer", format!("{peers:?}")),
        (
            "--max-connection-idle",
            format!("{:?}", connections.max_connection_idle),
        ),
        (
            "--write-coalescing",
            connections.write_coalescing.to_string(),
        ),
        (
            "--max-queue-delay",
            format!("{:?}", concurrency.max_queue_delay),
        ),
        (
            "--max-sending-bytes",
            messages.max_sending_bytes.to_string(),
        ),
        (
            "--accept-compression",
            format!("{:?}", messages.accept_compression),
        ),
        (
            "--send-compression",
            format!("{:?}", messages.send_compression),
        ),
        ("--runtime", format!("{:?}", settings.runtime)),
    ]
}

/// What is set where nothing is.
fn default() -> Result<ServerSettings, Fatal> {
    let command = ServerSettings::augment_args(Command::new("default"));
    // The environment sets as flags do.
    let command = command.mut_args(|arg| arg.env(None::<&'static str>));
    command
        .try_get_matches_from(["default"])
        .and_then(|matches| ServerSettings::from_arg_matches(&matches))
        .map_err(|error| Fatal::software(error.to_string()))
}

//! The settings that every service has.

use std::ffi::OsString;

use clap::Parser;

use crate::exit::Fatal;
use crate::settings::{AdminSettings, ClientSettings, ServerSettings};
use crate::telemetry::TelemetrySettings;

/// Settings of the chassis, to be flattened into those of a service.
#[derive(Debug, Clone, clap::Args)]
pub struct CommonSettings {
    /// The gRPC port.
    #[command(flatten)]
    pub server: ServerSettings,

    /// The admin port.
    #[command(flatten)]
    pub admin: AdminSettings,

    /// Calls to upstreams.
    #[command(flatten)]
    pub client: ClientSettings,

    /// Traces, metrics, logs.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl CommonSettings {
    /// Checks what belongs together, and completes what follows.
    ///
    /// # Errors
    /// [`Fatal::usage`], in one line that names the setting.
    pub fn complete(mut self) -> Result<Self, Fatal> {
        self.server.validate()?;
        self.client.tls = self.client.tls.or(&self.server.tls);
        Ok(self)
    }
}

/// Reads flags and variables of this process. Each may stand before a command,
/// between its words or behind them. Prints and exits if `--help` or `--version`
/// is asked for.
///
/// # Errors
/// [`Fatal::usage`], in one line that names the setting and repeats no value.
pub fn parse<S: Parser>() -> Result<S, Fatal> {
    from_words(std::env::args_os()).map_err(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        Fatal::from_clap(&error)
    })
}

/// As [`parse`], from `words`, the program's name first.
///
/// # Errors
/// As clap finds them.
pub fn from_words<S: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<S, clap::Error> {
    let line = S::command().mut_args(|setting| setting.global(true));
    S::from_arg_matches(&line.try_get_matches_from(words)?)
}

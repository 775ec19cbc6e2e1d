//! How the process ends: one line for a person, one code for a script.

use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;

use crate::telemetry::log::redact;

/// Exit codes, from sysexits.h.
pub mod code {
    /// Wrong settings: unknown, impossible or contradictory.
    pub const USAGE: u8 = 64;
    /// Stored data cannot be read.
    pub const DATA: u8 = 65;
    /// A port is taken, or something the process needs cannot be had.
    pub const UNAVAILABLE: u8 = 69;
    /// A defect of this program.
    pub const SOFTWARE: u8 = 70;
    /// A file or directory cannot be created or written.
    pub const CANT_CREATE: u8 = 73;
    /// Data or configuration belong to another version of the program.
    pub const CONFIG: u8 = 78;
}

/// Why the process cannot start or go on.
///
/// Displays as one line that says what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fatal {
    /// The exit code, see [`code`].
    pub code: u8,
    /// One line.
    pub message: Cow<'static, str>,
}

impl Fatal {
    /// An error that ends the process with `code`.
    ///
    /// Line breaks in `message` become spaces.
    pub fn new(code: u8, message: impl Into<Cow<'static, str>>) -> Self {
        let mut message = message.into();
        if message.contains(['\n', '\r']) {
            message = Cow::Owned(message.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        Self { code, message }
    }

    /// Wrong settings ([`code::USAGE`]).
    pub fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::USAGE, message)
    }

    /// Unreadable data ([`code::DATA`]).
    pub fn data(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::DATA, message)
    }

    /// Something needed cannot be had ([`code::UNAVAILABLE`]).
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::UNAVAILABLE, message)
    }

    /// A defect of this program ([`code::SOFTWARE`]).
    pub fn software(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::SOFTWARE, message)
    }

    /// A path that cannot be written ([`code::CANT_CREATE`]).
    pub fn cant_create(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::CANT_CREATE, message)
    }

    /// Data of another version ([`code::CONFIG`]).
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::CONFIG, message)
    }

    /// Wrong settings as `clap` found them, cut to one line.
    ///
    /// A password in a URL is left out. `--help` and `--version` are not errors:
    /// let `clap` print those.
    #[must_use]
    pub fn from_clap(error: &clap::Error) -> Self {
        let text = redact::scrub(error.render().to_string());
        let said = text
            .lines()
            .map(str::trim)
            .take_while(|line| !line.starts_with("Usage:"))
            .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
            .collect::<Vec<_>>()
            .join(" ");
        let said = said.strip_prefix("error: ").unwrap_or(&said).to_owned();
        Self::usage(format!("{said} (see --help)"))
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fatal {}

impl From<&Fatal> for ExitCode {
    fn from(fatal: &Fatal) -> Self {
        ExitCode::from(fatal.code)
    }
}

impl From<Fatal> for ExitCode {
    fn from(fatal: Fatal) -> Self {
        ExitCode::from(fatal.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_one_line() {
        assert_eq!(Fatal::data("a\n  b").to_string(), "a b");
    }

    #[test]
    fn clap_error_has_no_password() {
        let error = clap::Command::new("server")
            .arg(
                clap::Arg::new("store")
                    .long("store")
                    .value_parser(|_: &str| Err::<(), _>("is none")),
            )
            .try_get_matches_from(["server", "--store", "x://me:hunter2@host/y"])
            .unwrap_err();
        let fatal = Fatal::from_clap(&error);
        assert!(
            fatal.to_string().contains("x://me:[redacted]@host/y"),
            "{fatal}"
        );
    }

    #[test]
    fn clap_error_is_one_line() {
        let error = clap::Command::new("server")
            .arg(clap::Arg::new("listen").long("listen"))
            .try_get_matches_from(["server", "--lisen", "x"])
            .unwrap_err();
        let fatal = Fatal::from_clap(&error);
        assert_eq!(fatal.code, code::USAGE);
        assert!(!fatal.to_string().contains('\n'), "{fatal}");
        assert!(fatal.to_string().contains("--lisen"), "{fatal}");
    }
}

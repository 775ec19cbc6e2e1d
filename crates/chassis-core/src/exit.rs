//! How the process ends: one line for a person, one code for a script.

use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::printable::printable;

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
    /// Line breaks in `message` become spaces, and what else steers a terminal
    /// is written out.
    pub fn new(code: u8, message: impl Into<Cow<'static, str>>) -> Self {
        let mut message = message.into();
        if message.contains(['\n', '\r', '\t']) {
            message = Cow::Owned(message.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        if let Cow::Owned(plain) = printable(&message) {
            message = Cow::Owned(plain);
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

    /// Wrong settings as `clap` found them, on one line.
    ///
    /// No value is repeated: any may hold a secret, if only by mistake.
    /// `--help` and `--version` are not errors: let `clap` print those.
    #[must_use]
    pub fn from_clap(error: &clap::Error) -> Self {
        Self::usage(format!("{} (see --help)", said(error)))
    }
}

fn said(error: &clap::Error) -> String {
    let setting = context(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(error, &setting),
        ErrorKind::InvalidSubcommand => {
            "the first word that is no setting is no command".to_owned()
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let allowed = context(error, ContextKind::ValidValue);
            let why = match std::error::Error::source(error) {
                Some(why) => why.to_string(),
                None if allowed.is_empty() => "there is none".to_owned(),
                None => format!("it must be one of {allowed}"),
            };
            format!("invalid value for '{setting}': {why}")
        }
        kind => {
            let others = context(error, ContextKind::PriorArg);
            let others = match others.as_str() {
                "" => String::new(),
                others => format!(", with '{others}'"),
            };
            format!("'{setting}'{others}: {kind}")
        }
    }
}

/// A flag that does not exist is named if it looks like one: another word that
/// begins with a dash may be a value.
fn unknown(error: &clap::Error, word: &str) -> String {
    let name = word.split('=').next().unwrap_or_default();
    let is_flag = |name: &str| {
        name.len() <= 40
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let what = match name.strip_prefix("--") {
        Some(flag) if is_flag(flag) => format!("the setting '{name}'"),
        _ => "an argument".to_owned(),
    };
    let similar = context(error, ContextKind::SuggestedArg);
    let hint = match similar.as_str() {
        "" => String::new(),
        similar => format!("; is '{similar}' meant?"),
    };
    format!("{what} is not known{hint}")
}

/// What `clap` says of an error; of some kinds that is a value of the user's.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(all)) => all.join(", "),
        _ => String::new(),
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
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(
            Fatal::data("a\u{1b}[2J\u{9b}b\u{202e}").to_string(),
            "a\\u{1b}[2J\\u{9b}b\\u{202e}"
        );
    }

    fn refused(args: &[&str]) -> String {
        let store = clap::Arg::new("store")
            .long("store")
            .value_parser(|_: &str| Err::<(), _>("is none"));
        let mode = clap::Arg::new("mode")
            .long("mode")
            .value_parser(["on", "off"]);
        let flag = clap::Arg::new("flag")
            .long("flag")
            .action(clap::ArgAction::SetTrue);
        let error = clap::Command::new("server")
            .args([store, mode, flag])
            .subcommand(clap::Command::new("check"))
            .try_get_matches_from(["server"].iter().chain(args))
            .unwrap_err();
        Fatal::from_clap(&error).to_string()
    }

    #[test]
    fn no_value_is_repeated_wherever_it_stands() {
        for (args, words) in [
            (
                &["--store", "x://me:hunt/er2@host"][..],
                &["--store", "is none"][..],
            ),
            (&["--store=x://hunter2@host"], &["--store"]),
            (&["--mode", "hunter2"], &["--mode", "on, off"]),
            (&["--mode="], &["--mode"]),
            (&["--flag=hunter2"], &["--flag"]),
            (&["hunter2"], &["command"]),
            (&["x://me:hunter2@host"], &["command"]),
            (&["check", "hunter2"], &["argument"]),
            (&["--stor=hunter2"], &["--stor", "'--store'"]),
            (&["--stor", "hunter2"], &["--stor"]),
            (&["--mode", "--hunter2"], &["argument"]),
            (&["--hunter2"], &["argument"]),
            (&["-zhunter2"], &["argument"]),
            (&["--store"], &["--store"]),
        ] {
            let line = refused(args);
            assert!(
                !line.contains("hunt") && !line.contains("er2"),
                "{args:?}: {line}"
            );
            for word in words {
                assert!(line.contains(word), "{word} is not in: {line}");
            }
        }
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

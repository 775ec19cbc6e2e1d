//! Programs of other toolchains.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;

/// A command in `folder`.
pub(super) fn command(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(folder);
    command
}

/// Runs it; what it printed.
///
/// # Errors
///
/// With what it complained of; `needs` says what brings it, if it is not there.
pub(super) fn run(command: &mut Command, needs: &str) -> Result<Vec<u8>, Error> {
    with_input(command, &[], needs)
}

/// As [`run`], with this on its standard input.
pub(super) fn with_input(
    command: &mut Command,
    input: &[u8],
    needs: &str,
) -> Result<Vec<u8>, Error> {
    let shown = shown(command);
    let missing = |error| {
        Error::new(format!(
            "`{shown}` cannot be run ({error}): install {needs}"
        ))
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // One that reads nothing says why in its output.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let output = child.wait_with_output().map_err(missing)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    Err(Error::new(format!("`{shown}` failed: {}", said.trim())))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|it| it.to_string_lossy()).collect();
    words.join(" ")
}

//! What can be wrong with the .proto files.

use std::fmt;
use std::path::PathBuf;

/// Why no contract could be derived.
#[derive(Debug)]
pub enum Error {
    /// A file or folder could not be read.
    Io(PathBuf, std::io::Error),
    /// The files do not compile; the text names file, line and column.
    Compile(String),
    /// `offered.conf` is wrong.
    Offered(String),
    /// A derived file has no place for its tables.
    Markers(String),
    /// Annotations break the rules: every one of them, in the files' sequence.
    Policy(Vec<Problem>),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Compile(text) | Self::Offered(text) | Self::Markers(text) => f.write_str(text),
            Self::Policy(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    problem.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// One annotation that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The .proto file, relative to its root.
    pub file: String,
    /// Where the rpc or service starts; 1 is the first line.
    pub line: usize,
    /// And in which column of it; 1 is the first.
    pub column: usize,
    /// `package.Service` or `package.Service/Method`.
    pub subject: String,
    /// What is wrong and why it matters.
    pub reason: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            subject,
            reason,
            remedy,
        } = self;
        write!(f, "{file}:{line}:{column}: {subject}: {reason}; {remedy}")
    }
}

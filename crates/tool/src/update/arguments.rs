//! What `cargo xtask update` is told.

/// What is asked for; nothing means the newest version, as recorded.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A version, tag, branch or commit of the template.
    pub to: Option<String>,
    /// Where the template is, if not where the record says.
    pub source: Option<String>,
    /// The commit that the service was generated from, if not recorded.
    pub from: Option<String>,
    /// Answers that change.
    pub set: Vec<(String, String)>,
    /// Only says what would happen.
    pub dry_run: bool,
    /// Removes what an update left instead of making one.
    pub abort: bool,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (name, given) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = |what: &str| {
                (given.clone().or_else(|| arguments.next().cloned()))
                    .filter(|value| !value.is_empty())
                    .ok_or_else(|| format!("{name} needs {what}"))
            };
            match name {
                "--to" => options.to = Some(value("a version or a commit")?),
                "--source" => options.source = Some(value("a URL or a folder")?),
                "--from" => options.from = Some(value("a commit")?),
                "--set" => {
                    let said = value("KEY=ANSWER")?;
                    let (key, answer) = (said.split_once('='))
                        .ok_or_else(|| format!("--set needs KEY=ANSWER, not {said}"))?;
                    options.set.push((key.to_owned(), answer.to_owned()));
                }
                "--dry-run" if given.is_none() => options.dry_run = true,
                "--abort" if given.is_none() => options.abort = true,
                _ => return Err(format!("unexpected {argument}")),
            }
        }
        Ok(options)
    }
}

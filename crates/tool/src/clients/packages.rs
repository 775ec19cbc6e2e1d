//! What is asked for.

use std::path::PathBuf;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A Go module.
    Go,
    /// A Python wheel.
    Python,
    /// An npm package.
    Node,
    /// Maven artifacts.
    Java,
    /// A crate.
    Rust,
}

impl Language {
    /// All that there are.
    pub const ALL: [Self; 5] = [Self::Go, Self::Python, Self::Node, Self::Java, Self::Rust];

    /// Their names, for people.
    #[must_use]
    pub fn known() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// As it is called on the command line, and its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Python => "python",
            Self::Node => "node",
            Self::Java => "java",
            Self::Rust => "rust",
        }
    }
}

/// Which packages, and where.
#[derive(Debug, Clone)]
pub struct Packages {
    /// For whom.
    pub languages: Vec<Language>,
    /// The folder of all; `target/clients` of the service, if it is not said.
    pub out: Option<PathBuf>,
    /// What the Go module is called: where it is fetched from, such as
    /// `github.com/YOU/cart-client`. The package's name, if it is not said.
    pub go_module: Option<String>,
    /// The group of the Maven artifacts, such as `com.example`; how the
    /// package of what is offered begins, if it is not said.
    pub maven_group: Option<String>,
}

impl Packages {
    /// What the arguments behind `clients` say.
    ///
    /// # Errors
    ///
    /// One line that names what is wrong with them.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut packages = Self {
            languages: Vec::new(),
            out: None,
            go_module: None,
            maven_group: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (flag, value) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = || {
                let value = value.clone().or_else(|| arguments.next().cloned());
                value.ok_or(format!("{flag} needs a value"))
            };
            match flag {
                "--lang" => {
                    for name in value()?.split(',') {
                        let language = Language::ALL.into_iter().find(|it| it.name() == name);
                        let known = || format!("--lang {name}: there are {}", Language::known());
                        packages.languages.push(language.ok_or_else(known)?);
                    }
                }
                "--out" => packages.out = Some(value()?.into()),
                "--maven-group" => packages.maven_group = Some(value()?),
                "--go-module" => packages.go_module = Some(value()?),
                _ => return Err(format!("unexpected {argument}")),
            }
        }
        if packages.languages.is_empty() {
            packages.languages = Language::ALL.into();
        }
        packages.languages.dedup();
        Ok(packages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Packages, String> {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        Packages::parse(&words)
    }

    #[test]
    fn all_languages_unless_some_are_named() {
        assert_eq!(parse("").unwrap().languages, Language::ALL);
        let some = parse("--lang go,node --out=x --go-module example.com/y").unwrap();
        assert_eq!(some.languages, [Language::Go, Language::Node]);
        assert_eq!(some.out, Some("x".into()));
        assert_eq!(some.go_module.as_deref(), Some("example.com/y"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, said) in [
            ("--lang cobol", "--lang cobol: there are go"),
            ("--lang", "--lang needs a value"),
            ("go", "unexpected go"),
        ] {
            assert!(parse(words).unwrap_err().contains(said), "{words}");
        }
    }
}

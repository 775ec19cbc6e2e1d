//! Comments, in which Liquid hides.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::render;

const HEAD: &str = "{% capture source %}{% raw %}";
const TAIL: &str = "{% endraw %}{% endcapture %}";

/// How a comment line is written.
#[derive(Clone, Copy)]
pub(crate) struct Comment {
    open: &'static str,
    close: &'static str,
}

impl Comment {
    /// How it is written in `path`, if comments can hide Liquid there.
    pub(crate) fn of(path: &str) -> Option<Self> {
        // Helm would read the second marker as its own.
        if path.contains("helm/templates/") {
            return None;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let kind = name.rsplit_once('.').map_or(name, |(_, kind)| kind);
        let (open, close) = match kind {
            "rs" | "proto" | "go" | "mod" | "js" | "mjs" | "ts" | "java" | "kt" => ("//", ""),
            "sql" | "lua" => ("--", ""),
            "md" => ("<!--", "-->"),
            "yaml" | "yml" | "toml" | "py" | "sh" | "rb" | "Dockerfile" | "Makefile"
            | "dockerignore" | "gitignore" | "txt" | "env" | "conf" => ("#", ""),
            _ => return None,
        };
        Some(Self { open, close })
    }

    /// `text` between the two markers.
    ///
    /// Its first line must be a comment: the first marker's comment sign
    /// stays in the output and becomes that line's.
    pub(crate) fn marked(self, text: &str, path: &str) -> Result<String> {
        let Self { open, close } = self;
        let (shebang, body) = match text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#!/") => (format!("{first}\n"), rest),
            _ => (String::new(), text),
        };
        ensure!(
            body.starts_with(open) || path == "README.md",
            "must begin with a comment that says what the file is"
        );
        let body = body.trim_end();
        let close_head = if close.is_empty() {
            ""
        } else {
            " | remove_first: comment_close | lstrip"
        };
        let cut = render::cut(path);
        let mut extras = render::extras(path).to_owned();
        if body.contains(render::BINARY) {
            write!(
                extras,
                " | replace: \"{}\", new_binary_variable",
                render::BINARY
            )?;
        }
        let renames = if super::is_constant(path) {
            String::new()
        } else {
            super::renames()
        };
        Ok(format!(
            "{shebang}{open}{HEAD}{close}\n{body}\n{open}{TAIL}{cut}{{{{ source \
             | append: \"<end>\" | remove: \"{open}<end>\" | remove: \"<end>\" | lstrip{close_head} \
             | remove_first: \"{open}\"{extras}{renames} | remove: guard | rstrip }}}}\n"
        ))
    }

    /// `text` without markers.
    pub(crate) fn unmarked(self, text: &str) -> String {
        let head = format!("{}{HEAD}", self.open);
        let tail = format!("{}{TAIL}", self.open);
        let is_marker = |line: &str| line.starts_with(&head) || line.starts_with(&tail);
        if !text.lines().any(is_marker) {
            return text.to_owned();
        }
        text.split_inclusive('\n')
            .filter(|line| !is_marker(line))
            .collect()
    }
}

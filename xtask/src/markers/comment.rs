//! Comments, in which Liquid hides.

use anyhow::{Result, ensure};

/// What encloses the text while Liquid holds it: with it, the pre hook's pairs
/// find the two comment signs that the markers leave behind.
const EDGE: &str = "§";
const HEAD: &str = "{% capture source %}§{% raw %}";
/// The rules stand in hooks/pre.rhai: what is kept, and what is replaced by what.
const TAIL: &str = "{% endraw %}§{% endcapture %}\
    {% assign source = source | split: kept_from | last | split: kept_to | first %}\
    {% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}\
    {{ source | rstrip }}";

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
        ensure!(!body.contains(EDGE), "contains the markers' own {EDGE}");
        let body = body.trim_end();
        Ok(format!(
            "{shebang}{open}{HEAD}{close}\n{body}\n{open}{TAIL}\n"
        ))
    }

    /// `text` without markers.
    pub(crate) fn unmarked(self, text: &str) -> String {
        let head = format!("{}{{% capture source %}}", self.open);
        let tail = format!("{}{{% endraw %}}", self.open);
        let is_marker = |line: &str| line.starts_with(&head) || line.starts_with(&tail);
        if !text.lines().any(is_marker) {
            return text.to_owned();
        }
        text.split_inclusive('\n')
            .filter(|line| !is_marker(line))
            .collect()
    }
}

//! Comments, in which Liquid hides.

use anyhow::{Result, ensure};

/// What encloses the text while Liquid holds it: with it, the pre hook's pairs
/// find the two comment signs that the markers leave behind.
const EDGE: &str = "§";
const HEAD: &str = "{% capture source %}§{% raw %}";
/// The rules stand in hooks/pre.rhai: what is kept, what is cut out (from where and
/// to where), and what is replaced by what.
const TAIL: &str = "{% endraw %}§{% endcapture %}\
    {% assign source = source | split: kept_from | last | split: kept_to | first %}\
    {% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}\
    {% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}\
    {% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}\
    {% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}\
    {% endif %}{% endfor %}{% endcapture %}{% endfor %}\
    {% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}\
    {{ source | rstrip }}";

/// How a comment is written: what stands around Liquid in the first marker, and in the last.
#[derive(Clone, Copy)]
pub(crate) struct Comment {
    head: (&'static str, &'static str),
    tail: (&'static str, &'static str),
    kind: Kind,
}

/// Whether the markers are lines of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lines,
    /// Two values: JSON has no comments.
    Values,
}

/// The chart's schema has these in any case, in this sequence.
const JSON_HEAD: (&str, &str) = ("  \"$comment\": \"What values.yaml may say.", "\",");
const JSON_TAIL: (&str, &str) = ("  \"x-descriptions\": \"values.yaml", "\"");

impl Comment {
    /// How it is written in `path`, if comments can hide Liquid there.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let kind = name.rsplit_once('.').map_or(name, |(_, kind)| kind);
        let (open, close) = match kind {
            // Outside of what it defines nothing of such a file is ever rendered, but
            // Helm would read the last marker as its own.
            "tpl" => {
                return Some(Self {
                    head: ("#", ""),
                    tail: ("{{/*", "{% comment %}*/}}{% endcomment %}"),
                    kind: Kind::Lines,
                });
            }
            _ if path.contains("helm/templates/") => return None,
            "json" if name == "values.schema.json" => {
                return Some(Self {
                    head: JSON_HEAD,
                    tail: JSON_TAIL,
                    kind: Kind::Values,
                });
            }
            "rs" | "proto" | "go" | "mod" | "js" | "mjs" | "ts" | "java" | "kt" => ("//", ""),
            "sql" | "lua" => ("--", ""),
            "md" => ("<!--", "-->"),
            "yaml" | "yml" | "toml" | "py" | "sh" | "rb" | "Dockerfile" | "Makefile"
            | "dockerignore" | "gitignore" | "txt" | "env" | "conf" => ("#", ""),
            _ => return None,
        };
        Some(Self {
            head: (open, close),
            tail: (open, ""),
            kind: Kind::Lines,
        })
    }

    /// `text` between the two markers.
    ///
    /// Its first line must be a comment: the first marker's comment sign
    /// stays in the output and becomes that line's.
    pub(crate) fn marked(self, text: &str, path: &str) -> Result<String> {
        let (head, tail) = (self.head, self.tail);
        ensure!(!text.contains(EDGE), "contains the markers' own {EDGE}");
        if self.kind == Kind::Values {
            let [plain_head, plain_tail] = self.plain();
            ensure!(
                text.contains(&plain_head) && text.contains(&plain_tail),
                "must have the lines {plain_head} and {plain_tail}"
            );
            let marked_head = format!("{}{HEAD}{}", head.0, head.1);
            let marked_tail = format!("{}{TAIL}{}", tail.0, tail.1);
            let marked = text.replace(&plain_head, &marked_head);
            return Ok(marked.replace(&plain_tail, &marked_tail));
        }
        let (shebang, body) = match text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#!/") => (format!("{first}\n"), rest),
            _ => (String::new(), text),
        };
        ensure!(
            body.starts_with(head.0) || path == "README.md",
            "must begin with a comment that says what the file is"
        );
        let body = body.trim_end();
        Ok(format!(
            "{shebang}{}{HEAD}{}\n{body}\n{}{TAIL}{}\n",
            head.0, head.1, tail.0, tail.1
        ))
    }

    /// `text` without markers.
    pub(crate) fn unmarked(self, text: &str) -> String {
        let head = format!("{}{{% capture source %}}", self.head.0);
        let tail = format!("{}{{% endraw %}}", self.tail.0);
        let [plain_head, plain_tail] = self.plain();
        let mut unmarked = String::new();
        for line in text.split_inclusive('\n') {
            let plain = if line.starts_with(&head) {
                &plain_head
            } else if line.starts_with(&tail) {
                &plain_tail
            } else {
                unmarked.push_str(line);
                continue;
            };
            if self.kind == Kind::Values {
                unmarked = unmarked + plain + "\n";
            }
        }
        unmarked
    }

    /// The two lines of a file that has the markers in values, without Liquid.
    fn plain(self) -> [String; 2] {
        [self.head, self.tail].map(|(before, after)| format!("{before}{after}"))
    }
}

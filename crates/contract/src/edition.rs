//! Edition 2023, which protox does not know, as the proto3 that is the same on
//! the wire and in Rust: fields whose presence is tracked become `optional`,
//! `features` go. What proto3 cannot say is refused.

mod tokens;

use std::ops::Range;

use tokens::{Token, tokens};

/// Why a file cannot be read as proto3: the line, and what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// Features that matter, as they hold for a scope.
#[derive(Debug, Clone, Copy)]
struct Features {
    /// Whether fields know that they are there.
    explicit: bool,
    /// Whether numbers are packed.
    packed: bool,
}

/// What is between a pair of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    File,
    Message,
    Oneof,
    /// Enumerations, services, rpcs, extensions: no presence to track.
    Other,
}

/// `text` as proto3 if it declares an edition; every line stays where it is.
///
/// # Errors
///
/// If proto3 cannot say the same.
pub(crate) fn as_proto3(text: &str) -> Result<Option<String>, Refusal> {
    let tokens = tokens(text);
    if !tokens.iter().any(|it| it.text == "edition") {
        return Ok(None);
    }
    let mut rewrite = Rewrite {
        text,
        tokens: &tokens,
        edits: Vec::new(),
        edition: false,
    };
    rewrite.run()?;
    Ok(rewrite.edition.then(|| rewrite.edited()))
}

struct Rewrite<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    edits: Vec<(Range<usize>, String)>,
    edition: bool,
}

impl Rewrite<'_> {
    fn run(&mut self) -> Result<(), Refusal> {
        let mut scopes = vec![(
            Scope::File,
            Features {
                explicit: true,
                packed: true,
            },
        )];
        let mut at = 0;
        while at < self.tokens.len() {
            let Some(&(scope, features)) = scopes.last() else {
                break;
            };
            if self.tokens[at].text == "}" {
                scopes.pop();
                at += 1;
                continue;
            }
            let (end, opens) = self.statement(at);
            let first = self.tokens[at].text;
            let is_named = |word: &str| first == word && opens;
            match first {
                "edition" if scope == Scope::File => self.declare(at, end)?,
                "option" => {
                    let changed = self.option(at, end, features)?;
                    if let Some(last) = scopes.last_mut() {
                        last.1 = changed;
                    }
                }
                ";" | "syntax" | "package" | "import" | "reserved" | "extensions" | "rpc" => {}
                _ if !opens => self.field(at, end, scope, features)?,
                _ => {}
            }
            if opens {
                let within = if is_named("message") {
                    Scope::Message
                } else if is_named("oneof") {
                    Scope::Oneof
                } else {
                    Scope::Other
                };
                scopes.push((within, features));
            }
            at = end + 1;
        }
        Ok(())
    }

    /// The token that ends the statement, and whether it opens a scope.
    fn statement(&self, from: usize) -> (usize, bool) {
        let mut depth = 0_usize;
        let is_option = self.tokens[from].text == "option";
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            match token.text {
                "{" if depth == 0 && !is_option => return (at, true),
                "[" | "{" => depth += 1,
                "]" | "}" => depth = depth.saturating_sub(1),
                ";" if depth == 0 => return (at, false),
                _ => {}
            }
        }
        (self.tokens.len() - 1, false)
    }

    fn declare(&mut self, at: usize, end: usize) -> Result<(), Refusal> {
        let edition = self.tokens.get(at + 2).map_or("", |it| it.text);
        let edition = edition.trim_matches(['"', '\'']);
        if edition != "2023" {
            return Err(self.refuse(at, format!("edition {edition} is not understood, 2023 is")));
        }
        self.edition = true;
        self.replace(at, end, "syntax = \"proto3\";");
        Ok(())
    }

    /// `option features.… = …;` for all of a scope.
    fn option(&mut self, at: usize, end: usize, features: Features) -> Result<Features, Refusal> {
        let name = self.tokens.get(at + 1).map_or("", |it| it.text);
        if !name.starts_with("features.") {
            return Ok(features);
        }
        let changed = self.feature(at + 1, features)?;
        self.replace(at, end, "");
        Ok(changed)
    }

    /// `features.… = …` from token `at` on, applied.
    fn feature(&self, at: usize, features: Features) -> Result<Features, Refusal> {
        let (name, value) = (self.tokens[at].text, self.tokens.get(at + 2));
        let value = value.map_or("", |it| it.text);
        match (name, value) {
            ("features.field_presence", "EXPLICIT" | "IMPLICIT") => Ok(Features {
                explicit: value == "EXPLICIT",
                ..features
            }),
            ("features.repeated_field_encoding", "PACKED" | "EXPANDED") => Ok(Features {
                packed: value == "PACKED",
                ..features
            }),
            ("features.enum_type", "OPEN")
            | ("features.message_encoding", "LENGTH_PREFIXED")
            | ("features.utf8_validation" | "features.json_format", _) => Ok(features),
            _ => Err(self.refuse(at, format!("{name} = {value} cannot be said in proto3"))),
        }
    }

    fn field(
        &mut self,
        at: usize,
        end: usize,
        scope: Scope,
        features: Features,
    ) -> Result<(), Refusal> {
        let mut own = features;
        let open = (at..end).find(|it| self.tokens[*it].text == "[");
        let mut kept = Vec::new();
        if let Some(open) = open {
            for entry in self.entries(open + 1, end) {
                let name = self.tokens[entry.start].text;
                if name.starts_with("features.") {
                    own = self.feature(entry.start, own)?;
                } else if name == "default" {
                    return Err(self.refuse(entry.start, "proto3 has no default values".to_owned()));
                } else {
                    kept.push(self.slice(entry));
                }
            }
        }
        let first = self.tokens[at].text;
        let is_list = first == "repeated";
        if is_list && !own.packed {
            kept.push("packed = false".to_owned());
        }
        let plain = scope == Scope::Message && !is_list && first != "map";
        if plain && own.explicit {
            let start = self.tokens[at].start;
            self.edits.push((start..start, "optional ".to_owned()));
        }
        let list = if kept.is_empty() {
            String::new()
        } else {
            format!("[{}]", kept.join(", "))
        };
        match open {
            Some(open) => self.replace(open, end, &format!("{list};")),
            None if !list.is_empty() => self.replace(end, end, &format!(" {list};")),
            None => {}
        }
        Ok(())
    }

    /// What stands between the commas of a list of options.
    fn entries(&self, from: usize, end: usize) -> Vec<Range<usize>> {
        let (mut depth, mut start) = (0_usize, from);
        let mut entries = Vec::new();
        for at in from..end {
            match self.tokens[at].text {
                "]" if depth == 0 => {
                    entries.push(start..at);
                    break;
                }
                "," if depth == 0 => {
                    entries.push(start..at);
                    start = at + 1;
                }
                "{" | "[" | "(" => depth += 1,
                "}" | "]" | ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        entries.retain(|entry| !entry.is_empty());
        entries
    }

    fn slice(&self, entry: Range<usize>) -> String {
        let (first, last) = (&self.tokens[entry.start], &self.tokens[entry.end - 1]);
        self.text[first.start..last.end()].to_owned()
    }

    /// Tokens `from` to `to` by `with`; lines that are lost come back behind it.
    fn replace(&mut self, from: usize, to: usize, with: &str) {
        let range = self.tokens[from].start..self.tokens[to].end();
        let lines = |text: &str| text.matches('\n').count();
        let lost = lines(&self.text[range.clone()]).saturating_sub(lines(with));
        self.edits
            .push((range, format!("{with}{}", "\n".repeat(lost))));
    }

    fn edited(&mut self) -> String {
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(self.text.len());
        let mut done = 0;
        for (range, with) in &self.edits {
            out.push_str(&self.text[done..range.start]);
            out.push_str(with);
            done = range.end;
        }
        out.push_str(&self.text[done..]);
        out
    }

    fn refuse(&self, at: usize, reason: String) -> Refusal {
        let line = self.text[..self.tokens[at].start].matches('\n').count() + 1;
        Refusal { line, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "// A file.\nedition = \"2023\";\npackage a;\n";

    fn rewritten(text: &str) -> String {
        let text = as_proto3(&format!("{HEAD}{text}")).unwrap();
        let text = text.expect("an edition");
        let body = text.strip_prefix("// A file.\nsyntax = \"proto3\";\npackage a;\n");
        body.expect("proto3").to_owned()
    }

    #[test]
    fn presence_and_packing_are_said_as_proto3_says_them() {
        assert_eq!(
            rewritten(
                "message M { string a = 1; repeated int32 b = 2; map<string, M> c = 3;\n oneof d { M \
                 e = 4; } }\nenum E { Z = 0; }\nservice S { rpc R(M) returns (M); }\n"
            ),
            "message M { optional string a = 1; repeated int32 b = 2; map<string, M> c = 3;\n oneof \
             d { M e = 4; } }\nenum E { Z = 0; }\nservice S { rpc R(M) returns (M); }\n"
        );
        assert_eq!(
            rewritten(
                "option features.field_presence = IMPLICIT;\nmessage M { int32 a = 1;\nint32 b = 2 \
                 [features.field_presence = EXPLICIT, deprecated = true]; repeated int32 c = 3 \
                 [features.repeated_field_encoding =\nEXPANDED]; }\n"
            ),
            "\nmessage M { int32 a = 1;\noptional int32 b = 2 [deprecated = true]; repeated int32 c \
             = 3 [packed = false];\n }\n"
        );
    }

    #[test]
    fn what_proto3_cannot_say_is_refused_and_other_files_are_left_alone() {
        let refused = |text: &str| as_proto3(&format!("{HEAD}{text}")).unwrap_err();
        assert_eq!(
            refused("enum E {\n option features.enum_type = CLOSED; A = 1; }"),
            Refusal {
                line: 5,
                reason: "features.enum_type = CLOSED cannot be said in proto3".to_owned()
            }
        );
        assert_eq!(refused("message M { int32 a = 1 [default = 7]; }").line, 4);
        assert_eq!(as_proto3("edition = \"2024\";").unwrap_err().line, 1);
        assert_eq!(
            as_proto3("syntax = \"proto3\"; // edition = \"2023\"\n"),
            Ok(None)
        );
        assert_eq!(as_proto3("message M { int32 edition = 1; }"), Ok(None));
    }
}

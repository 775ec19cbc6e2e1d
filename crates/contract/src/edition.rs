//! Edition 2023, which protox does not know, as the proto3 that is the same on
//! the wire and in Rust: fields whose presence is tracked become `optional`,
//! `features` go. A file with what proto3 cannot say (defaults, required fields,
//! closed enumerations, extensions) becomes proto2, if all of its fields track
//! presence. What neither can say is refused.

mod tokens;

use std::ops::Range;

use tokens::{Token, tokens};

/// Why a file cannot be read: line, column, and what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// Features that matter, as they hold for a scope.
#[derive(Debug, Clone, Copy)]
struct Features {
    /// Whether fields know that they are there.
    explicit: bool,
    /// Whether a field has to be there; it counts for one field.
    required: bool,
    /// Whether numbers are packed.
    packed: bool,
}

/// What is between a pair of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    File,
    Message,
    Oneof,
    Extend,
    /// Enumerations, services, rpcs: no presence to track.
    Other,
}

/// What a file is rewritten to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Proto2,
    Proto3,
}

/// `text` as proto3, else as proto2, if it declares an edition; every line stays where
/// it is.
///
/// # Errors
///
/// If neither can say the same.
pub(crate) fn as_syntax(text: &str) -> Result<Option<String>, Refusal> {
    let tokens = tokens(text);
    if !tokens.iter().any(|it| it.text == "edition") {
        return Ok(None);
    }
    let rewritten = |syntax| {
        let mut rewrite = Rewrite {
            text,
            tokens: &tokens,
            syntax,
            edits: Vec::new(),
            edition: false,
        };
        rewrite.run()?;
        Ok(rewrite.edition.then(|| rewrite.edited()))
    };
    rewritten(Syntax::Proto3).or_else(|_: Refusal| rewritten(Syntax::Proto2))
}

/// Types of which a list is packed.
const PACKED: [&str; 13] = [
    "bool", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64",
    "sint32", "sint64", "uint32", "uint64",
];

struct Rewrite<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    syntax: Syntax,
    edits: Vec<(Range<usize>, String)>,
    edition: bool,
}

impl Rewrite<'_> {
    fn run(&mut self) -> Result<(), Refusal> {
        let mut scopes = vec![(
            Scope::File,
            Features {
                explicit: true,
                required: false,
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
                "extensions" => self.only_in_proto2(at, "extensions")?,
                "extend" if opens && !self.is_of_options(at) => {
                    self.only_in_proto2(at, "extensions of what are no options")?;
                }
                ";" | "syntax" | "package" | "import" | "reserved" | "rpc" => {}
                _ if !opens => self.field(at, end, scope, features)?,
                _ => {}
            }
            if opens {
                let within = if is_named("message") {
                    Scope::Message
                } else if is_named("oneof") {
                    Scope::Oneof
                } else if is_named("extend") {
                    Scope::Extend
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
        let syntax = match self.syntax {
            Syntax::Proto2 => "syntax = \"proto2\";",
            Syntax::Proto3 => "syntax = \"proto3\";",
        };
        self.replace(at, end, syntax);
        Ok(())
    }

    /// Whether what `extend` names at `at` are options, which proto3 can extend.
    fn is_of_options(&self, at: usize) -> bool {
        let of = self.tokens.get(at + 1).map_or("", |it| it.text);
        let of = of.trim_start_matches('.');
        of.starts_with("google.protobuf.") && of.ends_with("Options")
    }

    fn only_in_proto2(&self, at: usize, what: &str) -> Result<(), Refusal> {
        if self.syntax == Syntax::Proto2 {
            return Ok(());
        }
        Err(self.refuse(at, format!("proto3 has no {what}")))
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
                required: false,
                ..features
            }),
            ("features.field_presence", "LEGACY_REQUIRED") => {
                self.only_in_proto2(at, "required fields")?;
                let required = true;
                Ok(Features {
                    required,
                    ..features
                })
            }
            ("features.enum_type", "CLOSED") => {
                self.only_in_proto2(at, "closed enumerations")?;
                Ok(features)
            }
            ("features.repeated_field_encoding", "PACKED" | "EXPANDED") => Ok(Features {
                packed: value == "PACKED",
                ..features
            }),
            ("features.enum_type", "OPEN")
            | ("features.message_encoding", "LENGTH_PREFIXED")
            | ("features.utf8_validation" | "features.json_format", _) => Ok(features),
            _ => {
                let reason =
                    format!("{name} = {value} can be said neither in proto2 nor in proto3");
                Err(self.refuse(at, reason))
            }
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
                } else {
                    if name == "default" {
                        self.only_in_proto2(entry.start, "default values")?;
                    }
                    kept.push(self.slice(entry));
                }
            }
        }
        let first = self.tokens[at].text;
        let is_list = first == "repeated";
        // A list of an enumeration is written unpacked in proto2, which all can read.
        let packs = self
            .tokens
            .get(at + 1)
            .is_some_and(|it| PACKED.contains(&it.text));
        match self.syntax {
            Syntax::Proto3 if is_list && !own.packed => kept.push("packed = false".to_owned()),
            Syntax::Proto2 if is_list && own.packed && packs => {
                kept.push("packed = true".to_owned());
            }
            _ => {}
        }
        let labelled = match self.syntax {
            Syntax::Proto2 => matches!(scope, Scope::Message | Scope::Extend),
            Syntax::Proto3 => scope == Scope::Message && own.explicit,
        };
        if labelled && !is_list && first != "map" {
            if !own.explicit && scope == Scope::Message {
                let what = "implicit presence in a file that has to be proto2".to_owned();
                return Err(self.refuse(at, what));
            }
            let label = if own.required {
                "required "
            } else {
                "optional "
            };
            let start = self.tokens[at].start;
            self.edits.push((start..start, label.to_owned()));
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
        let before = &self.text[..self.tokens[at].start];
        let last = before.rsplit('\n').next().unwrap_or_default();
        Refusal {
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "// A file.\nedition = \"2023\";\npackage a;\n";

    fn rewritten(text: &str) -> String {
        let text = as_syntax(&format!("{HEAD}{text}")).unwrap();
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
    fn what_proto3_cannot_say_is_said_in_proto2() {
        for (text, expected) in [
            (
                "enum E {\n option features.enum_type = CLOSED; A = 1; }",
                "enum E {\n  A = 1; }",
            ),
            (
                "message M { int32 a = 1 [default = 7]; repeated E b = 2; repeated int32 c = 3;\n \
                 string d = 4 [features.field_presence = LEGACY_REQUIRED]; oneof e { M f = 5; } \
                 extensions 100 to 200; }\nextend M { string g = 100; repeated int64 h = 101; }",
                "message M { optional int32 a = 1 [default = 7]; repeated E b = 2; repeated int32 c \
                 = 3 [packed = true];\n required string d = 4 ; oneof e { M f = 5; } extensions 100 \
                 to 200; }\nextend M { optional string g = 100; repeated int64 h = 101 [packed = \
                 true]; }",
            ),
        ] {
            let text = as_syntax(&format!("{HEAD}{text}")).unwrap();
            let head = HEAD.replace("edition = \"2023\"", "syntax = \"proto2\"");
            assert_eq!(text, Some(format!("{head}{expected}")));
        }
    }

    #[test]
    fn what_neither_can_say_is_refused_and_other_files_are_left_alone() {
        let refused = |text: &str| as_syntax(&format!("{HEAD}{text}")).unwrap_err();
        assert_eq!(
            refused("message M {\n M a = 1 [features.message_encoding = DELIMITED]; }"),
            Refusal {
                line: 5,
                column: 11,
                reason:
                    "features.message_encoding = DELIMITED can be said neither in proto2 nor in \
                         proto3"
                        .to_owned()
            }
        );
        let mixed = "message M { int32 a = 1 [default = 7];\n int32 b = 2 [features.field_presence = \
                     IMPLICIT]; }";
        assert_eq!(refused(mixed).line, 5);
        assert_eq!(as_syntax("edition = \"2024\";").unwrap_err().line, 1);
        assert_eq!(
            as_syntax("syntax = \"proto3\"; // edition = \"2023\"\n"),
            Ok(None)
        );
        assert_eq!(as_syntax("message M { int32 edition = 1; }"), Ok(None));
    }
}

//! The text of a file of an edition, statement by statement.

use std::ops::Range;

use super::features::{Features, Presence};
use super::marks::Marks;
use super::shifts::Shifts;
use super::tokens::Token;
use super::{Lowered, Refusal};

/// What is between a pair of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    File,
    Message,
    Oneof,
    Extend,
    Enum,
    /// Services, rpcs: no presence to track.
    Other,
}

/// A scope that the statement is in.
struct Level {
    scope: Scope,
    features: Features,
    /// Of what is declared in it: `Message.Inner.`.
    prefix: String,
}

/// What a file is rewritten to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Proto2,
    Proto3,
    /// The text as proto2, and [`Marks`] of what that cannot say.
    Marked,
}

/// Types of which a list is packed.
const PACKED: [&str; 13] = [
    "bool", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64",
    "sint32", "sint64", "uint32", "uint64",
];

/// What is made of one file.
pub(super) struct Rewrite<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    syntax: Syntax,
    edits: Vec<(Range<usize>, String)>,
    edition: bool,
    marks: Marks,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token<'a>], syntax: Syntax) -> Self {
        Self {
            text,
            tokens,
            syntax,
            edits: Vec::new(),
            edition: false,
            marks: Marks::default(),
        }
    }

    /// The text in that syntax, if it declares an edition, and what it cannot say.
    ///
    /// # Errors
    ///
    /// If the syntax cannot say the same.
    pub(super) fn run(mut self) -> Result<Option<Lowered>, Refusal> {
        self.statements()?;
        let (text, shifts) = self.edited();
        let marks = (self.syntax == Syntax::Marked).then_some(self.marks);
        let lowered = Lowered {
            text,
            shifts,
            marks,
        };
        Ok(self.edition.then_some(lowered))
    }

    fn statements(&mut self) -> Result<(), Refusal> {
        let mut levels = vec![Level {
            scope: Scope::File,
            features: Features::default(),
            prefix: String::new(),
        }];
        let mut at = 0;
        while at < self.tokens.len() {
            let Some(level) = levels.last() else {
                break;
            };
            if self.tokens[at].text == "}" {
                self.close(level);
                levels.pop();
                at += 1;
                continue;
            }
            let (end, opens) = self.statement(at);
            match self.tokens[at].text {
                "edition" if level.scope == Scope::File => self.declare(at, end)?,
                "option" => {
                    let changed = self.option(at, end, level.features)?;
                    if let Some(last) = levels.last_mut() {
                        last.features = changed;
                    }
                }
                "extensions" => self.not_in_proto3(at, "extensions")?,
                "extend" if opens && !self.is_of_options(at) => {
                    self.not_in_proto3(at, "extensions of what are no options")?;
                }
                ";" | "syntax" | "package" | "import" | "rpc" => {}
                "reserved" => self.reserved(at, end),
                _ if !opens => self.field(at, end, level)?,
                _ => {}
            }
            if opens && let Some(around) = levels.last() {
                levels.push(self.opened(at, around));
            }
            at = end + 1;
        }
        Ok(())
    }

    /// What the statement at `at` opens.
    fn opened(&self, at: usize, around: &Level) -> Level {
        let scope = match self.tokens[at].text {
            "message" => Scope::Message,
            "oneof" => Scope::Oneof,
            "extend" => Scope::Extend,
            "enum" => Scope::Enum,
            _ => Scope::Other,
        };
        let name = self.tokens.get(at + 1).map_or("", |it| it.text);
        let prefix = match scope {
            Scope::Message | Scope::Enum => format!("{}{name}.", around.prefix),
            _ => around.prefix.clone(),
        };
        Level {
            scope,
            features: around.features,
            prefix,
        }
    }

    fn close(&mut self, level: &Level) {
        if level.scope == Scope::Enum && level.features.closed {
            let name = level.prefix.trim_end_matches('.').to_owned();
            self.marks.closed.insert(name);
        }
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
            Syntax::Proto2 | Syntax::Marked => "syntax = \"proto2\";",
            Syntax::Proto3 => "syntax = \"proto3\";",
        };
        self.replace(at, end, syntax);
        Ok(())
    }

    /// Names that are reserved: in an edition they are words, before it texts.
    fn reserved(&mut self, at: usize, end: usize) {
        let is_name = |word: &str| word.starts_with(|it: char| it.is_alphabetic() || it == '_');
        if !self.tokens.get(at + 1).is_some_and(|it| is_name(it.text)) {
            return;
        }
        for at in at + 1..end {
            let name = self.tokens[at].text;
            if is_name(name) {
                self.replace(at, at, &format!("\"{name}\""));
            }
        }
    }

    /// Whether what `extend` names at `at` are options, which proto3 can extend.
    fn is_of_options(&self, at: usize) -> bool {
        let of = self.tokens.get(at + 1).map_or("", |it| it.text);
        let of = of.trim_start_matches('.');
        of.starts_with("google.protobuf.") && of.ends_with("Options")
    }

    fn not_in_proto3(&self, at: usize, what: &str) -> Result<(), Refusal> {
        if self.syntax != Syntax::Proto3 {
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
        let changed = features
            .with(name, value)
            .ok_or_else(|| self.refuse(at, format!("{name} = {value} is not understood")))?;
        match (name, value) {
            ("features.field_presence", "LEGACY_REQUIRED") => {
                self.not_in_proto3(at, "required fields")?;
            }
            ("features.enum_type", "CLOSED") => self.not_in_proto3(at, "closed enumerations")?,
            ("features.message_encoding", "DELIMITED") if self.syntax != Syntax::Marked => {
                let reason = "delimited messages by another name than their type's";
                return Err(self.refuse(at, reason.to_owned()));
            }
            _ => {}
        }
        Ok(changed)
    }

    fn field(&mut self, at: usize, end: usize, level: &Level) -> Result<(), Refusal> {
        let scope = level.scope;
        let mut own = level.features;
        let open = (at..end).find(|it| self.tokens[*it].text == "[");
        let mut kept = Vec::new();
        if let Some(open) = open {
            for entry in self.entries(open + 1, end) {
                let name = self.tokens[entry.start].text;
                if name.starts_with("features.") {
                    own = self.feature(entry.start, own)?;
                } else {
                    if name == "default" {
                        self.not_in_proto3(entry.start, "default values")?;
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
            Syntax::Proto3 | Syntax::Marked if is_list && !own.packed => {
                kept.push("packed = false".to_owned());
            }
            Syntax::Proto2 | Syntax::Marked if is_list && own.packed && packs => {
                kept.push("packed = true".to_owned());
            }
            _ => {}
        }
        let labelled = match self.syntax {
            Syntax::Proto2 | Syntax::Marked => matches!(scope, Scope::Message | Scope::Extend),
            Syntax::Proto3 => scope == Scope::Message && own.presence != Presence::Implicit,
        };
        if labelled && !is_list && first != "map" {
            if self.syntax == Syntax::Proto2
                && own.presence == Presence::Implicit
                && scope == Scope::Message
            {
                let what = "implicit presence in a file that has to be proto2".to_owned();
                return Err(self.refuse(at, what));
            }
            let label = if own.presence == Presence::Required {
                "required "
            } else {
                "optional "
            };
            let start = self.tokens[at].start;
            self.edits.push((start..start, label.to_owned()));
        }
        if matches!(scope, Scope::Message | Scope::Oneof | Scope::Extend) && first != "map" {
            self.mark(at, end, own, level);
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

    /// Notes what of a field proto2 cannot say.
    fn mark(&mut self, at: usize, end: usize, own: Features, level: &Level) {
        let Some(is) = (at..end).find(|it| self.tokens[*it].text == "=") else {
            return;
        };
        let name = format!("{}{}", level.prefix, self.tokens[is - 1].text);
        if own.delimited {
            self.marks.delimited.insert(name.clone());
        }
        if own.presence == Presence::Implicit && level.scope == Scope::Message {
            self.marks.implicit.insert(name);
        }
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

    fn edited(&mut self) -> (String, Shifts) {
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(self.text.len());
        let mut places = Vec::new();
        let mut done = 0;
        for (range, with) in &self.edits {
            out.push_str(&self.text[done..range.start]);
            places.push((out.len()..out.len() + with.len(), range.clone()));
            out.push_str(with);
            done = range.end;
        }
        out.push_str(&self.text[done..]);
        let shifts = Shifts::new(places, &out, self.text);
        (out, shifts)
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

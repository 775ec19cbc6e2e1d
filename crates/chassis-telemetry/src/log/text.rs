//! An event as one line.

use std::fmt::{Debug, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use chassis_core::printable::is_hidden;
use opentelemetry::{SpanId, TraceId};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::redact;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One JSON object.
    Json,
    /// For people; `colour` where a terminal shows it.
    Pretty {
        /// ANSI colours.
        colour: bool,
    },
}

/// Appends `event` to `out`, with a newline.
pub(super) fn write(
    out: &mut String,
    style: Style,
    event: &Event<'_>,
    ids: Option<(TraceId, SpanId)>,
) {
    let metadata = event.metadata();
    // The lines about calls hold what this crate put there, and are many.
    let trusted = metadata.target() == crate::names::TARGET;
    match style {
        Style::Json => {
            out.push_str("{\"timestamp\":\"");
            timestamp(out);
            let _ = write!(out, "\",\"level\":\"{}\",\"target\":", metadata.level());
            json_string(out, metadata.target());
            event.record(&mut Json { out, trusted });
            if let Some((trace, span)) = ids {
                let _ = write!(out, ",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"");
            }
            out.push_str("}\n");
        }
        Style::Pretty { colour } => {
            timestamp(out);
            let (on, off) = if colour {
                (shade(*metadata.level()), "\x1b[0m")
            } else {
                ("", "")
            };
            let _ = write!(
                out,
                " {on}{:>5}{off} {}:",
                metadata.level(),
                metadata.target()
            );
            event.record(&mut Pretty { out });
            if let Some((trace, _)) = ids {
                let _ = write!(out, " trace_id={trace}");
            }
            out.push('\n');
        }
    }
}

fn shade(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// RFC 3339, UTC, microseconds.
fn timestamp(out: &mut String) {
    // A clock before 1970 is not set.
    let now = SystemTime::now().max(UNIX_EPOCH);
    let _ = write!(out, "{}", humantime::format_rfc3339_micros(now));
}

/// Escapes what is written through it as the inside of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut plain = 0;
        for (at, character) in text.char_indices() {
            let escape = match character {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ if is_hidden(character) => "",
                _ => continue,
            };
            self.0.push_str(&text[plain..at]);
            plain = at + character.len_utf8();
            if escape.is_empty() {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
            } else {
                self.0.push_str(escape);
            }
        }
        self.0.push_str(&text[plain..]);
        Ok(())
    }
}

fn json_string(out: &mut String, text: &str) {
    out.push('"');
    let _ = Escaped(out).write_str(text);
    out.push('"');
}

struct Json<'a> {
    out: &'a mut String,
    trusted: bool,
}

impl Json<'_> {
    fn key(&mut self, name: &str) {
        self.out.push_str(",\"");
        // What the line says of itself comes first and is said once.
        if matches!(
            name,
            "timestamp" | "level" | "target" | "trace_id" | "span_id"
        ) {
            self.out.push_str("field.");
        }
        let _ = Escaped(self.out).write_str(name);
        self.out.push_str("\":");
    }

    fn number(&mut self, field: &Field, value: impl std::fmt::Display) {
        self.key(field.name());
        let _ = write!(self.out, "{value}");
    }
}

impl Visit for Json<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.trusted {
            self.key(field.name());
            self.out.push('"');
            let _ = write!(Escaped(self.out), "{value:?}");
            self.out.push('"');
        } else {
            self.record_str(field, &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.key(field.name());
        if self.trusted {
            json_string(self.out, value);
        } else if redact::is_secret(field.name()) {
            json_string(self.out, redact::REDACTED);
        } else {
            json_string(self.out, &redact::scrub(value.to_owned()));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.number(field, value);
        } else {
            self.number(field, "null");
        }
    }
}

struct Pretty<'a> {
    out: &'a mut String,
}

impl Visit for Pretty<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.out.push(' ');
        let is_message = field.name() == "message";
        if !is_message {
            self.out.push_str(field.name());
            self.out.push('=');
        }
        if redact::is_secret(field.name()) {
            self.out.push_str(redact::REDACTED);
        } else {
            let value = redact::scrub(value.to_owned());
            value_of_pair(self.out, &value, is_message);
        }
    }
}

/// A value does not get to fake a field or a line, or to steer the terminal: it
/// is quoted wherever it could be taken for more than one word. A message is
/// words, and is quoted where it could be taken for a field.
fn value_of_pair(out: &mut String, value: &str, is_message: bool) {
    let quotes =
        |c: char| matches!(c, '"' | '=') || (c.is_whitespace() && !(is_message && c == ' '));
    let is_quoted = value.is_empty() || value.contains(|c| quotes(c) || is_hidden(c));
    if !is_quoted {
        out.push_str(value);
        return;
    }
    out.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if is_hidden(character) => out.extend(character.escape_default()),
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line says of `cause`, by whoever calls, and of a message.
    fn lines(style: Style, hostile: &str) -> String {
        use std::io::Write;
        use std::sync::{Arc, Mutex};

        use tracing_subscriber::layer::SubscriberExt as _;

        #[derive(Clone, Default)]
        struct Sink(Arc<Mutex<Vec<u8>>>);
        impl Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let sink = Sink::default();
        let writer = super::super::Writer::start(sink.clone()).unwrap();
        let layer = super::super::LogLayer::new(style, writer.clone(), None);
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: crate::names::TARGET, caller = hostile, "served");
            tracing::info!(shown = %hostile, debugged = ?hostile, "{hostile}");
        });
        writer.flush(std::time::Duration::from_secs(20));
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    const HOSTILE: [&str; 7] = [
        "evil\" level=ERROR",
        "evil level=ERROR target=rpc",
        "a\nb",
        "a\u{9b}2Jb\u{7f}",
        "a\u{202e}b\u{2066}",
        "a\u{2028}b\u{200b}\u{feff}",
        "a\u{e0041}\\\"",
    ];

    #[test]
    fn what_is_hidden_is_escaped_in_both_forms() {
        for style in [Style::Json, Style::Pretty { colour: false }] {
            for hostile in HOSTILE {
                let text = lines(style, hostile);
                assert_eq!(text.lines().count(), 2, "{text}");
                assert!(
                    text.lines().all(|line| !line.contains(is_hidden)),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn json_reads_back_what_it_escaped() {
        for hostile in HOSTILE {
            let text = lines(Style::Json, hostile);
            let both: Vec<serde_json::Value> = (text.lines())
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(both[0]["caller"], hostile);
            assert_eq!(both[1]["shown"], hostile);
            assert_eq!(both[1]["message"], hostile);
        }
    }

    #[test]
    fn a_value_in_text_cannot_look_like_another_field() {
        let text = lines(Style::Pretty { colour: false }, "evil\" level=ERROR");
        let quoted = r#""evil\" level=ERROR""#;
        let (first, second) = text.trim_end().split_once('\n').unwrap();
        assert!(
            first.ends_with(&format!("rpc: served caller={quoted}")),
            "{first}"
        );
        assert!(
            second.contains(&format!(": {quoted} shown={quoted} debugged=")),
            "{second}"
        );
        let plain = lines(Style::Pretty { colour: false }, "things-1/2.3:4");
        assert!(plain.contains(" caller=things-1/2.3:4\n"), "{plain}");
        let words = lines(Style::Pretty { colour: false }, "two words");
        assert!(words.contains(": two words shown=\"two words\""), "{words}");
    }

    #[test]
    fn escapes() {
        let mut out = String::new();
        json_string(&mut out, "a\"b\\c\nd\u{1}\u{e9}\u{7f}");
        assert_eq!(out, "\"a\\\"b\\\\c\\nd\\u0001\u{e9}\\u007f\"");
        let back: String = serde_json::from_str(&out).unwrap();
        assert_eq!(back, "a\"b\\c\nd\u{1}\u{e9}\u{7f}");
    }
}

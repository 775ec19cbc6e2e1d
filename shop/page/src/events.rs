//! Server-Sent Events, as far as the gateway sends them. The browser's own
//! `EventSource` cannot show a token.

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Empty, unless it has a name of its own, such as `error`.
    pub name: String,
    /// To go on after, when one connects again.
    pub id: Option<String>,
    /// What happened, in JSON.
    pub data: String,
}

/// Makes events of bytes, however these are cut.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
}

impl Parser {
    /// The events that end in `bytes`.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            events.extend(self.end_line(line.trim_end_matches('\r')));
        }
        events
    }

    fn end_line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (!event.data.is_empty()).then_some(event);
        }
        // A line that begins with a colon is a sign of life.
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Parser};

    #[test]
    fn events_are_whole_however_the_bytes_are_cut() {
        let text =
            ": alive\n\nid: v1\r\ndata: {\"a\":\ndata: \"é\"}\n\nevent: error\ndata: x\n\nid: lost";
        let expected = [
            Event {
                name: String::new(),
                id: Some("v1".to_owned()),
                data: "{\"a\":\n\"é\"}".to_owned(),
            },
            Event {
                name: "error".to_owned(),
                id: None,
                data: "x".to_owned(),
            },
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let chunks = text.as_bytes().chunks(size);
            let events: Vec<_> = chunks.flat_map(|bytes| parser.push(bytes)).collect();
            assert_eq!(events, expected, "{size} bytes at a time");
        }
    }
}
